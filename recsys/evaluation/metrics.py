"""Ranks from scores, and metrics of ranks when exactly one candidate was chosen.

Tied candidates share the mean of the ranks they occupy, so a scorer that knows nothing gets the
middle of the list and not the luck of its order. A metric takes such a rank as it is, fractions
included: HR@k asks whether the mean rank is within k; it is not averaged over the orders of a tie.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["METRICS", "hit_rate", "mean_rank", "metric_values", "ndcg", "reciprocal_rank"]

_FloatArray = npt.NDArray[np.float64]


def mean_rank(scores: npt.NDArray[np.floating], chosen: int) -> float:
    """Return the 1-based rank of ``scores[chosen]``: 1 + higher + (equal others) / 2.

    Scores are equal if they compare equal, without tolerance; ``-inf`` ties with ``-inf``. Raises
    ``ValueError`` on NaN, because no order with it is right.
    """
    score = scores[chosen]
    higher = np.count_nonzero(scores > score)
    lower = np.count_nonzero(scores < score)
    equal = len(scores) - higher - lower
    if np.isnan(scores).any():
        raise ValueError("a score is NaN; return -inf for a candidate that cannot be scored")
    return 1.0 + higher + (equal - 1) / 2.0


def hit_rate(ranks: _FloatArray, k: int) -> _FloatArray:
    """Return 1.0 where the rank is at most ``k``, else 0.0; same shape as ``ranks``."""
    return (ranks <= k).astype(np.float64)


def ndcg(ranks: _FloatArray, k: int) -> _FloatArray:
    """Return 1 / log2(1 + rank) where the rank is at most ``k``, else 0.0.

    With one relevant candidate the ideal gain is 1, so this is NDCG@k (Järvelin, Kekäläinen 2002).
    """
    return np.where(ranks <= k, 1.0 / np.log2(1.0 + ranks), 0.0)


def reciprocal_rank(ranks: _FloatArray) -> _FloatArray:
    """Return 1 / rank; its mean is MRR."""
    return 1.0 / ranks


METRICS: dict[str, Callable[[_FloatArray], _FloatArray]] = {
    "hr@5": lambda ranks: hit_rate(ranks, 5),
    "hr@10": lambda ranks: hit_rate(ranks, 10),
    "ndcg@10": lambda ranks: ndcg(ranks, 10),
    "mrr": reciprocal_rank,
}
"""What is reported: name → value per target; the reported figure is the mean over targets."""


def metric_values(ranks: _FloatArray) -> _FloatArray:
    """Return :data:`METRICS` of ranks, shape ``(*ranks.shape, n_metrics)``, in their order."""
    return np.stack([metric(ranks) for metric in METRICS.values()], axis=-1)
