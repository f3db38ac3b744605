import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.evaluation import bootstrap
from recsys.evaluation.bootstrap import cluster_bootstrap, cluster_ratio, luck_of_the_best


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


def test_a_ratio_takes_both_means_from_the_same_draws() -> None:
    rng = np.random.default_rng(8)
    whole, cluster = rng.normal(3.0, 1.0, 300), rng.integers(0, 40, 300)
    part = 0.4 * whole
    exact = cluster_ratio(part, whole, cluster, _rng())
    for number in (exact.value, exact.low, exact.high):
        assert number == pytest.approx(0.4)  # however much both vary
    noisy = cluster_ratio(part + rng.normal(0.0, 0.5, 300), whole, cluster, _rng())
    # Delta method: the ratio's error is that of (part − 0.4 whole) / mean(whole).
    spread = 2 * 1.96 * 0.5 / np.sqrt(300) / 3.0
    assert noisy.high[0] - noisy.low[0] == pytest.approx(spread, rel=0.25)


@pytest.mark.parametrize(("n", "value"), [(0, np.nan), (1, 0.5)])
def test_a_ratio_over_fewer_than_two_clusters_has_no_interval(n: int, value: float) -> None:
    got = cluster_ratio(np.ones(n), np.full(n, 2.0), np.zeros(n, int), _rng())
    assert got.value == pytest.approx([value], nan_ok=True)
    assert np.isnan([got.low[0], got.high[0]]).all()


def test_luck_grows_with_the_attempts_and_not_with_copies() -> None:
    noise = np.random.default_rng(4).normal(size=(400, 20))
    cluster = np.arange(400) // 2
    one, twenty = (luck_of_the_best(noise[:, :m], cluster, _rng()) for m in (1, 20))
    assert one < twenty
    copies = luck_of_the_best(np.repeat(noise[:, :1], 20, axis=1), cluster, _rng())
    assert copies == pytest.approx(one)
    # One mean of 400 is normal with deviation 1/20; its 95 % quantile is 1.645 of them.
    assert one == pytest.approx(1.645 / 20, rel=0.15)


def test_the_best_of_many_is_rarely_beyond_luck() -> None:
    """Ten worthless attempts each time: about one time in twenty the best is believed."""
    rng = np.random.default_rng(5)
    believed = 0
    for _ in range(200):
        noise = rng.normal(size=(100, 10))
        luck = luck_of_the_best(noise, np.arange(100), rng, n_replicates=200)
        believed += noise.mean(axis=0).max() > luck
    assert 1 <= believed <= 24


def test_luck_of_one_employee_is_unknown() -> None:
    assert np.isnan(luck_of_the_best(np.ones((3, 2)), np.zeros(3, np.int32), _rng()))
