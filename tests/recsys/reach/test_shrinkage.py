"""Group means by empirical Bayes against the formula, and what they must never do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.reach.shrinkage import group_means, shrunk_means


def test_means_and_effective_numbers_by_hand() -> None:
    values, weights = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])
    mean, n = group_means(values, weights, np.array([0, 0, 2]), 3)
    assert mean[[0, 2]].tolist() == [7 / 4, 4.0]
    assert n.tolist() == [16 / 10, 0.0, 1.0]


def test_shrinking_by_the_formula() -> None:
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1, 2], [200, 50, 10])
    values = rng.normal(np.array([0.2, 0.5, 0.9])[group], 0.3)
    weights = np.ones(len(group))
    mean = np.array([values[group == g].mean() for g in range(3)])
    noise = ((values - mean[group]) ** 2).mean() / np.array([200, 50, 10])
    w = 1 / noise
    pooled = (w @ mean) / w.sum()
    q = w @ (mean - pooled) ** 2
    between = (q - 2) / (w.sum() - (w**2).sum() / w.sum())
    expected = (between * mean + noise * values.mean()) / (between + noise)
    np.testing.assert_allclose(shrunk_means(values, weights, group, 3), expected)


def test_a_group_that_few_speak_for_is_as_the_company() -> None:
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], [500, 3])
    values = rng.normal(0.5, 0.2, 503)
    values[500:] += 0.05  # within chance
    found = shrunk_means(values, np.ones(503), group, 3)
    assert found[1] == pytest.approx(values.mean(), abs=0.02)
    assert found[2] == pytest.approx(values.mean(), rel=1e-12)


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(1, 50), st.integers(0, 4)), min_size=1, max_size=40
    )
)
def test_a_shrunk_mean_lies_between_the_groups_and_the_common_one(
    rows: list[tuple[float, float, int]],
) -> None:
    values, weights = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    group = np.array([r[2] for r in rows])
    mean, n = group_means(values, weights, group, 5)
    found = shrunk_means(values, weights, group, 5)
    common = np.average(values, weights=weights)
    for g in range(5):
        ends = sorted([common, mean[g] if n[g] > 0 else common])
        assert ends[0] - 1e-9 <= found[g] <= ends[1] + 1e-9
