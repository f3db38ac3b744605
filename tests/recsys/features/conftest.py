"""A company of a few people, written down event by event, to work features out by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from recsys.affinity.factors import FactorProvider
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.features.content_vectors import ContentVectors
from recsys.features.moment import Moment, Sources
from recsys.state.live import LiveState
from recsys.text.vectors import TextModel
from recsys.times import DAY_US, NO_TIME, to_micros

Out = npt.NDArray[np.float32]

_START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class World:
    """Rows of the canonical tables; all times are hours after one and the same midnight."""

    employees: list[dict[str, Any]] = field(default_factory=list)
    contents: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def employee(self, employee_id: str, **attributes: Any) -> None:
        self.employees.append({"employee_id": employee_id, "valid_from": "2026-01-01"} | attributes)

    def content(self, content_id: str, hours: float, **more: Any) -> None:
        known = {"content_id": content_id, "title": content_id, "published_at": _time(hours)}
        self.contents.append(known | more)

    def event(
        self, employee_id: str, content_id: str, hours: float, event_type: str = "read", **more: Any
    ) -> None:
        self.events.append(
            {
                "event_id": f"v{len(self.events)}", "event_type": event_type,
                "employee_id": employee_id, "content_id": content_id, "occurred_at": _time(hours),
            } | more
        )  # fmt: skip

    def ask(self, employee_id: str, hours: float, content_ids: list[str]) -> Moment:
        """Return the question about ``content_ids``, newest first, at a moment."""
        catalogue = Catalogue()
        for table, rows in (("employees", self.employees), ("contents", self.contents)):
            if rows:
                accepted, rejects = checked_rows(table, rows)
                assert not rejects
                catalogue.upsert(table, accepted, valid_from=NO_TIME)
        state = LiveState(catalogue, lateness_us=30 * DAY_US)
        for row in self.events:  # one at a time: they arrive in the order they were written down
            accepted, rejects = checked_rows("events", [row])
            assert not rejects
            state.observe(catalogue.encode(accepted))
        at = to_micros(_time(hours))
        state.advance(at)
        text = TextModel.fit([], size=1, seed=0)
        vectors = ContentVectors(text, catalogue.contents)
        sources = Sources(state, vectors, FactorProvider(catalogue, []))
        ids = catalogue.contents.ids
        contents = np.array([ids.index(c) for c in content_ids], np.int32)
        return Moment.of(sources, catalogue.employees.ids.index(employee_id), contents, at)

    @staticmethod
    def fill(
        moment: Moment, columns: tuple[str, ...], fill: Callable[[Moment, Out], None]
    ) -> dict[str, Out]:
        """Return what a feature group writes, by column name."""
        out = np.full((len(moment.contents), len(columns)), -np.inf, np.float32)
        fill(moment, out)
        assert not np.isneginf(out).any()
        return dict(zip(columns, out.T, strict=True))


def _time(hours: float) -> datetime:
    return _START + timedelta(hours=hours)


@pytest.fixture
def world() -> World:
    """Return a company without people, contents and events."""
    return World()
