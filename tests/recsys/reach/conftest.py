"""Small companies as live states, without a model."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset, empty_frame
from recsys.dataset.validation import frame_of, validate
from recsys.reach.fates import FATES, fates, look_at
from recsys.schema import TABLES
from recsys.state.live import LiveState
from recsys.times import HOUR_US, to_micros

PUBLISHED = datetime(2026, 3, 20, 9, tzinfo=UTC)
NOW = PUBLISHED + timedelta(days=5)
AT = to_micros(NOW)

Row = dict[str, Any]


def state_of(
    employees: Sequence[Row], events: Sequence[Row], contents: Sequence[Row] = (),
    preferences: Sequence[Row] = (), renditions: Sequence[Row] = (),
) -> LiveState:  # fmt: skip
    """Return the state at ``NOW``; content ``c`` is there since ``PUBLISHED``, ``old`` before."""
    there = {row["content_id"] for row in contents}
    usual = {"c": PUBLISHED, "old": PUBLISHED - timedelta(days=19)}
    contents = [
        *({"content_id": k, "title": k, "published_at": v} for k, v in usual.items()
          if k not in there),
        *({"title": "t", "published_at": PUBLISHED} | row for row in contents),
    ]  # fmt: skip
    known = [{"valid_from": "2026-01-01"} | row for row in employees]
    log = [{"event_id": str(i), "content_id": "c", **row} for i, row in enumerate(events)]
    tables = {"employees": known, "contents": contents, "events": log,
              "preferences": list(preferences), "renditions": list(renditions)}  # fmt: skip
    dataset = Dataset(
        {
            name: validate(TABLES[name], frame_of(rows)).frame
            if rows
            else empty_frame(TABLES[name])
            for name, rows in tables.items()
        }
    )
    catalogue = Catalogue.of(dataset)
    state = LiveState(catalogue, lateness_us=48 * HOUR_US)
    state.observe(catalogue.encode(dataset["events"]))
    state.advance(AT)
    return state


def happened(employee: str, kind: str, *, days: float = 1, **more: Any) -> Row:
    """Return an event ``days`` after the publication."""
    at = PUBLISHED + timedelta(days=days)
    return {"employee_id": employee, "event_type": kind, "occurred_at": at, **more}


def fates_of(state: LiveState, content: str = "c") -> dict[str, str]:
    """Return everybody's fate by id."""
    ids = state.catalogue.employees.ids
    who = np.arange(len(ids), dtype=np.int32)
    codes = fates(look_at(state, who, state.catalogue.contents.ids.index(content), AT))
    return {ids.id(i): FATES[code] for i, code in enumerate(codes.tolist())}
