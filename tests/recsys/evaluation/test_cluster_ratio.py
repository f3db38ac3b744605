import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from recsys.evaluation.cluster_ratio import ClusterRatio, effective_number


def test_a_mean_of_rows_on_their_own_is_that_of_a_textbook() -> None:
    x = np.random.default_rng(0).normal(size=40)
    found = ClusterRatio(x, np.ones(40))
    assert found.value == pytest.approx(x.mean())
    assert found.stderr == pytest.approx(stats.sem(x))
    low, high = stats.t.interval(0.95, 39, x.mean(), stats.sem(x))
    assert found.interval[0] <= low + 1e-12
    assert found.interval[1] >= high - 1e-12
    assert found.interval == pytest.approx((low, high), abs=0.2 * stats.sem(x))


def test_symmetrical_sums_have_the_interval_of_student() -> None:
    x = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    found = ClusterRatio(x, np.ones(5))
    assert found.interval == pytest.approx(stats.t.interval(0.95, 4, 0.0, stats.sem(x)))


def test_one_large_cluster_leaves_few_degrees_of_freedom() -> None:
    """Sizes 6, 1, 1, 1, 1 are as uneven as 2.5 equal ones, and the large one moves the mean."""
    n = np.array([6.0, 1, 1, 1, 1])
    found = ClusterRatio(n * [0.4, 0.7, 0.8, 0.6, 0.7], n)
    assert effective_number(n) == pytest.approx(100 / 40)
    scores = found.numerators - found.value * n
    robust = np.sqrt(5 / 4 * (scores**2).sum()) / 10
    assert found.stderr > robust
    low, high = found.interval
    assert high - low >= 2 * stats.t.ppf(0.975, 1.5) * found.stderr * (1 - 1e-12)


def test_a_long_tail_draws_the_interval_out_by_halls_transformation() -> None:
    x = np.array([0.0] * 30 + [1.0] * 4 + [6.0])
    found = ClusterRatio(x, np.ones(35))
    d = x - x.mean()
    s = (d**3).sum() / (d**2).sum() ** 1.5
    t = stats.t.ppf(0.975, 34)

    def transformed(z: float) -> float:
        return float(z + s * z**2 / 3 + s**2 * z**3 / 27 + s / 6)

    z = optimize.brentq(lambda z: transformed(z) + t, -50, 50)
    low, high = found.interval
    assert high == pytest.approx(found.value - z * found.stderr)
    assert low == pytest.approx(found.value - t * found.stderr)
    assert high - found.value > 1.3 * (found.value - low)
    drawn = found.bootstrap_interval(np.random.default_rng(1))
    assert drawn[1] - found.value > 1.2 * (found.value - drawn[0])


def test_what_cannot_be_known_is_nan() -> None:
    rng = np.random.default_rng(0)
    for nothing in (
        ClusterRatio(np.zeros(0), np.zeros(0)),
        ClusterRatio(np.ones(1), np.ones(1)),
        ClusterRatio(np.array([1.0, 0.0]), np.array([2.0, 0.0])),
    ):
        assert np.isnan([nothing.stderr, *nothing.interval, *nothing.bootstrap_interval(rng)]).all()
    assert np.isnan(ClusterRatio(np.zeros(3), np.zeros(3)).value)
    assert effective_number(np.zeros(3)) == 0.0
    constant = ClusterRatio(np.full(9, 0.5), np.ones(9))
    assert constant.interval == constant.bootstrap_interval(rng) == (0.5, 0.5)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 40)), min_size=3, max_size=30),
    st.floats(0.1, 10),
)
def test_unit_and_order_do_not_matter(rows: list[tuple[float, int]], unit: float) -> None:
    rate, size = np.array(rows).T
    found = ClusterRatio(rate * size, size)
    again = ClusterRatio((rate * size)[::-1] * unit, size[::-1])
    assert again.stderr == pytest.approx(unit * found.stderr, abs=1e-9)
    if found.stderr > 1e-6:  # below, only rounding is left
        assert again.interval == pytest.approx(tuple(unit * x for x in found.interval), abs=1e-6)
    assert found.interval[0] <= found.value + 1e-12
    assert found.value <= found.interval[1] + 1e-12
