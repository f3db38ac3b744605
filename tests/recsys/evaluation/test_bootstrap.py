import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.evaluation import bootstrap
from recsys.evaluation.bootstrap import cluster_bootstrap


def _rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_equals_resampling_whole_clusters_by_hand() -> None:
    """The same multinomial draws, applied by concatenating the rows of the drawn clusters."""
    values = np.random.default_rng(1).normal(size=(30, 2))
    cluster = np.random.default_rng(2).integers(0, 7, 30) * 10
    got = cluster_bootstrap(values, cluster, _rng(), n_replicates=200)
    numbers = np.unique(cluster)
    draws = _rng().multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), size=200)
    means = [
        np.concatenate(
            [
                values[cluster == number]
                for n, number in zip(row, numbers, strict=True)
                for _ in range(n)
            ]
        ).mean(axis=0)
        for row in draws
    ]
    np.testing.assert_allclose(got.value, values.mean(axis=0))
    np.testing.assert_allclose(got.low, np.percentile(means, 2.5, axis=0))
    np.testing.assert_allclose(got.high, np.percentile(means, 97.5, axis=0))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values, cluster = np.arange(12.0).reshape(12, 1), np.arange(12) // 2
    whole = cluster_bootstrap(values, cluster, _rng())
    monkeypatch.setattr(bootstrap, "_BLOCK_CELLS", 60)
    parts = cluster_bootstrap(values, cluster, _rng())
    assert np.array_equal(whole.low, parts.low)
    assert np.array_equal(whole.high, parts.high)


def test_intervals_cover_the_truth_where_intervals_over_rows_do_not() -> None:
    """Ten equal rows per employee: as much evidence as one row each."""
    n_covered, widths = 0, []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = np.repeat(rng.normal(size=40), 10)[:, None]
        got = cluster_bootstrap(values, np.repeat(np.arange(40), 10), rng, n_replicates=400)
        n_covered += int(got.low[0] <= 0.0 <= got.high[0])
        widths.append(got.high[0] - got.low[0])
    assert 178 <= n_covered <= 198  # 95 % of 200 minus percentile optimism, 3 standard errors
    assert np.mean(widths) == pytest.approx(2 * 1.96 / np.sqrt(40), rel=0.05)


def test_a_paired_difference_is_narrower_than_its_parts() -> None:
    rng = np.random.default_rng(5)
    common = rng.normal(size=(200, 1))
    a, b = common + 0.1, common + 0.01 * rng.normal(size=(200, 1))
    cluster = np.arange(200)
    difference = cluster_bootstrap(a - b, cluster, _rng())
    alone = cluster_bootstrap(a, cluster, _rng())
    assert difference.low[0] > 0.09
    assert difference.high[0] - difference.low[0] < 0.1 * (alone.high[0] - alone.low[0])


def test_without_rows_or_with_one_cluster_the_unknown_is_nan() -> None:
    nothing = cluster_bootstrap(np.zeros((0, 2)), np.zeros(0, np.int32), _rng())
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
    single = cluster_bootstrap(np.array([[1.0], [3.0]]), np.array([4, 4]), _rng())
    assert single.value.tolist() == [2.0]
    assert np.isnan([single.low, single.high]).all()


@given(labels=st.permutations(range(6)), seed=st.integers(0, 50))
def test_value_lies_in_range_and_labels_do_not_matter_for_it(labels: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).random((18, 1))
    cluster = np.arange(18) % 6
    a = cluster_bootstrap(values, cluster, _rng(), n_replicates=50)
    b = cluster_bootstrap(values, np.array(labels)[cluster], _rng(), n_replicates=50)
    assert a.value == pytest.approx(b.value)
    assert values.min() <= a.low[0] <= a.high[0] <= values.max()
