"""Means of groups of very different size, each pulled towards the common one as it needs."""

import numpy as np
import numpy.typing as npt

__all__ = ["group_means", "shrunk_means"]

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def group_means(values: Float, weights: Float, group: Index, n_groups: int) -> tuple[Float, Float]:
    """Return the weighted mean of each group and its effective number of people.

    ``values``, ``weights`` > 0 and ``group`` (0..n_groups−1) have shape (n,), the answers
    (n_groups,): NaN and 0 for a group without anybody. Effective is (Σw)² / Σw² (Kish 1965).
    """
    total = np.bincount(group, weights, minlength=n_groups)
    squares = np.bincount(group, weights**2, minlength=n_groups)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(group, weights * values, minlength=n_groups) / total
        n_effective = np.where(total > 0, total**2 / squares, 0.0)
    return mean, n_effective


def shrunk_means(values: Float, weights: Float, group: Index, n_groups: int) -> Float:
    """Return the mean of each group by empirical Bayes, float64, shape (n_groups,).

    With the common mean m, the variance σ² within groups and τ² between them,

        shrunk = (τ² · mean + σ²/n · m) / (τ² + σ²/n),

    so a group that few speak for is taken to be as the company is, neither better nor worse. τ² is
    the moment estimator of DerSimonian and Laird (1986), at least 0; with one group it is 0. A
    group without anybody gets m. Arguments as for :func:`group_means`.
    """
    mean, n = group_means(values, weights, group, n_groups)
    common = float(weights @ values / weights.sum())
    there = n > 0
    within = float(weights @ (values - mean[group]) ** 2 / weights.sum())
    shrunk = np.full(n_groups, common)
    if within == 0.0:  # everybody in a group is alike: its mean is known
        shrunk[there] = mean[there]
        return shrunk
    noise = within / n[there]
    between = _between(mean[there], 1.0 / noise)
    shrunk[there] = (between * mean[there] + noise * common) / (between + noise)
    return shrunk


def _between(mean: Float, precision: Float) -> float:
    """Return τ² of group means with known precision."""
    total = precision.sum()
    spread = precision @ (mean - precision @ mean / total) ** 2
    scale = total - (precision**2).sum() / total
    return max(0.0, float((spread - (len(mean) - 1)) / scale)) if scale > 0 else 0.0
