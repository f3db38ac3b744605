"""The company's data as it grows from day to day: what every night learns from."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from recsys.borders import checked_rows
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.schema import TABLES
from recsys.simulator.company import Company
from recsys.simulator.traits import Records
from recsys.simulator.writing import EventNames, event_table
from recsys.times import to_micros
from training.material import Material

__all__ = ["Chronicle"]


class Chronicle:
    """The tables of a company and all that has happened in it until now."""

    def __init__(self, company: Company, history: Records, until: datetime) -> None:
        """Begin with the part of ``history`` (the old portal's log) before ``until``."""
        names = EventNames(
            company.frames["employees"]["employee_id"],
            company.frames["contents"]["content_id"],
            company.frames["renditions"]["rendition_id"],
            company.town.visits["mobile"],
        )
        past = history[history["time"] < to_micros(until)]
        self._frames = {n: validate(TABLES[n], f).frame for n, f in company.frames.items()}
        self._events = _checked(event_table(past, 0, names).to_pylist())
        self._new: list[dict[str, Any]] = []

    def add(self, events: Sequence[dict[str, Any]]) -> None:
        """Write down what happened."""
        self._new += events

    @property
    def dataset(self) -> Dataset:
        """Return everything so far; events in order of time."""
        if self._new:
            events = pd.concat([self._events, _checked(self._new)], ignore_index=True)
            self._events = events.sort_values("occurred_at", kind="stable", ignore_index=True)
            self._new = []
        return Dataset(self._frames | {"events": self._events})

    def material(self, until: datetime, test_days: int) -> Material:
        """Return what a training at ``until`` works on."""
        dataset = self.dataset
        since = dataset["events"]["occurred_at"].min().to_pydatetime()
        return Material(dataset, since, until - timedelta(days=test_days), until)


def _checked(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame, rejects = checked_rows("events", rows)
    assert not rejects, rejects
    # As the store does with what is imported: it came in when it happened.
    frame["received_at"] = frame["received_at"].fillna(frame["occurred_at"])
    return frame
