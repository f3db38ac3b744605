"""How sure is Σ a / Σ b over clusters of all sizes? Few, unequal and skewed ones included."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from recsys.evaluation.bootstrap import resampled_sums

__all__ = ["ClusterRatio", "Interval", "effective_number"]

Float = npt.NDArray[np.float64]
Interval = tuple[float, float]
_UNKNOWN: Interval = (np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class ClusterRatio:
    """Σ a / Σ b, where rows of one cluster may resemble each other; a mean has b = 1."""

    numerators: Float
    """(n_clusters,), the sum of a in each."""
    denominators: Float
    """(n_clusters,), the sum of b in each, 0 or more."""

    @classmethod
    def of(
        cls, numerators: Float, denominators: Float, cluster: npt.NDArray[np.intp]
    ) -> "ClusterRatio":
        """Add rows up, arrays of shape (n,); ``cluster`` is numbered 0..G−1."""
        above, below = np.bincount(cluster, numerators), np.bincount(cluster, denominators)
        return cls(above.astype(np.float64), below.astype(np.float64))

    @property
    def value(self) -> float:
        """Return the ratio; NaN if nothing is below."""
        below = self.denominators.sum()
        return float(self.numerators.sum() / below) if below > 0 else np.nan

    @property
    def stderr(self) -> float:
        """Return the standard error, by leaving out one cluster after the other (jackknife).

        It is s / √n for a mean of rows on their own and the usual cluster-robust one for clusters
        of one size; unequal ones make it larger, as they should: a large cluster moves the value
        that it is compared with. NaN with fewer than two clusters that count.

        Notes
        -----
        √((G − 1) / G · Σ (v₋ᵍ − v)²); CR3 in MacKinnon, Nielsen and Webb (2023), "Cluster-robust
        inference: a guide to empirical practice".
        """
        moved, n = self._moved(), len(self.numerators)
        if n < 2 or not np.isfinite(moved).all():
            return np.nan
        return float(np.sqrt((n - 1) / n * (moved**2).sum()))

    @property
    def interval(self) -> Interval:
        """Return the 95 % interval: Student's t, drawn out in the direction of the skew.

        Degrees of freedom are the effective number of clusters less one: a few large ones tell
        little of what others would do. The ends are the outer ones of t and of t after Hall's
        transformation, which alone is too short where clusters are few. NaN where ``stderr`` is.

        Notes
        -----
        Hall (1992), "On the removal of skewness by transformation"; Carter, Schnepel and
        Steigerwald (2017), "Asymptotic behavior of a t-test robust to cluster heterogeneity".
        """
        value, stderr, moved = self.value, self.stderr, self._moved()
        if not stderr > 0:
            return (value, value) if stderr == 0 else _UNKNOWN
        freedom = max(effective_number(self.denominators) - 1.0, 1.0)
        t = float(special.stdtrit(freedom, 0.975))
        skew = float((moved**3).sum() / (moved**2).sum() ** 1.5)
        low, high = (value - stderr * _untransformed(end, skew) for end in (t, -t))
        return min(low, value - t * stderr), max(high, value + t * stderr)

    def bootstrap_interval(self, rng: np.random.Generator, n_replicates: int = 1_000) -> Interval:
        """Return the 95 % interval of the studentised cluster bootstrap.

        Clusters are drawn with replacement; the quantiles are those of (v* − v) / stderr*, which
        follow the skew. NaN where ``stderr`` is. Costs n_replicates × n_clusters.

        Notes
        -----
        Hall (1988), "Theoretical comparison of bootstrap confidence intervals".
        """
        value, stderr = self.value, self.stderr
        if not stderr > 0:
            return (value, value) if stderr == 0 else _UNKNOWN
        a, b, n = self.numerators, self.denominators, len(self.numerators)
        sums = np.stack([a, b, a * a, a * b, b * b], axis=1)
        above, below, aa, ab, bb = resampled_sums(sums, rng, n_replicates).T
        with np.errstate(divide="ignore", invalid="ignore"):
            values = above / below
            squares = np.maximum(aa - 2 * values * ab + values**2 * bb, 0.0)
            t = (values - value) / (np.sqrt(n / (n - 1) * squares) / below)
        low, high = np.percentile(t[np.isfinite(t)], [2.5, 97.5])
        plain = np.sqrt(n / (n - 1) * ((a - value * b) ** 2).sum()) / b.sum()
        return float(value - high * plain), float(value - low * plain)

    def _moved(self) -> Float:
        """Return by how much each cluster moves the value: v − v₋ᵍ, shape (n_clusters,)."""
        below = self.denominators.sum() - self.denominators
        scores = self.numerators - self.value * self.denominators
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(scores / below)


def effective_number(sizes: Float) -> float:
    """Return (Σ size)² / Σ size²: so many of one size would be as uneven; 0 if there are none."""
    squares = (sizes**2).sum()
    return float(sizes.sum() ** 2 / squares) if squares > 0 else 0.0


def _untransformed(t: float, skew: float) -> float:
    """Return x where x + s x² / 3 + s² x³ / 27 + s / 6 is ``t``, with s = ``skew``."""
    if abs(skew) < 1e-6:
        return t
    return float(3.0 / skew * (np.cbrt(1.0 + skew * (t - skew / 6.0)) - 1.0))
