"""The fitted format model inside a small simulated company."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import EventColumns
from recsys.fitting import learnable
from recsys.formats.beliefs import preference_of
from recsys.formats.taste_fitting import fit_tastes
from recsys.formats.taste_model import TasteModel, guessed_tastes
from recsys.formats.tastes import FormatTastes
from recsys.simulator.config import DEFAULT_START, WORLDS, Scenario
from recsys.simulator.simulated import open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.state.live import LiveState
from recsys.times import HOUR_US, to_micros

_DAYS = 21
_AT = to_micros(DEFAULT_START + timedelta(days=_DAYS))


@dataclass(frozen=True)
class World:
    catalogue: Catalogue
    events: EventColumns
    model: TasteModel

    def state(self, order: np.random.Generator | None = None) -> LiveState:
        state = LiveState(self.catalogue, lateness_us=48 * HOUR_US)
        n = len(self.events)
        for part in np.array_split(order.permutation(n) if order else np.arange(n), 3):
            state.observe(self.events.take(part))
        state.advance(_AT)
        return state


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder: Path = tmp_path_factory.mktemp("company")
    scenario = Scenario(employees=150, days=_DAYS, seed=5, world=WORLDS["strong"])
    simulate_company(scenario, folder / "data", folder / "truth")
    dataset = open_simulated(folder / "data", folder / "truth").dataset
    catalogue = Catalogue.of(dataset)
    events = catalogue.encode(dataset["events"])
    return World(catalogue, events, fit_tastes(learnable(events, catalogue), catalogue))


def test_strangers_get_the_prior(world: World) -> None:
    tastes = FormatTastes(world.model, world.state())
    preference = tastes.preference(-1, _AT, None)
    assert preference.best is None
    assert {b.source for b in preference.formats.values()} == {"prior"}
    declared = tastes.preference(-1, _AT, "video")
    assert declared.best == "video"
    assert {b.source for b in declared.formats.values()} == {"declared"}


def test_a_colleague_without_showings_gets_what_the_groups_share(world: World) -> None:
    empty = LiveState(world.catalogue, lateness_us=48 * HOUR_US)
    empty.advance(_AT)
    preference = FormatTastes(world.model, empty).preference(3, _AT, None)
    assert {b.source for b in preference.formats.values()} == {"segment"}
    assert preference.best is None


def test_beliefs_are_probabilities_and_somebody_is_known(world: World) -> None:
    tastes = FormatTastes(world.model, world.state())
    found = [tastes.preference(employee, _AT, None) for employee in range(150)]
    assert any(p.formats["video"].source == "learned" for p in found)
    for preference in found:
        beliefs = preference.formats.values()
        assert sum(b.share for b in beliefs) == pytest.approx(1)
        assert sum(b.probability_best for b in beliefs) == pytest.approx(1)
        assert all(0 < b.interval[0] < b.p_complete < b.interval[1] < 1 for b in beliefs)


def test_order_and_a_snapshot_change_nothing(world: World) -> None:
    state = world.state()
    shuffled = world.state(np.random.default_rng(0))
    restored = LiveState(world.catalogue, lateness_us=48 * HOUR_US)
    restored.restore(state.arrays())
    for employee in range(0, 150, 10):
        first = FormatTastes(world.model, state).preference(employee, _AT, None)
        for other in (shuffled, restored):
            assert FormatTastes(world.model, other).preference(employee, _AT, None) == first


def test_predictions_are_calibrated_on_what_was_shown(world: World) -> None:
    """In sample: the mean of probabilities is the share of completions, in every third too."""
    state = world.state()
    tastes, shown = FormatTastes(world.model, state), state.showings.everybody()
    shown = shown.take(shown.is_impression)
    people = np.unique(shown.employee).tolist()
    p = np.concatenate(
        [tastes.p_completed(tastes.person(e, _AT), shown.take(shown.employee == e)) for e in people]
    )
    for part in np.array_split(np.argsort(p), 3):
        assert p[part].mean() == pytest.approx(shown.completed[part].mean(), abs=0.03)


def test_one_content_is_judged_at_its_own_length_and_on_the_device(world: World) -> None:
    tastes = FormatTastes(world.model, world.state())
    person = tastes.person(7, _AT)
    own = [tastes.p_on_content(person, 20, device) for device in (-1, 0, 1)]
    np.testing.assert_array_equal(tastes.on_content(person, 20).p_complete, own[0])
    assert np.ptp(own, axis=0).max() > 1e-4
    low, high = np.minimum(own[1], own[2]), np.maximum(own[1], own[2])
    assert ((low - 1e-12 <= own[0]) & (own[0] <= high + 1e-12)).all()


def test_after_a_change_of_the_catalogue_the_next_answer_looks_again(world: World) -> None:
    tastes = FormatTastes(world.model, world.state())
    before, point = tastes.people, tastes.on_content(tastes.person(7, _AT), 20)
    tastes.refresh()
    tastes.refresh()
    after = tastes.people
    assert after is not before
    assert tastes.people is after
    np.testing.assert_array_equal(
        tastes.on_content(tastes.person(7, _AT), 20).p_complete, point.p_complete
    )


def test_a_model_comes_back_from_its_file(world: World, tmp_path: Path) -> None:
    world.model.write(tmp_path)
    back = TasteModel.read(tmp_path)
    for name, array in world.model.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], array, err_msg=name)


def test_too_little_gives_a_guess_that_answers(world: World) -> None:
    few = learnable(world.events, world.catalogue).take(slice(0, 500))
    guess = fit_tastes(few, world.catalogue)
    assert len(guess.topic_keys) == 0
    for model in (guess, guessed_tastes()):
        preference = FormatTastes(model, world.state()).preference(7, _AT, None)
        assert sum(b.share for b in preference.formats.values()) == pytest.approx(1)


def test_the_probability_to_be_best_agrees_with_many_draws() -> None:
    p, covariance = np.array([0.2, 0.25, 0.1]), np.diag([0.1, 0.05, 0.2])
    live = ["video", "illustration", "article"]
    preference = preference_of(p, covariance, np.array([3.0, 4, 5]), live, None, "learned")
    rng = np.random.default_rng(1)
    draws = special.logit(p) + rng.standard_normal((200_000, 3)) @ np.sqrt(covariance)
    best = np.bincount(draws.argmax(axis=1), minlength=3) / 200_000
    found = [belief.probability_best for belief in preference.formats.values()]
    np.testing.assert_allclose(found, best, atol=0.06)
    low, high = preference.formats["video"].interval
    reach = 1.6449 * np.sqrt(0.1)
    middle = special.logit(0.2)
    assert special.logit([low, high]) == pytest.approx([middle - reach, middle + reach], abs=1e-3)
