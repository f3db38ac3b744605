"""The validation benchmark walks through the nights of a log."""

import itertools
from datetime import timedelta
from pathlib import Path

from benchmarks.validation import BREAKS, nights
from recsys.dataset.reading import read_dataset
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company


def test_every_night_from_the_fifth_week_on_is_checked(tmp_path: Path) -> None:
    simulate_company(Scenario(employees=40, days=31), tmp_path / "data", tmp_path / "truth")
    dataset = read_dataset(tmp_path / "data").dataset
    found = list(nights(dataset))
    ends = [until for until, _ in found]
    assert len(ends) >= 2
    assert all(late - early < timedelta(days=2) for early, late in itertools.pairwise(ends))
    assert not [f for _, findings in found for f in findings if f.effect == "stop"]


def test_every_break_changes_the_log(tmp_path: Path) -> None:
    simulate_company(Scenario(employees=40, days=10), tmp_path / "data", tmp_path / "truth")
    events = read_dataset(tmp_path / "data").dataset["events"]
    until = events["occurred_at"].max().to_pydatetime()
    for name, (_, break_it) in BREAKS.items():
        assert not break_it(events, until).equals(events), name
