"""Scores as probabilities: a strictly increasing map, and how far probabilities are off.

A ranker's scores only order; a slate that mixes, caps or explains needs the chance of an
interaction. The map is a line of straight pieces from score to log-odds through at most 64 knots:

- With few cases a single piece: Platt's logistic fit (Platt 1999), slope held above zero.
- With ``MIN_CASES`` and more of both labels, centred isotonic regression (Oron & Flournoy 2017,
  Statistics in Biopharmaceutical Research 9(3)): rows in bins, bins pooled until their shares
  increase, one knot at each pool's mean score. Plain isotonic regression is flat within a pool, so
  it would tie scores that differ; between centres the same estimate rises everywhere.

Bins hold equal shares of both labels taken together, not of the rows: where one row in a hundred
is positive, bins of equal rows would put most positives, and the top of every list, into the last.
Beyond the outermost knots log-odds go on with the slope they had and approach a bound: nothing was
seen there, so little more is claimed, and no score, not even an infinite one, reaches 0 or 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit, logit

from recsys.errors import ConfigurationError
from recsys.kernels import kernel

__all__ = ["MIN_CASES", "Calibration", "Reliability", "expected_calibration_error",
           "fit_calibration"]  # fmt: skip

Floats = npt.NDArray[np.float64]

MIN_CASES = 100
"""Fewer (effective) rows of the rarer label get the single line. In simulation, knots fitted on 100
cost about one hundredth of the scores' information where the line is right, and win four to
eight where it is not; on 30 they never win."""

_CASES_PER_BIN = 20
"""Of the rarer label; a bin's log-odds are then known to about ±0.2 before pooling."""

_MAX_BINS = 62
"""64 knots with the lowest and the highest score."""

_MIN_SLOPE = 0.01
"""Log-odds per standard deviation of the scores, where higher ones do not go with more positives:
all but flat, and still in their order."""

_TAIL = 1.0
"""Log-odds that scores beyond the outermost knots can gain: odds times 2.7."""

_MAX_LOG_ODDS = 30.0
"""Of a knot; with the tail 1 − p still keeps two digits in float64."""

_MAX_SCORE = 1e100
"""Larger scores, infinite ones too, count as the largest below it: their squares would overflow."""


