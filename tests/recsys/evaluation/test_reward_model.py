import numpy as np
import pytest

from recsys.evaluation.reward_model import cross_fitted


def test_nobody_is_predicted_from_their_own_rewards() -> None:
    """One feature marks one employee, who alone is rewarded: no other tells so."""
    employee = np.repeat(np.arange(10, dtype=np.int32), 20)
    rewards = (employee == 3) | (np.arange(200) % 20 == 0)
    features = (employee == 3).astype(np.float64)[:, None]
    found = cross_fitted(features, rewards, employee, features, np.arange(200))
    assert found[employee == 3] == pytest.approx(1 / 20, abs=0.01)
    others = found[(employee != 3) & (employee % 5 == 3)]
    assert others == pytest.approx(1 / 20, abs=0.01)


def test_what_tells_of_rewards_is_learned_and_asked_for_other_actions() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4_000, 1))
    rewards = rng.random(4_000) < 1 / (1 + np.exp(1 - 2 * x[:, 0]))
    employee = rng.integers(0, 50, 4_000).astype(np.int32)
    asked = np.array([[-1.0], [0.0], [1.0]])
    found = cross_fitted(x, rewards, employee, asked, np.array([0, 5, 9]))
    assert found == pytest.approx(1 / (1 + np.exp(1 - 2 * asked[:, 0])), abs=0.04)


def test_rewards_of_one_kind_tell_a_rate() -> None:
    employee = np.arange(10, dtype=np.int32)
    nothing = np.zeros((10, 1))
    found = cross_fitted(nothing, np.zeros(10, np.bool_), employee, nothing, np.arange(10))
    assert found == pytest.approx(np.full(10, 1 / 10))  # none of eight, and one of two more
    alone = cross_fitted(nothing, np.ones(10, np.bool_), employee * 0, nothing, np.arange(10))
    assert alone == pytest.approx(np.full(10, 0.5))
