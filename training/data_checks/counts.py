"""Is a count lower or higher than such counts are? Negative binomial tails around a median.

Counts of people's deeds vary more than Poisson's law says: one campaign, one rainy Monday moves
them all. Their variance is μ + φ μ², with φ by moments from the earlier windows, never below
``LEAST_SPREAD``. Source: Farrington et al., "A statistical algorithm for the early detection of
outbreaks of infectious disease" (1996), which compares with the same weeks of the past; here the
level is a median, so that one holiday among the earlier windows changes nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

__all__ = ["LEAST_SPREAD", "Usual", "usual"]

LEAST_SPREAD = 0.05
"""Least φ: with fewer than ten windows to learn from nobody knows that a count varies by less than
a fifth of itself."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a count usually is."""

    level: float
    spread: float
    """φ: the variance is level + φ level²."""

    def chance_of_fewer(self, count: float) -> float:
        """Return P(at most ``count``); 1 where nothing is expected."""
        if self.level <= 0.0:
            return 1.0
        size = 1.0 / self.spread
        return float(nbinom.cdf(count, size, size / (size + self.level)))

    def chance_of_more(self, count: float) -> float:
        """Return P(at least ``count``); 1 where nothing is expected."""
        if self.level <= 0.0:
            return 1.0
        size = 1.0 / self.spread
        return float(nbinom.sf(count - 1, size, size / (size + self.level)))


def usual(
    before: npt.NDArray[np.float64],
    exposure_before: npt.NDArray[np.float64] | None = None,
    exposure: float = 1.0,
) -> Usual:
    """Return level and spread of a count, from the same count in earlier windows.

    With exposures the count is expected to be in proportion to them: on a holiday everything is
    rarer, and no single kind of event is missing. The level is then the lower one of the median
    count and the median share times the exposure, so that a flood of other events does not make
    this kind look lost.
    """
    if not len(before):
        return Usual(0.0, LEAST_SPREAD)
    if exposure_before is None:
        centre, level = np.full(len(before), np.median(before)), float(np.median(before))
    else:
        share = float(np.median(before / np.maximum(exposure_before, 1.0)))
        centre = share * exposure_before
        level = min(float(np.median(before)), share * exposure)
    return Usual(level, _spread(before, centre))


def _spread(before: npt.NDArray[np.float64], centre: npt.NDArray[np.float64]) -> float:
    known = centre > 0.0
    if not known.any():
        return LEAST_SPREAD
    excess = (before[known] - centre[known]) ** 2 - centre[known]
    return max(LEAST_SPREAD, float(excess.sum() / (centre[known] ** 2).sum()))
