"""Where a report's sources come from: a store or a folder, the champion, the tracking store."""

import os
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.errors import DatasetError
from recsys.model import Model
from recsys.registry import champion_bundle
from recsys.store.database import Database
from recsys.store.slate_log import SlateLog
from recsys.store.sql_store import SqlStore
from training.monitoring.report import Sources
from training.monitoring.served import served_of
from training.monitoring.staleness import Training
from training.tracking import Tracking

__all__ = ["from_folder", "from_store", "model_of", "trainings_of"]

_MOST_SLATES = 60_000
"""Of ten weeks; a sample of so many places every share to a third of a percent."""
_LOOK_BACK = timedelta(weeks=10)
_MOST_TRAININGS = 30
"""Four weeks of nights: older verdicts explain nothing about today."""


def from_folder(directory: Path, at: datetime | None) -> Sources:
    """Return the sources of a canonical data set; it has no slate log."""
    dataset = read_dataset(directory).dataset
    return Sources(dataset, at or just_after(dataset))


def from_store(url: str, at: datetime | None) -> Sources:
    """Return the sources of a store with its slate log; of very many slates a sample.

    ``at`` None is just after the last event.
    """
    database = Database(url)
    with closing(SqlStore(database)) as store:
        dataset, n_parked = store.load(), store.counts()["parked"]
        at = at or just_after(dataset)
        log, since = SlateLog(database), at - _LOOK_BACK
        n = log.count_between(since, at)
        share = min(1.0, _MOST_SLATES / max(n, 1))
        slates = log.between(since, at)
        served = served_of(slates, dataset["events"], share=share) if n else None
    return Sources(dataset, at, served=served, n_parked=n_parked)


def just_after(dataset: Dataset) -> datetime:
    """Return the moment at which the last event has just counted."""
    times = dataset["events"]["occurred_at"]
    if times.empty:
        raise DatasetError(
            "there are no events, so there is nothing to watch; import some with `recsys import`"
        )
    last: datetime = times.max().to_pydatetime()
    return last + timedelta(microseconds=1)


def model_of(models_dir: Path, bundle: Path | None) -> Model | None:
    """Return the model to watch: of a saved engine, or the champion; None without one."""
    if bundle is not None:
        from recsys.bundle import read_bundle

        return read_bundle(bundle)[0]
    directory = champion_bundle(models_dir)
    return None if directory is None else Model.read(directory)


def trainings_of(models_dir: Path) -> list[Training] | None:
    """Return the latest trainings, the latest first; None where nothing was ever recorded."""
    if "MLFLOW_TRACKING_URI" not in os.environ and not (models_dir / "mlflow.db").exists():
        return None
    return [_training(run) for run in Tracking(models_dir).latest_runs(_MOST_TRAININGS)]


def _training(run: dict[str, Any]) -> Training:
    verdict, until = run["verdict"], run["until"]
    return Training(
        None if until is None else datetime.fromisoformat(until),
        run["status"],
        None if verdict is None else verdict["decision"],
        () if verdict is None else tuple(verdict["reasons"]),
    )
