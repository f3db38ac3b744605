"""The fitted format model inside a small simulated company."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.fitting import learnable
from recsys.formats.beliefs import preference_of
from recsys.formats.taste_fitting import fit_tastes
from recsys.formats.taste_model import TasteModel
from recsys.formats.tastes import FormatTastes
from recsys.formats.training_showings import training_showings
from recsys.simulator.config import DEFAULT_START, FORMATS_IN_USE, WORLDS, Scenario
from recsys.simulator.simulated import open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.state.live import LiveState
from recsys.times import HOUR_US, to_micros

_DAYS = 21
_AT = to_micros(DEFAULT_START + timedelta(days=_DAYS))
_LIVE = list(FORMATS_IN_USE)


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
    model = fit_tastes(learnable(events, catalogue), catalogue)
    assert model is not None
    return World(catalogue, events, model)


def test_strangers_get_the_prior(world: World) -> None:
    preference = FormatTastes(world.model, world.state()).preference(-1, _AT, _LIVE, None)
    assert preference.best is None
    assert {b.source for b in preference.formats.values()} == {"prior"}
    declared = FormatTastes(world.model, world.state()).preference(-1, _AT, _LIVE, "video")
    assert declared.best == "video"


def test_beliefs_are_probabilities_and_somebody_is_known(world: World) -> None:
    tastes = FormatTastes(world.model, world.state())
    found = [tastes.preference(employee, _AT, _LIVE, None) for employee in range(150)]
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
        first = FormatTastes(world.model, state).preference(employee, _AT, _LIVE, None)
        for other in (shuffled, restored):
            assert FormatTastes(world.model, other).preference(employee, _AT, _LIVE, None) == first


def test_completions_in_a_format_raise_it(world: World) -> None:
    state = world.state()
    tastes = FormatTastes(world.model, state)
    before = tastes.preference(7, _AT, _LIVE, None).formats["video"].p_complete
    renditions = world.catalogue.renditions
    everything = np.arange(len(renditions), dtype=np.int32)
    owner = {r: c for c in range(len(world.catalogue.contents)) for r in _films(world, c)}
    rows = [r for r in everything.tolist() if r in owner][-25:]
    fresh = world.events.take(np.zeros(len(rows), np.int64))
    fresh = replace(
        fresh,
        key=np.arange(1, len(rows) + 1, dtype=np.uint64),
        event_type=np.full(len(rows), CODE_OF_TYPE["complete"], np.int8),
        employee=np.full(len(rows), 7, np.int32),
        content=np.array([owner[r] for r in rows], np.int32),
        rendition=np.array(rows, np.int32),
        occurred_at=np.full(len(rows), _AT),
        received_at=np.full(len(rows), _AT),
    )
    state.observe(fresh)
    state.advance(_AT + 1)
    after = tastes.preference(7, _AT + 1, _LIVE, None).formats["video"].p_complete
    assert after > before


def _films(world: World, content: int) -> list[int]:
    found = world.catalogue.renditions.of(content)
    ids = world.catalogue.renditions.ids
    return [ids.index(r.rendition_id) for r in found if r.format == "video"]


def test_a_model_comes_back_from_its_file(world: World, tmp_path: Path) -> None:
    assert TasteModel.read(tmp_path) is None
    world.model.write(tmp_path)
    back = TasteModel.read(tmp_path)
    assert back is not None
    for name, array in world.model.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], array, err_msg=name)


def test_too_little_gives_no_model(world: World) -> None:
    few = learnable(world.events, world.catalogue).take(slice(0, 500))
    assert fit_tastes(few, world.catalogue) is None


def test_every_impression_is_a_showing_until_the_first_completion(world: World) -> None:
    """Three impressions; completed between the second and the third: rows are no, yes."""
    shown = world.events.event_type == CODE_OF_TYPE["impression"]
    one = world.events.take(np.flatnonzero(shown)[:1])
    story = one.take(np.zeros(4, np.int64))
    kinds = [CODE_OF_TYPE[k] for k in ("impression", "impression", "complete", "impression")]
    story = replace(
        story,
        event_type=np.array(kinds, np.int8),
        occurred_at=one.occurred_at[0] + np.array([0, 10, 20, 30]),
        position=np.array([4, 2, 0, 1], np.int16),
    )
    found = training_showings(story, world.catalogue)
    assert found.completed.tolist() == [False, True]
    assert found.impressions.tolist() == [1, 1]
    assert found.circumstances[:, 0] == pytest.approx(np.log([4, 2]))


def test_the_probability_to_be_best_agrees_with_many_draws() -> None:
    p, covariance = np.array([0.2, 0.25, 0.1]), np.diag([0.1, 0.05, 0.2])
    preference = preference_of(p, covariance, np.array([3, 4, 5]), _LIVE[:3], None, is_learned=True)
    rng = np.random.default_rng(1)
    draws = special.logit(p) + rng.standard_normal((200_000, 3)) @ np.sqrt(covariance)
    best = np.bincount(draws.argmax(axis=1), minlength=3) / 200_000
    found = [belief.probability_best for belief in preference.formats.values()]
    np.testing.assert_allclose(found, best, atol=0.06)
    low, high = preference.formats[_LIVE[0]].interval
    reach = 1.6449 * np.sqrt(0.1)
    middle = special.logit(0.2)
    assert special.logit([low, high]) == pytest.approx([middle - reach, middle + reach], abs=1e-3)
