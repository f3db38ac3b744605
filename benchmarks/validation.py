"""How often the data checks raise a false alarm, and whether they see what is broken.

Run ``python -m benchmarks.validation`` for simulated companies that are healthy, or add
``--data DIR`` for a data set of one's own. Every day from the fifth week on is checked as if the
training ran that night, at an hour that changes from day to day. Of every third day copies are
broken in ways a log breaks; the second table counts the days on which that was noticed.
"""

import argparse
import os
import platform
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.schema import TABLES
from recsys.simulator.config import WORLDS, Scenario, WorldName
from recsys.simulator.simulation import simulate_company
from training.data_checks.findings import Finding
from training.material import Material
from training.validation import check

__all__ = ["BREAKS", "nights"]

_COMPANIES: tuple[tuple[int, int, WorldName], ...] = (
    (120, 21, "strong"), (400, 22, "weak"), (400, 23, "none"), (1_500, 24, "strong"),
)  # fmt: skip
_DAYS = 84
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_EFFECTS = ("stop", "degrade", "inform")

Break = Callable[[pd.DataFrame, datetime], pd.DataFrame]


def _since(events: pd.DataFrame, until: datetime, span: timedelta) -> "pd.Series[bool]":
    return events["occurred_at"] >= until - span


def _lost(events: pd.DataFrame, until: datetime, kind: str, span: timedelta) -> pd.DataFrame:
    return events[~(_since(events, until, span) & (events["event_type"] == kind))]


def _emptied(events: pd.DataFrame, until: datetime, column: str) -> pd.DataFrame:
    return events.assign(**{column: events[column].mask(_since(events, until, _DAY))})


def _shifted(events: pd.DataFrame, until: datetime, span: timedelta) -> pd.DataFrame:
    moved = events["occurred_at"] - timedelta(hours=9)
    later = _since(events, until, span)
    changed = events.assign(occurred_at=events["occurred_at"].mask(later, moved))
    return changed.sort_values("occurred_at", kind="stable")


def _twice(events: pd.DataFrame, until: datetime) -> pd.DataFrame:
    new = events[_since(events, until, _DAY)]
    both = pd.concat([events, new.assign(event_id=new["event_id"] + "-again")])
    return both.sort_values("occurred_at", kind="stable")


def _renamed(events: pd.DataFrame, until: datetime) -> pd.DataFrame:
    new = _since(events, until, _WEEK)
    return events.assign(content_id=events["content_id"].mask(new, "x-" + events["content_id"]))


BREAKS: dict[str, tuple[str, Break]] = {
    "no impressions for a day": ("lost events", lambda e, u: _lost(e, u, "impression", _DAY)),
    "no opens for a day": ("lost events", lambda e, u: _lost(e, u, "open", _DAY)),
    "no opens for a week": ("lost events", lambda e, u: _lost(e, u, "open", _WEEK)),
    "no rendition_propensity for a day": (
        "schema", lambda e, u: _emptied(e, u, "rendition_propensity"),
    ),
    "nine hours off for a day": ("clock", lambda e, u: _shifted(e, u, _DAY)),
    "nine hours off for a week": ("clock", lambda e, u: _shifted(e, u, _WEEK)),
    "a day sent twice": ("duplicates", _twice),
    "a week of other content ids": ("unknown ids", _renamed),
}  # fmt: skip
"""What is done to a log → the check that should notice, and how it is done."""


def main() -> None:
    """Print false alarms by company, and what was noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with a canonical data set")
    options = parser.parse_args()
    alarms = ["| log | nights | nights with stop | degrade | inform |", "|---|---|---|---|---|"]
    noticed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    sentences: list[str] = []
    for label, dataset in _logs(options.data):
        n, nights_with = 0, Counter[str]()
        for night, (until, findings) in enumerate(nights(dataset)):
            n += 1
            nights_with.update({finding.effect for finding in findings})
            sentences += [
                f"- {label}, {until:%a %F}: {finding.effect}, {finding.cause}"
                for finding in findings
            ]
            if options.data is None and night % 3 == 0:
                _try_breaks(dataset, until, noticed, tried)
        alarms.append(f"| {label} | {n} | {' | '.join(str(nights_with[e]) for e in _EFFECTS)} |")
    print("\n".join(alarms))
    if tried:
        print("\n| broken | noticed | nights |\n|---|---|---|")
        for name, n_tried in tried.items():
            print(f"| {name} | {noticed[name] / n_tried:.0%} | {n_tried} |")
    print("\n" + "\n".join(sentences))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"\n{machine}.")


def nights(dataset: Dataset) -> Iterator[tuple[datetime, tuple[Finding, ...]]]:
    """Yield the end of the log of every night from the fifth week on, and its findings."""
    at = dataset["events"]["occurred_at"]
    night, last = at.min().ceil("D") + timedelta(days=28), at.max()
    while night <= last:
        until = (night + timedelta(hours=night.day % 24)).to_pydatetime()
        yield until, _checked(dataset, dataset["events"], until)
        night += _DAY


def _checked(dataset: Dataset, events: pd.DataFrame, until: datetime) -> tuple[Finding, ...]:
    known = events[events["occurred_at"] < until].reset_index(drop=True)
    cut = Dataset({name: dataset[name] for name in TABLES} | {"events": known})
    since = known["occurred_at"].iloc[0].to_pydatetime()
    return check(Material(cut, since, until - _WEEK, until), until)


def _try_breaks(
    dataset: Dataset, until: datetime, noticed: Counter[str], tried: Counter[str]
) -> None:
    events = dataset["events"]
    for name, (expected, break_it) in BREAKS.items():
        broken = break_it(events[events["occurred_at"] < until], until)
        found = {finding.check for finding in _checked(dataset, broken, until)}
        tried[name] += 1
        noticed[name] += expected in found


def _logs(data: Path | None) -> Iterator[tuple[str, Dataset]]:
    if data is not None:
        yield data.name, read_dataset(data).dataset
        return
    for people, seed, world in _COMPANIES:
        with tempfile.TemporaryDirectory() as folder:
            scenario = Scenario(employees=people, days=_DAYS, seed=seed, world=WORLDS[world])
            simulate_company(scenario, Path(folder) / "data", Path(folder) / "truth")
            yield (
                f"{people} people, {world}, seed {seed}",
                read_dataset(Path(folder) / "data").dataset,
            )


if __name__ == "__main__":
    main()
