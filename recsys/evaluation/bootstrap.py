"""How sure is a mean over targets? Employees are drawn anew, never single targets.

One employee's targets resemble each other; intervals over targets would be too narrow. Source:
Field, Welsh, "Bootstrapping clustered data" (2007), the cluster bootstrap.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "Estimates",
    "cluster_bootstrap",
    "cluster_ratio",
    "luck_of_the_best",
    "resampled_sums",
]

_FloatArray = npt.NDArray[np.float64]
_BLOCK_CELLS = 4_000_000  # counts held at once: 32 MB


@dataclass(frozen=True, slots=True)
class Estimates:
    """Means with 95 % percentile intervals; three float64 arrays of one shape, NaN = unknown."""

    value: _FloatArray
    low: _FloatArray
    high: _FloatArray


def cluster_bootstrap(
    values: npt.NDArray[np.floating],
    cluster: npt.NDArray[np.integer],
    rng: np.random.Generator,
    *,
    n_replicates: int = 1_000,
) -> Estimates:
    """Return the mean of every column with its interval over clusters.

    Parameters
    ----------
    values : shape (n, m); for two models on the same targets pass their difference, which gives the
        paired interval
    cluster : integers, shape (n,); rows of one number are drawn together
    rng : every column sees the same draws
    n_replicates : 1,000 place the ends of a 95 % interval to about 1 % of its level

    Returns
    -------
    Estimates of shape (m,). Without rows everything is NaN; with one cluster the interval is NaN,
    because nothing says how another cluster would be.

    Notes
    -----
    A replicate draws as many clusters as there are and takes the mean over all their rows, so big
    clusters keep their weight: Σ count × sum / Σ count × size, one matrix product.
    """
    mean, replicates = _means(values, cluster, rng, n_replicates)
    return _percentiles(mean, replicates)


def cluster_ratio(
    numerator: npt.NDArray[np.floating],
    denominator: npt.NDArray[np.floating],
    cluster: npt.NDArray[np.integer],
    rng: np.random.Generator,
    *,
    n_replicates: int = 1_000,
) -> Estimates:
    """Return the ratio of the means of two columns, shape (n,), with its interval over clusters.

    Both means come from the same draws. The ratio says little where its denominator may be zero:
    the interval is then wide, or infinite. NaN as in :func:`cluster_bootstrap`; estimates have
    shape (1,).
    """
    both = np.stack([numerator, denominator], axis=1)
    mean, replicates = _means(both, cluster, rng, n_replicates)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _percentiles(mean[:1] / mean[1:], replicates[:, :1] / replicates[:, 1:])


def luck_of_the_best(
    values: npt.NDArray[np.floating],
    cluster: npt.NDArray[np.integer],
    rng: np.random.Generator,
    *,
    n_replicates: int = 1_000,
) -> float:
    """Return how far the largest of m means lies above its true value by luck alone, at 95 %.

    Of m attempts without any merit the best looks good: the 95 % quantile of the largest error
    among all columns of ``values``, shape (n, m), which accounts for how alike they are. A best
    mean above this is above zero beyond the luck of the choice. Source: White, "A reality check
    for data snooping" (2000). NaN without two clusters; m is 1 or more.
    """
    mean, replicates = _means(values, cluster, rng, n_replicates)
    return float(np.percentile((replicates - mean).max(axis=1), 95))


def resampled_sums(
    sums: _FloatArray, rng: np.random.Generator, n_replicates: int = 1_000
) -> _FloatArray:
    """Return the column sums of clusters drawn with replacement, shape (n_replicates, m).

    ``sums``, shape (n_clusters, m), are each cluster's own; there is at least one. Memory stays
    bounded however many clusters there are.
    """
    return np.concatenate([c @ sums for c in _counts(rng, len(sums), n_replicates)])


def _means(
    values: npt.NDArray[np.floating],
    cluster: npt.NDArray[np.integer],
    rng: np.random.Generator,
    n_replicates: int,
) -> tuple[_FloatArray, _FloatArray]:
    """Return the means, shape (m,), and those of replicates, shape (n_replicates, m)."""
    _, number, size = np.unique(cluster, return_inverse=True, return_counts=True)
    sums = np.zeros((len(size), values.shape[1]))
    np.add.at(sums, number, values)
    unknown = np.full((n_replicates, values.shape[1]), np.nan)
    if len(size) == 0:
        return unknown[0], unknown
    mean = sums.sum(axis=0) / size.sum()
    if len(size) == 1:
        return mean, unknown
    drawn = resampled_sums(np.column_stack([sums, size]), rng, n_replicates)
    return mean, drawn[:, :-1] / drawn[:, -1:]


def _percentiles(value: _FloatArray, replicates: _FloatArray) -> Estimates:
    low, high = np.percentile(replicates, [2.5, 97.5], axis=0)
    return Estimates(value, low, high)


def _counts(rng: np.random.Generator, n_clusters: int, n_replicates: int) -> Iterator[_FloatArray]:
    """Yield blocks of how often each cluster is drawn: float64, shape (block, n_clusters)."""
    block = max(1, _BLOCK_CELLS // n_clusters)
    for start in range(0, n_replicates, block):
        size = min(block, n_replicates - start)
        draws = rng.multinomial(n_clusters, np.full(n_clusters, 1.0 / n_clusters), size=size)
        yield draws.astype(np.float64)
