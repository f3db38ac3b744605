"""Planned looks: bounds, what they cost, and p-values that agree with them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.looks import bounds, repeated_p_value

QUARTERS = (0.25, 0.5, 0.75, 1.0)


def test_one_look_is_the_usual_test() -> None:
    assert bounds((1.0,)) == pytest.approx((stats.norm.isf(0.025),))
    for z in (0.3, 1.0, 1.96, 2.7, 5.0):
        assert repeated_p_value(z, (1.0,), 1) == pytest.approx(2 * stats.norm.sf(z), rel=2e-3)


@pytest.mark.parametrize("looks", [QUARTERS, (0.1, 0.6), tuple((np.arange(30) + 1) / 30)])
def test_the_bounds_spend_alpha_times_t_squared(looks: tuple[float, ...]) -> None:
    """By simulation: the share of walks that have crossed a bound by each look."""
    rng = np.random.default_rng(1)
    steps = np.diff(np.array([0.0, *looks]))
    walks = np.cumsum(rng.normal(size=(60_000, len(looks))) * steps**0.5, axis=1)
    crossed = np.abs(walks) / np.array(looks) ** 0.5 >= bounds(looks, 0.05)
    spent = np.logical_or.accumulate(crossed, axis=1).mean(axis=0)
    assert spent == pytest.approx(0.05 * np.array(looks) ** 2, abs=0.0025)


def test_later_looks_do_not_move_earlier_bounds() -> None:
    assert bounds(QUARTERS[:2]) == bounds(QUARTERS)[:2]


@given(st.floats(0, 8), st.integers(1, 4))
def test_the_p_value_agrees_with_the_bound(z: float, look: int) -> None:
    p_value = repeated_p_value(z, QUARTERS, look)
    assert (p_value <= 0.05) == (z >= bounds(QUARTERS)[look - 1])
    assert p_value >= 2 * stats.norm.sf(z) * (1 - 1e-3) - 1e-16
    assert repeated_p_value(-z, QUARTERS, look) == p_value


@given(st.lists(st.floats(0, 9), min_size=2, max_size=2), st.integers(1, 4))
def test_larger_effects_have_smaller_p_values(zs: list[float], look: int) -> None:
    low, high = sorted(zs)
    assert repeated_p_value(high, QUARTERS, look) <= repeated_p_value(low, QUARTERS, look)


@pytest.mark.parametrize("alpha", [0.3, 0.05, 0.012, 1e-5])
def test_the_p_value_is_the_alpha_whose_bound_is_reached(alpha: float) -> None:
    z = bounds(QUARTERS, alpha)[2]
    assert repeated_p_value(z, QUARTERS, 3) == pytest.approx(alpha, rel=1e-3)
