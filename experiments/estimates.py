"""The difference between two arms, its standard error and its degrees of freedom."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.arms import Arm
from experiments.moments import COUNT, Moments, Rows, Totals, moments
from experiments.sentences import say

__all__ = ["MIN_CLUSTERS", "Estimate", "NotComputableError", "estimate"]

Float = npt.NDArray[np.float64]

MIN_CLUSTERS = 4
"""Per arm: with three against three there are 20 assignments, so that no permutation test can reach
5 %, and a t-test stands on four degrees of freedom."""


class NotComputableError(Exception):
    """There is no such estimate; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Treatment minus control."""

    control_mean: float
    treatment_mean: float
    """Both as observed, without covariate and strata."""
    effect: float
    se: float
    df: float
    rel_effect: float | None
    """Over the absolute control mean; None where that is 0."""
    rel_se: float | None
    n: int
    """Randomisation units of both arms."""
    theta: float
    """How much of the covariate was taken off."""


def estimate(rows: Rows, totals: Totals, *, has_covariate: bool = False) -> Estimate:
    """Estimate the effect of one variant on one metric, from two rows or more per arm.

    ``totals`` are those of ``rows``.

    Without clusters, strata and covariate: Welch (1947) for means, p (1 − p) / n for the variance
    of a proportion, the delta method for ratios (Deng, Knoblich and Lu 2018, "Applying the delta
    method in metric analytics"). With clusters the same over totals of clusters; the effect stays
    the difference of means over rows, degrees of freedom are those of the clusters.

    The covariate (Deng et al. 2013, CUPED) is taken off with θ = cov(y, x) / var(x), pooled over
    both arms and, with strata, within them; for a ratio y is its linear part. With strata the
    effect is the mean of the strata's differences, weighted by their shares of rows (Miratrix,
    Sekhon and Yu 2013); that those shares are a draw too adds the differences' variance over n.

    The variance of the relative effect is taken where both arms have the same covariate mean, which
    is what randomisation makes them have in expectation.

    Raises
    ------
    NotComputableError
        Too few clusters, no variation, a denominator that is 0, a stratum that is not in
        both arms.
    """
    _check_clusters(rows, totals)
    _check_denominators(rows)
    theta = _theta(rows) if has_covariate else 0.0
    control, treatment = (_arm(rows, totals, side, theta) for side in (False, True))
    n = totals.n
    parts = [*control.variances(), *treatment.variances()]
    variance = sum(parts) + _between(control, treatment) / n
    raw_variance = control.raw_variance() + treatment.raw_variance()
    _check_variation(rows, min(variance, raw_variance) * n, theta)
    effect = treatment.adjusted - control.adjusted
    rel_effect = rel_se = None
    if abs(control.raw) > _EPSILON * _size(rows):
        rel_effect = effect / abs(control.raw)
        rel_se = _relative_se(control, treatment, variance)
    return Estimate(
        control.raw, treatment.raw, effect, float(np.sqrt(variance)),
        _df(rows, control, treatment, parts), rel_effect, rel_se, n, theta,
    )  # fmt: skip


def _arm(rows: Rows, totals: Totals, side: bool, theta: float) -> Arm:
    is_member = totals.is_treated == side
    whole = moments(totals, is_member)
    counts = np.bincount(totals.stratum, weights=totals.values[COUNT])
    strata = np.flatnonzero(counts)
    cells = [whole]
    if rows.stratum is not None:
        cells = [_cell(rows, totals, is_member & (totals.stratum == s), int(s)) for s in strata]
    is_binomial = rows.is_proportion and rows.cluster is None
    own = rows.is_treated == side
    raw = float(rows.numerator[own].sum() / rows.denominator[own].sum())
    return Arm(whole, cells, counts[strata] / counts.sum(), theta, is_binomial, raw)


def _cell(rows: Rows, totals: Totals, members: npt.NDArray[np.bool_], stratum: int) -> Moments:
    if (n := np.count_nonzero(members)) < 2:
        key = f"few_in_stratum.{'units' if rows.cluster is None else 'clusters'}"
        name = repr(rows.stratum_names[stratum])
        raise NotComputableError(say(key, stratum=name, n=n, least=2))
    return moments(totals, members)


def _theta(rows: Rows) -> float:
    """Return cov(y, x) / var(x) over the rows of both arms; 0 where x does not vary."""
    ratio = rows.numerator.mean() / rows.denominator.mean()
    linear = (rows.numerator - ratio * rows.denominator) / rows.denominator.mean()
    x, y = _within(rows.covariate - rows.covariate.mean(), rows), _within(linear, rows)
    tiny = _EPSILON * float(np.abs(rows.covariate).max())
    scatter = float(x @ x)
    return float(x @ y) / scatter if scatter > len(x) * tiny**2 else 0.0


def _within(values: Float, rows: Rows) -> Float:
    """Return values less the mean of their stratum."""
    if rows.stratum is None:
        return values
    sums, counts = np.bincount(rows.stratum, weights=values), np.bincount(rows.stratum)
    return np.asarray(values - (sums / np.maximum(counts, 1))[rows.stratum])


def _between(control: Arm, treatment: Arm) -> float:
    """Return the variance of the differences between strata, weighted by their shares."""
    c, t = (np.stack([cell.means for cell in arm.strata]) for arm in (control, treatment))
    differences = t @ treatment.gradient - c @ control.gradient
    weights = control.weights
    return float(weights @ (differences - weights @ differences) ** 2)


def _relative_se(control: Arm, treatment: Arm, variance: float) -> float:
    lift = treatment.raw / control.raw - 1
    total = variance + lift**2 * control.raw_variance() + 2 * lift * control.raw_covariance()
    return float(np.sqrt(max(total, 0.0))) / abs(control.raw)


def _df(rows: Rows, control: Arm, treatment: Arm, parts: list[float]) -> float:
    """Return the degrees of freedom of Welch and Satterthwaite.

    Clusters are few, so that every stratum's mean costs one; single units are not.
    """
    if rows.cluster is None:
        arms = (control, treatment)
        parts, sizes = [arm.whole_variance() for arm in arms], [arm.whole.n for arm in arms]
    else:
        sizes = [cell.n for arm in (control, treatment) for cell in arm.strata]
    squares = sum(v * v / (n - 1) for v, n in zip(parts, sizes, strict=True))
    return sum(parts) ** 2 / squares


def _check_clusters(rows: Rows, totals: Totals) -> None:
    if rows.cluster is None:
        return
    n_treated = int(np.count_nonzero(totals.is_treated))
    for arm, n in (("control", totals.n - n_treated), ("variant", n_treated)):
        if n < MIN_CLUSTERS:
            key, s = f"few_clusters.{arm}", "" if n == 1 else "s"
            raise NotComputableError(say(key, n=n, s=s, least=MIN_CLUSTERS))
    if rows.stratum is None:
        return
    pairs = np.unique(np.stack([rows.cluster, rows.stratum], axis=1), axis=0)
    if len(pairs) > totals.n:
        raise NotComputableError(say("split_clusters"))


def _check_denominators(rows: Rows) -> None:
    for arm, members in (("control", ~rows.is_treated), ("variant", rows.is_treated)):
        if rows.denominator[members].sum() == 0:
            raise NotComputableError(say(f"no_denominator.{arm}"))


def _check_variation(rows: Rows, variance: float, theta: float) -> None:
    scale = _size(rows) + abs(theta) * float(np.abs(rows.covariate).max())
    if variance <= (_EPSILON * scale) ** 2:
        raise NotComputableError(say("no_variation"))


def _size(rows: Rows) -> float:
    """Return how large the values are, per unit of the denominator."""
    return float(np.abs(rows.numerator).max() / abs(rows.denominator.mean()))


_EPSILON = 1e-12
"""Spread over size below which values count as equal; rounding leaves some 1e-15."""
