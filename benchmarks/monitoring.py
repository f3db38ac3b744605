"""False alarms of the model report on healthy companies, and how soon planted faults are seen.

Run ``python -m benchmarks.monitoring``. Simulates companies in which nothing breaks, looks at every
week that has four before it, and prints how many weeks alert, by measure and size; then the same
weeks with the mobile app silent from their third day on, with the openings of the portal lost, with
a clock turned by nine hours, and how many of these are found. Events only unless ``--model``, which
trains a model for each company (minutes each) and asks it, too. ``--seeds`` and ``--employees``
choose the companies; nothing was tuned on the default ones.
"""

import argparse
import os
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from recsys.affinity.snapshots import SnapshotRecipe
from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.fitting import Recipe
from recsys.model import Model
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import Sampling
from recsys.simulator.config import WORLDS, Scenario
from recsys.simulator.simulation import simulate_company
from training.monitoring.report import Report, Sources, monitor

__all__ = ["FAULTS", "healthy_weeks", "main"]

_DAYS = 77
_FIRST_WEEK = 5
_TRAINED_WEEKS = 7
_SMALL = Recipe(
    text_size=16, sampling=Sampling(max_targets=1_000), ranker=RankerRecipe(n_trees=30),
    snapshots=SnapshotRecipe(n_snapshots=1),
)  # fmt: skip

Fault = Callable[[pd.DataFrame, datetime], pd.DataFrame]


def _silent_app(events: pd.DataFrame, until: datetime) -> pd.DataFrame:
    late = events["occurred_at"] >= until - timedelta(days=5)
    return events[~(late & (events["surface"] == "mobile"))]


def _lost_openings(events: pd.DataFrame, until: datetime) -> pd.DataFrame:
    late = events["occurred_at"] >= until - timedelta(days=7)
    reads = events["event_type"].isin(["open", "read", "progress", "complete"])
    return events[~(late & reads & (events["surface"] == "portal"))]


def _turned_clock(events: pd.DataFrame, until: datetime) -> pd.DataFrame:
    late = events["occurred_at"] >= until - timedelta(days=7)
    moved = events["occurred_at"].where(~late, events["occurred_at"] + timedelta(hours=9))
    return events.assign(occurred_at=moved, received_at=moved).sort_values(
        "occurred_at", kind="stable", ignore_index=True
    )


FAULTS: dict[str, tuple[Fault, str]] = {
    "silent app": (_silent_app, "lost"),
    "lost openings": (_lost_openings, "lost"),
    "turned clock": (_turned_clock, "hours_shifted"),
}
"""Name → what breaks in the week before a moment, and the code that should tell it."""


def healthy_weeks(scenario: Scenario) -> Iterator[datetime]:
    """Yield the ends of the weeks to look at."""
    last = (scenario.days - 1) // 7
    yield from (scenario.start + timedelta(weeks=week) for week in range(_FIRST_WEEK, last + 1))


def _look(dataset: Dataset, until: datetime, model: Model | None, events: pd.DataFrame) -> Report:
    frames = {**dataset.frames, "events": events[events["occurred_at"] < until]}
    return monitor(Sources(Dataset(frames), until, model))


def _model(dataset: Dataset, scenario: Scenario) -> Model:
    until = scenario.start + timedelta(weeks=_TRAINED_WEEKS)
    return Engine.fit(dataset, until, recipe=_SMALL).model


def _company(scenario: Scenario, *, with_model: bool, seen: Counter[str]) -> None:
    """Count the looks, the alerts and what was found of faults in ``seen``."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        simulate_company(scenario, data, Path(folder, "truth"))
        dataset = read_dataset(data).dataset
    model = _model(dataset, scenario) if with_model else None
    events = dataset["events"]
    for until in healthy_weeks(scenario):
        if with_model and until < scenario.start + timedelta(weeks=_TRAINED_WEEKS):
            continue
        report = _look(dataset, until, model, events)
        # A model that nobody trains again grows old: that is no false alarm.
        codes = {alert.code for alert in report.alerts} - {"stale_model"}
        seen["weeks"] += 1
        seen["any"] += bool(codes)
        seen.update(codes)
        for name, (fault, code) in FAULTS.items():
            if with_model:
                break
            found = _look(dataset, until, None, fault(events, until))
            seen[f"found {name}"] += code in {alert.code for alert in found.alerts}


def main() -> None:
    """Print a line per size of company."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, nargs="+", default=[60, 150])
    parser.add_argument("--seeds", type=int, nargs="+", default=[6, 7])
    parser.add_argument("--worlds", nargs="+", default=["strong", "none"], choices=list(WORLDS))
    parser.add_argument("--model", action="store_true", help="train and ask a model, too")
    asked = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"seeds {asked.seeds}, worlds {asked.worlds}"
    )
    for employees in asked.employees:
        seen: Counter[str] = Counter()
        began = time.perf_counter()
        for seed in asked.seeds:
            for world in asked.worlds:
                scenario = Scenario(employees, _DAYS, seed, WORLDS[world])
                _company(scenario, with_model=asked.model, seen=seen)
        weeks = seen.pop("weeks")
        told = ", ".join(f"{name} {n}" for name, n in sorted(seen.items()) if name != "any")
        print(
            f"{employees:>6} people, {weeks} healthy weeks: {seen['any']} with an alert "
            f"({seen['any'] / weeks:.1%}); {told or 'none'}; {time.perf_counter() - began:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
