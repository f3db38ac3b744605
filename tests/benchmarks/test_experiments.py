"""The simulation suite in short: promises kept, within what few runs can tell."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.experiment_worlds import DailyWorld, Kind, World, alarms, errors
from benchmarks.experiments import PEOPLE, TEAMS


@pytest.mark.parametrize("kind", ["mean", "proportion", "ratio", "covariate"])
def test_people(kind: Kind) -> None:
    world = World("", n_people=200, kind=kind, effect=0.1)
    found = errors(world, 400, per_roster=200)
    assert 0.915 < found.covered_share < 0.98
    assert found.rejected_share > 0.08
    assert errors(replace(world, effect=0.0), 400, per_roster=200).rejected_share < 0.085


@pytest.mark.slow
@pytest.mark.parametrize(("n_teams", "size_cv", "icc"), [(10, 0.8, 0.1), (100, 0.3, 0.05)])
def test_teams(n_teams: int, size_cv: float, icc: float) -> None:
    world = World("", n_teams=n_teams, size_cv=size_cv, icc=icc)
    assert 0.02 < errors(world, 300).rejected_share < 0.085
    assert 0.915 < errors(replace(world, effect=0.3), 300).covered_share < 0.98


def test_people_of_whole_teams_are_no_units() -> None:
    """What this is for: analysed by person, a third of the tests of teams claim an effect."""
    world = World("", n_teams=20, size_cv=0.8, icc=0.1)
    frame, n = next(world.frames(200, 200, 1))
    people = replace(world, n_teams=None).analyse(frame, n)
    assert np.mean([entry["p_value"] <= 0.05 for entry in people]) > 0.15


def test_daily_looks() -> None:
    world = DailyWorld("", World("", n_people=200), n_days=5)
    assert alarms(world, 150, "once") > 0.09
    assert alarms(world, 150, "always_valid", tuned_to=200) < 0.05
    assert alarms(world, 150, "planned") < 0.1


@pytest.mark.slow
def test_daily_looks_at_few_teams() -> None:
    world = DailyWorld("", World("", n_teams=8, size_cv=0.8), n_days=5)
    assert alarms(world, 150, "always_valid", tuned_to=8) < 0.06
    assert alarms(world, 150, "always_valid", tuned_to=8, figure="p_value") > 0.06
    assert alarms(world, 150, "planned") < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    "world", [w for w in (*PEOPLE, *TEAMS) if w.n_teams != 20], ids=lambda w: w.name
)
def test_promises_to_a_per_cent(world: World) -> None:
    found = errors(replace(world, effect=0.0, effect_spread=0.0), 10_000)
    assert 0.04 < found.rejected_share < 0.06
    assert 0.94 < found.covered_share < 0.96