@kernel
def _interpolate(knots: Floats, log_odds: Floats, scores: Floats, out: Floats) -> None:
    """Fill ``out`` with the log-odds of ``scores``, on the pieces and on the tails beyond them."""
    pieces = np.searchsorted(knots, scores, side="right") - 1
    for i in range(len(scores)):
        if np.isnan(scores[i]):
            out[i] = np.nan
            continue
        piece = min(max(pieces[i], 0), len(knots) - 2)
        start, end = log_odds[piece], log_odds[piece + 1]
        rise = end - start
        # May be infinite, which the tail bounds.
        along = (scores[i] - knots[piece]) / (knots[piece + 1] - knots[piece])
        within = min(max(along, 0.0), 1.0)
        beyond = rise * (along - within)
        # Every step rounds a monotone function to the nearest number, which keeps it monotone;
        # the minimum keeps a piece below the start of the next.
        inside = min(start + rise * within, end)
        tail = _TAIL * (1.0 - _TAIL / (_TAIL + abs(beyond)))
        out[i] = inside + np.copysign(tail, beyond)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A strictly increasing map from scores to probabilities; pure, safe to share."""

    scores: Floats
    """Knots, strictly increasing, finite, shape (n_knots,), 2..64."""
    log_odds: Floats
    """At the knots, strictly increasing, finite, shape (n_knots,)."""

    def probability(self, scores: npt.ArrayLike) -> Floats:
        """Return float64 probabilities in (0, 1), same shape as ``scores``; NaN gives NaN.

        A higher score never gets a lower probability. Equal ones happen to scores that are equal,
        and to scores so close, or so far beyond the outermost knot (about 1e15 times what one
        more log-odds takes), that float64 cannot tell their probabilities apart.
        """
        scores = np.asarray(scores, np.float64)
        log_odds = np.empty(scores.size)
        _interpolate(self.scores, self.log_odds, scores.ravel(), log_odds)
        return np.asarray(expit(log_odds.reshape(scores.shape)), np.float64)

    def arrays(self) -> dict[str, Floats]:
        """Return the knots by name."""
        return {"scores": self.scores, "log_odds": self.log_odds}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> Self:
        """Return the calibration whose knots :meth:`arrays` returned."""
        return cls(arrays["scores"], arrays["log_odds"])


def fit_calibration(scores: Floats, labels: npt.ArrayLike, weights: Floats) -> Calibration:
    """Fit the map on rows with known labels; all arguments have shape (n,).

    Parameters
    ----------
    scores
        float64; infinite ones count as the largest or smallest finite one.
    labels
        bool or 0/1: whether the row's content was chosen.
    weights
        float64 ≥ 0: rows of the population a row stands for, i.e. one over the probability with
        which it was sampled. Only their ratios matter; rows of weight 0 are left out.

    Pull towards the overall share (one positive row's weight for each bin, Platt's targets for the
    line) keeps probabilities off 0 and 1, also where all labels are equal. Scores that are all
    equal get the overall share. The order of the rows does not matter beyond rounding. Raises
    :class:`ConfigurationError` for NaN, unfit labels or weights, and for no rows at all.
    """
    scores, labels, weights = _usable(scores, labels, weights)
    scores = _bounded(scores)
    centre = float(weights @ scores / weights.sum())
    scale = float(np.sqrt(weights @ (scores - centre) ** 2 / weights.sum())) or 1.0
    standardised = (scores - centre) / scale
    intercept, slope = _fit_line(standardised, labels, weights)
    ends = np.array([standardised.min(), standardised.max()])
    n_cases = min(_effective_rows(weights[labels]), _effective_rows(weights[~labels]))
    if n_cases < MIN_CASES:
        # From end to end of the scores seen, as far as the log-odds stay within bounds.
        log_odds = np.clip(intercept + slope * ends, -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
        knots = (log_odds - intercept) / slope
    else:
        n_bins = min(_MAX_BINS, int(n_cases // _CASES_PER_BIN))
        knots, log_odds = _with_ends(*_pools(standardised, labels, weights, n_bins), ends, slope)
    return _calibration(centre + scale * knots, log_odds)


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """How probabilities compare with what happened; arrays have one entry per non-empty bin."""

    error: float
    """Expected calibration error: mean of |observed − predicted| over bins, by weight; 0..1."""
    predicted_share: Floats
    """Mean probability in each bin, increasing."""
    observed_share: Floats
    """Share of positives in each bin."""
    weight_share: Floats
    """Share of the weight in each bin; sums to 1."""


def expected_calibration_error(
    probabilities: Floats, labels: npt.ArrayLike, weights: Floats, n_bins: int = 15
) -> Reliability:
    """Return the calibration error over bins of equal weight, with the bins for a plot.

    Naeini, Cooper & Hauskrecht 2015 (AAAI), with rows counted by weight. Equal probabilities share
    a bin, so bins may be unequal or fewer. Sampling error makes even the truth score about
    sqrt(2 n_bins p (1 − p) / (π n)). Raises :class:`ConfigurationError` as
    :func:`fit_calibration` does.
    """
    probabilities, labels, weights = _usable(probabilities, labels, weights)
    bins = _equal_mass_bins(probabilities, weights, n_bins)
    total = np.bincount(bins, weights)
    predicted = np.bincount(bins, weights * probabilities) / total
    observed = np.bincount(bins, weights * labels) / total
    weight_share = total / total.sum()
    error = float(weight_share @ np.abs(observed - predicted))
    return Reliability(error, predicted, observed, weight_share)


def _fit_line(
    scores: Floats, labels: npt.NDArray[np.bool_], weights: Floats
) -> tuple[float, float]:
    """Return intercept and slope > 0 of the logistic fit, scores being standardised.

    Platt's targets: (n₊ + 1)/(n₊ + 2) for positives, 1/(n₋ + 2) for negatives.
    """
    positives, negatives = _effective_rows(weights[labels]), _effective_rows(weights[~labels])
    targets = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    weights = weights / weights.sum()

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        log_odds = coefficients[0] + coefficients[1] * scores
        residual = weights * (expit(log_odds) - targets)
        gradient = np.array([residual.sum(), residual @ scores])
        return float(weights @ (np.logaddexp(0, log_odds) - targets * log_odds)), gradient

    fit = minimize(
        loss,
        [logit(weights @ targets), _MIN_SLOPE],
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), (_MIN_SLOPE, None)],
        options={"ftol": 1e-15, "gtol": 1e-10},  # two numbers; far below sampling error
    )
    return float(fit.x[0]), float(fit.x[1])


def _pools(
    scores: Floats, labels: npt.NDArray[np.bool_], weights: Floats, n_bins: int
) -> tuple[Floats, Floats]:
    """Return mean score and log-odds of pools of bins, increasing."""
    of_label = np.where(labels, weights[labels].sum(), weights[~labels].sum())
    bins = _equal_mass_bins(scores, weights / of_label, n_bins)
    prior = float(weights[labels].mean())
    total = np.bincount(bins, weights)
    share = weights[labels].sum() / weights.sum()
    shares = (np.bincount(bins, weights * labels) + prior * share) / (total + prior)
    pooled = isotonic_regression(shares, weights=total + prior)
    starts = pooled.blocks[:-1]
    summed = np.add.reduceat(np.bincount(bins, weights * scores), starts)
    centres = summed / np.add.reduceat(total, starts)
    centres = np.clip(centres, scores.min(), scores.max())
    # Pools that are equal but for rounding would tie; each stands at least this far above the last.
    least = _MIN_SLOPE * centres
    return centres, np.maximum.accumulate(logit(pooled.x[starts]) - least) + least


def _with_ends(
    knots: Floats, log_odds: Floats, ends: Floats, slope: float
) -> tuple[Floats, Floats]:
    """Return the knots and one more at either end of the scores, for the outer halves of pools.

    There log-odds go on as steeply as in the next piece, at most as the line does: one piece alone
    is steep by chance, the line alone overshoots where probabilities have reached a ceiling.
    """
    with np.errstate(divide="ignore"):  # equal knots: steeper than any line
        pieces = (np.diff(log_odds) / np.diff(knots)).tolist()
    low = log_odds[0] - min([slope, *pieces[:1]]) * (knots[0] - ends[0])
    high = log_odds[-1] + min([slope, *pieces[-1:]]) * (ends[1] - knots[-1])
    return (
        np.concatenate([ends[:1], knots, ends[1:]]),
        np.concatenate([[low], log_odds, [high]]),
    )


def _calibration(scores: Floats, log_odds: Floats) -> Calibration:
    """Return the map through knots in order, leaving out those that rounding made equal."""
    log_odds = np.clip(log_odds, -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
    rises = (np.diff(scores) > 0) & (np.diff(log_odds) > 0)
    keep = np.concatenate([[True], rises])
    scores, log_odds = scores[keep], log_odds[keep]
    if len(scores) == 1:  # one score was seen; which way is up is all there is to say about others
        scores = np.append(scores, scores + max(1.0, abs(scores[0])))
        log_odds = np.append(log_odds, log_odds + _MIN_SLOPE)
    return Calibration(scores, log_odds)


def _equal_mass_bins(values: Floats, mass: Floats, n_bins: int) -> npt.NDArray[np.intp]:
    """Return bins 0.. by rising value, none empty, of about equal mass; equal values share one."""
    _, place = np.unique(values, return_inverse=True)
    of_value = np.bincount(place, mass)
    middle = (np.cumsum(of_value) - of_value / 2) / of_value.sum()
    bins = np.minimum((middle * n_bins).astype(np.intp), n_bins - 1)
    return np.unique(bins[place], return_inverse=True)[1]


def _effective_rows(weights: Floats) -> float:
    """Return (Σw)²/Σw² (Kish 1965), 0 without rows."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def _bounded(scores: Floats) -> Floats:
    """Return the scores with infinite and absurd ones replaced by the outermost ordinary ones."""
    ordinary = scores[np.abs(scores) <= _MAX_SCORE]
    if len(ordinary) == 0:
        return np.sign(scores)
    return np.clip(scores, ordinary.min(), ordinary.max())


def _usable(
    scores: Floats, labels: npt.ArrayLike, weights: Floats
) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Return the rows that have a weight, weights at most 1; raise on what has no meaning."""
    labels = np.asarray(labels)
    if not len(scores) == len(labels) == len(weights):
        raise ConfigurationError(
            f"{len(scores)} scores, {len(labels)} labels and {len(weights)} weights; expected one "
            "of each per row"
        )
    problems = {
        "scores that are NaN": np.isnan(scores),
        "labels other than 0 and 1": (labels != 0) & (labels != 1),
        "weights that are negative or not finite": ~(np.isfinite(weights) & (weights >= 0)),
    }
    for problem, rows in problems.items():
        if rows.any():
            raise ConfigurationError(
                f"{rows.sum()} of {len(rows)} rows have {problem}, the first is row "
                f"{rows.argmax()}; leave them out"
            )
    used = weights > 0
    if not used.any():
        raise ConfigurationError(
            f"none of {len(used)} rows has a weight above 0; pass at least one, or do not calibrate"
        )
    weights = weights[used]
    return scores[used], labels[used].astype(bool), weights / weights.max()
