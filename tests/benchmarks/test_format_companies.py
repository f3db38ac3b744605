"""The simulator's truth of tastes against its own functions, one content and device at a time."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from benchmarks.format_companies import SimulatedTastes, simulated_world
from benchmarks.format_truth import Index, World
from recsys.simulator.config import FORMATS_IN_USE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world() -> World:
    return simulated_world("strong", 3, 60)


def _tastes(world: World) -> SimulatedTastes:
    assert isinstance(world.truth, SimulatedTastes)
    return world.truth


def test_truth_is_the_average_over_contents_and_devices(world: World) -> None:
    tastes = _tastes(world)
    person = int(abs(tastes.mobile_share - 0.5).argmin())  # somebody with both devices
    tastes.truth.facts["log_length"][:] = 0.0  # usual lengths
    just_published = replace(tastes, circumstances=np.zeros(1))
    found = just_published.completion(person, tastes.tastes[[person]])[0]
    past = np.flatnonzero(tastes.truth.facts["published"] < world.at).tolist()
    one_by_one = np.mean([tastes.completion_of(person, content) for content in past], axis=0)
    assert found == pytest.approx(one_by_one)


def test_circumstances_only_make_opening_rarer_than_at_publication(world: World) -> None:
    # Age costs more than colleagues add; of the freshest impressions hardly anything is lost.
    circumstances = _tastes(world).circumstances
    assert (np.diff(circumstances) >= 0).all()
    assert circumstances[0] < -1.0
    assert abs(circumstances[-1]) < 0.2


def test_the_hierarchy_that_is_drawn_from_is_the_one_planted(world: World) -> None:
    tastes = _tastes(world)
    drawn = tastes.draw_tastes(0, 20_000, np.random.default_rng(0))
    people: Index = np.arange(len(tastes.employee_ids))
    error = 4 * drawn.std(axis=0) / np.sqrt(len(people))
    assert (abs(tastes.tastes.mean(axis=0) - drawn.mean(axis=0)) < error).all()
    assert tastes.formats == FORMATS_IN_USE


def test_tastes_that_were_planted_explain_what_was_done_best(world: World) -> None:
    tastes = _tastes(world)
    likely = np.zeros(3)
    for person in np.flatnonzero(tastes.n_impressions >= 30).tolist():
        own = tastes.tastes[person]
        likely += tastes.log_likelihood(person, np.stack([own, np.zeros_like(own), -own]))
    assert likely[0] > likely[1] > likely[2]


def test_impressions_end_as_often_as_planted(world: World) -> None:
    tastes = _tastes(world)
    showings = tastes.showings
    person = np.repeat(np.arange(len(tastes.employee_ids)), tastes.n_impressions)
    liked = tastes.tastes[person, showings.form]
    attracted = tastes.truth.response.format_attraction * liked
    p_open = showings.looked * expit(showings.open_rest + attracted)
    p_complete = expit(showings.complete_rest + liked)[showings.opened]
    opened, completed = showings.opened, showings.completed[showings.opened]
    # Not only altogether, but also of what people like more or less than others do.
    for weight in (np.ones_like(liked), liked):
        for outcome, p, w in (
            (opened, p_open, weight),
            (completed, p_complete, weight[opened]),
        ):
            away = (w * (outcome - p)).sum()
            assert abs(away) < 4 * np.sqrt((w * w * p * (1 - p)).sum())
    assert not showings.completed[~showings.opened].any()
