import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.metrics import ndcg_score

from recsys.evaluation.metrics import METRICS, hit_rate, mean_rank, metric_values, ndcg

_SCORES = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.just(-math.inf)), min_size=1, max_size=30
)


@pytest.mark.parametrize(
    ("scores", "rank"),
    [
        ([3.0], 1.0),
        ([3.0, 5.0, 1.0], 2.0),
        ([3.0, 3.0], 1.5),
        ([3.0, 9.0, 3.0, 3.0], 3.0),
        ([-math.inf, 0.0, -math.inf], 2.5),
        ([-math.inf, -math.inf, -math.inf], 2.0),
    ],
)
def test_mean_rank_by_hand(scores: list[float], rank: float) -> None:
    assert mean_rank(np.array(scores), 0) == rank


@given(scores=_SCORES, data=st.data())
def test_mean_rank_equals_scipy(scores: list[float], data: st.DataObject) -> None:
    chosen = data.draw(st.integers(0, len(scores) - 1))
    expected = rankdata(-np.array(scores), method="average")[chosen]
    assert mean_rank(np.array(scores), chosen) == expected


@given(scores=_SCORES, data=st.data())
def test_order_and_monotone_transforms_keep_ranks(scores: list[float], data: st.DataObject) -> None:
    values = np.array(scores)
    order = np.array(data.draw(st.permutations(range(len(scores)))))
    for position, original in enumerate(order):
        assert mean_rank(values[order], position) == mean_rank(values, int(original))
        assert mean_rank(np.exp(values), position) == mean_rank(values, position)


def test_nan_is_refused() -> None:
    for chosen in (0, 1):
        with pytest.raises(ValueError, match="NaN"):
            mean_rank(np.array([1.0, math.nan]), chosen)


def test_metrics_by_hand() -> None:
    ranks = np.array([1.0, 2.0, 5.0, 5.5, 10.0, 11.0])
    values = dict(zip(METRICS, metric_values(ranks).T.tolist(), strict=True))
    assert values["hr@5"] == [1, 1, 1, 0, 0, 0]
    assert values["hr@10"] == [1, 1, 1, 1, 1, 0]
    gains = [1.0, 1 / math.log2(3), 1 / math.log2(6), 1 / math.log2(6.5), 1 / math.log2(11), 0.0]
    np.testing.assert_allclose(values["ndcg@10"], gains)
    np.testing.assert_allclose(values["mrr"], [1, 0.5, 0.2, 1 / 5.5, 0.1, 1 / 11])


@pytest.mark.parametrize("chosen", range(20))
def test_ndcg_equals_sklearn(chosen: int) -> None:
    scores = np.random.default_rng(1).normal(size=20)
    relevance = np.zeros(20)
    relevance[chosen] = 1.0
    expected = ndcg_score([relevance], [scores], k=10)
    assert ndcg(np.array([mean_rank(scores, chosen)]), 10)[0] == pytest.approx(expected)


def test_knowing_nothing_gets_the_middle_not_luck() -> None:
    assert hit_rate(np.array([mean_rank(np.zeros(100), 0)]), 10)[0] == 0.0
