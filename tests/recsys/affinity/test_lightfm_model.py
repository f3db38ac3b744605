"""Recovery in a small world: readers care for topics, half of the contents come after the fit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp

from recsys.affinity import lightfm_model
from recsys.affinity.batch import NotFitted, interaction_matrix
from recsys.affinity.factor_model import FactorModel
from recsys.affinity.lightfm_baseline import fit_lightfm_baseline
from recsys.affinity.lightfm_model import Interactions, LightFMConfig, fit_lightfm
from recsys.affinity.lightfm_probe import LightFMStatus
from recsys.errors import ConfigurationError

_TOPICS, _USERS, _ITEMS = 6, 120, 160


@dataclass(frozen=True)
class World:
    topic_of_user: npt.NDArray[np.int64]
    topic_of_item: npt.NDArray[np.int64]
    interactions: Interactions
    user_features: sp.csr_array
    item_features: sp.csr_array
    old_items: npt.NDArray[np.int32]


@pytest.fixture
def world() -> World:
    rng = np.random.default_rng(11)
    topic_of_user, topic_of_item = np.arange(_USERS) % _TOPICS, np.arange(_ITEMS) % _TOPICS
    likely = np.where(topic_of_user[:, None] == topic_of_item[None, :], 0.5, 0.03)
    likely[:, _ITEMS // 2 :] = 0.0  # not published yet
    user, item = np.nonzero(rng.random(likely.shape) < likely)
    return World(
        topic_of_user,
        topic_of_item,
        Interactions(user.astype(np.int32), item.astype(np.int32), np.ones(len(user), np.float32)),
        sp.csr_array(np.eye(_USERS, dtype=np.float32)),
        sp.csr_array(np.eye(_TOPICS, dtype=np.float32)[topic_of_item]),
        np.arange(_ITEMS // 2, dtype=np.int32),
    )


def _fit(world: World, seed: int = 1, **changes: object) -> FactorModel:
    arguments: dict[str, object] = {
        "live_items": world.old_items,
        "config": LightFMConfig(n_factors=8, n_epochs=20),
        "seed": seed,
    }
    model = fit_lightfm(
        world.interactions,
        world.user_features,
        world.item_features,
        **(arguments | changes),  # type: ignore[arg-type]
    )
    assert isinstance(model, FactorModel), model
    return model


@pytest.mark.usefixtures("lightfm")
def test_planted_taste_is_found_and_reaches_new_items(world: World) -> None:
    model = _fit(world)
    scores = model.user_vectors(world.user_features) @ model.item_vectors(
        world.item_features
    ).T + model.item_biases(world.item_features)
    best = world.topic_of_item[scores.argmax(axis=1)]
    assert np.mean(best == world.topic_of_user) > 0.95
    # Features only: an item of the same topic has the same score, whether it is old or new.
    np.testing.assert_allclose(scores[:, _TOPICS * 5], scores[:, _TOPICS * 25], rtol=1e-5)


@pytest.mark.usefixtures("lightfm")
def test_same_seed_same_model_and_other_seed_another(world: World) -> None:
    a, b, c = _fit(world, 5), _fit(world, 5), _fit(world, 6)
    assert np.array_equal(a.item_feature_embeddings, b.item_feature_embeddings)
    assert not np.array_equal(a.item_feature_embeddings, c.item_feature_embeddings)


@pytest.mark.usefixtures("lightfm")
def test_features_without_a_training_row_contribute_nothing(world: World) -> None:
    live = world.old_items[world.topic_of_item[world.old_items] != 2]
    model = _fit(world, live_items=live)
    assert not model.item_feature_embeddings[2].any()
    assert model.item_feature_biases[2] == 0.0
    assert model.item_feature_embeddings[3].any()
    assert model.item_is_known(world.item_features).tolist() == (world.topic_of_item != 2).tolist()


@pytest.mark.usefixtures("lightfm")
def test_only_live_items_are_drawn_as_negatives(world: World) -> None:
    """A content that nobody could have read must not be pushed down: with it, biases differ."""
    everything = np.arange(_ITEMS, dtype=np.int32)
    features = sp.csr_array(
        np.hstack([world.item_features.toarray(), (np.arange(_ITEMS) >= _ITEMS // 2)[:, None]]),
        dtype=np.float32,
    )
    config = LightFMConfig(n_factors=8, n_epochs=20)
    users, interactions = world.user_features, world.interactions
    with_new = fit_lightfm(
        interactions, users, features, live_items=everything, config=config, seed=1
    )
    without = fit_lightfm(
        interactions, users, features, live_items=world.old_items, config=config, seed=1
    )
    assert isinstance(with_new, FactorModel)
    assert isinstance(without, FactorModel)
    assert with_new.item_feature_biases[-1] < -0.5
    assert without.item_feature_biases[-1] == 0.0


@pytest.mark.usefixtures("lightfm")
def test_weights_count(world: World) -> None:
    interactions = world.interactions
    off_topic = (
        world.topic_of_user[interactions.user_index] != world.topic_of_item[interactions.item_index]
    )
    weight = np.where(off_topic, 1.0, 1e-6).astype(np.float32)
    weighted = Interactions(interactions.user_index, interactions.item_index, weight)
    model = _fit(
        World(
            world.topic_of_user,
            world.topic_of_item,
            weighted,
            world.user_features,
            world.item_features,
            world.old_items,
        )
    )
    scores = model.user_vectors(world.user_features) @ model.item_vectors(world.item_features).T
    best = world.topic_of_item[scores.argmax(axis=1)]
    assert np.mean(best == world.topic_of_user) < 0.5


@pytest.mark.usefixtures("lightfm")
def test_divergence_is_retried_slower_then_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lightfm_model, "_LARGEST_EMBEDDING", 0.0)
    result = fit_lightfm(
        world.interactions,
        world.user_features,
        world.item_features,
        live_items=world.old_items,
        config=LightFMConfig(n_factors=2, n_epochs=1),
        seed=1,
    )
    assert isinstance(result, NotFitted)
    assert "0.003125" in result.reason


@pytest.mark.usefixtures("lightfm")
def test_a_slower_rate_that_converges_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = LightFMConfig(n_factors=8, n_epochs=5)
    sizes = [
        np.abs(_fit(world, config=LightFMConfig(8, 5, rate)).item_feature_embeddings).max()
        for rate in (0.05, 0.0125)
    ]
    monkeypatch.setattr(lightfm_model, "_LARGEST_EMBEDDING", float(np.mean(sizes)))
    assert _fit(world, config=config).learning_rate == pytest.approx(0.0125)


@pytest.mark.usefixtures("lightfm")
def test_no_live_example_is_a_reason(world: World) -> None:
    result = fit_lightfm(
        world.interactions,
        world.user_features,
        world.item_features,
        live_items=np.arange(_ITEMS // 2, _ITEMS, dtype=np.int32),
        config=LightFMConfig(),
        seed=1,
    )
    assert isinstance(result, NotFitted)


@pytest.mark.usefixtures("lightfm")
def test_the_baseline_finds_taste_and_says_what_it_cannot_score(world: World) -> None:
    matrix = interaction_matrix(
        world.interactions.user_index, world.interactions.item_index, (_USERS, _ITEMS)
    )
    attributes = world.item_features.tolil()
    attributes[-1] = 0  # new and without any attribute
    no_attributes = sp.csr_array((_USERS, 0), dtype=np.float32)
    model = fit_lightfm_baseline(matrix, no_attributes, sp.csr_array(attributes), seed=1)
    assert not isinstance(model, NotFitted)
    new = np.arange(_ITEMS // 2, _ITEMS - 1)
    best = np.array([new[model.scores(u)[new].argmax()] for u in range(_USERS)])
    assert np.mean(world.topic_of_item[best] == world.topic_of_user) > 0.9
    assert model.scores(0)[-1] == -np.inf
    assert np.isfinite(model.scores(0)[:-1]).all()


def test_without_the_package_the_reason_is_passed_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = LightFMStatus(usable=False, version=None, reason="not here")
    monkeypatch.setattr(lightfm_model, "lightfm_status", lambda: absent)
    result = fit_lightfm(
        world.interactions,
        world.user_features,
        world.item_features,
        live_items=world.old_items,
        config=LightFMConfig(),
        seed=1,
    )
    assert result == NotFitted("not here")


@pytest.mark.parametrize("rate", [0.0, 0.06, 1.0])
def test_learning_rates_that_diverge_silently_are_refused(rate: float) -> None:
    with pytest.raises(ConfigurationError, match="learning_rate"):
        LightFMConfig(learning_rate=rate)
