"""The planner's promise, in short; the benchmark looks at many more designs."""

import pytest

from benchmarks.experiment_power import PROMISE, kept, planned_worlds, promised
from benchmarks.experiment_worlds import World

# 400 experiments of a design tell its power to 4 points (two standard errors).
WORLDS = [
    pytest.param(World("people", n_people=200), id="people"),
    pytest.param(World("ten uneven teams", n_teams=10, size_cv=0.8), id="ten uneven teams"),
    pytest.param(
        World("a hundred alike teams", n_teams=100, size_cv=0.8, icc=0.1, kind="proportion"),
        id="a hundred alike teams",
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize("world", WORLDS)
def test_a_promised_effect_is_found_as_often_as_promised(world: World) -> None:
    line = kept(promised(world), 400, per_roster=20)
    assert line.found_share == pytest.approx(PROMISE.power, abs=0.03 + line.error)


def test_every_design_of_the_benchmark_can_be_planned() -> None:
    worlds = list(planned_worlds())
    assert len({world.name for world in worlds}) == len(worlds) > 60
    assert all(world.effect > 0 for world in worlds)
