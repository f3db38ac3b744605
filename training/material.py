"""What a training run works on: the data set, its window, and a digest without persons."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.errors import ConfigurationError, DatasetError
from recsys.schema import TABLES
from recsys.store.sql_store import open_store

__all__ = ["Material", "from_directory", "from_store"]

_JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Material:
    """A data set and the times that divide it: learn, test from ``split`` on, end at ``until``."""

    dataset: Dataset
    since: datetime
    """The first event."""
    split: datetime
    until: datetime
    n_rejected: int = 0

    def digest(self) -> dict[str, Any]:
        """Return the window and the number of rows by table; no ids."""
        events = self.dataset["events"]
        rows = {name: len(self.dataset[name]) for name in TABLES if name != "events"}
        used = int((events["occurred_at"] < self.until).sum())
        return {
            "since": self.since.isoformat(),
            "split": self.split.isoformat(),
            "until": self.until.isoformat(),
            "rows": {name: n for name, n in rows.items() if n} | {"events": used},
            "rejected_rows": self.n_rejected,
        }


def from_directory(directory: Path, *, until: datetime | None, test_days: int) -> Material:
    """Read a canonical data set; bad rows are left out and counted."""
    read = read_dataset(directory)
    return _divided(read.dataset, until, test_days, len(read.rejects))


def from_store(url: str, *, until: datetime | None, test_days: int) -> Material:
    """Read everything from the store."""
    store = open_store(url)
    try:
        dataset = store.load(until=until)
    finally:
        store.close()
    return _divided(dataset, until, test_days, 0)


def _divided(dataset: Dataset, until: datetime | None, test_days: int, n_rejected: int) -> Material:
    times = dataset["events"]["occurred_at"]
    if times.empty:
        raise DatasetError(
            "there are no events to learn from; import some with `recsys import`, or pass --data"
        )
    since, last = times.min().to_pydatetime(), times.max().to_pydatetime()
    until = until or last + _JUST_AFTER
    split = until - timedelta(days=test_days)
    if not since < split:
        raise ConfigurationError(
            f"the log from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} leaves nothing to "
            f"learn from before a test of {test_days} days; pass fewer --test-days or a later "
            "--until"
        )
    return Material(dataset, since, split, until, n_rejected)
