"""Sufficient statistics: all that the estimates need to know about the units of one arm."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["COUNT", "COVARIATE", "DENOMINATOR", "NUMERATOR", "Moments", "Rows", "moments"]

Float = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

COUNT, NUMERATOR, DENOMINATOR, COVARIATE = range(4)
"""Places of the four totals of a randomisation unit."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One contrast of one metric: the rows that count, of control and of one variant.

    A mean is a ratio with the denominator 1; without a covariate its column is 0.
    """

    numerator: Float
    denominator: Float
    covariate: Float
    is_treated: npt.NDArray[np.bool_]
    cluster: Codes | None = None
    """Shape (n,), small whole numbers; None where each row was randomised by itself."""
    stratum: Codes | None = None
    stratum_names: tuple[str, ...] = ()
    is_proportion: bool = False

    def totals(self) -> "Totals":
        """Return the totals per randomisation unit, about the pooled means.

        Variances do not change when a constant is taken from every row, and a large constant would
        cost digits.
        """
        n = len(self.numerator)
        values, centre = np.ones((4, n)), np.empty(3)
        for place, column in enumerate((self.numerator, self.denominator, self.covariate)):
            centre[place] = column.mean()
            np.subtract(column, centre[place], out=values[place + 1])
        stratum = np.zeros(n, np.intp) if self.stratum is None else self.stratum
        if self.cluster is None:
            return Totals(values, centre, self.is_treated, stratum)
        known = np.flatnonzero(np.bincount(self.cluster))
        sums = [np.bincount(self.cluster, weights=column)[known] for column in values]
        is_treated, strata = np.zeros(known[-1] + 1, np.bool_), np.zeros(known[-1] + 1, np.intp)
        is_treated[self.cluster], strata[self.cluster] = self.is_treated, stratum
        return Totals(np.array(sums, np.float64), centre, is_treated[known], strata[known])


@dataclass(frozen=True, slots=True)
class Totals:
    """Per randomisation unit: count, numerator, denominator, covariate."""

    values: Float
    """(4, n_units)"""
    centre: Float
    """(3,): what was taken from numerator, denominator and covariate of every row."""
    is_treated: npt.NDArray[np.bool_]
    stratum: Codes

    @property
    def n(self) -> int:
        """Randomisation units."""
        return len(self.is_treated)


@dataclass(frozen=True, slots=True)
class Moments:
    """What the estimates need to know about some randomisation units."""

    n: int
    means: Float
    """(3,): numerator, denominator and covariate per row."""
    spread: Float
    """(3, 3): covariance of one unit's pull on the three means, over n − 1; zeros where n is 1.
    Over n it is the covariance of the means."""


def moments(totals: Totals, members: npt.NDArray[np.bool_]) -> Moments:
    """Return the moments of some units, bool of shape (n_units,), at least one of them.

    A mean per row is a ratio of totals to counts, hence the delta method: unit k pulls by
    (total_k − mean · count_k) / mean count. Where every unit is one row, that is its value less the
    mean.
    """
    values = totals.values[:, members]
    n, count = values.shape[1], values[COUNT].mean()
    means = values[1:].mean(axis=1) / count
    pull = values[1:] - means[:, None] * values[COUNT]
    spread = pull @ pull.T / (count**2 * max(n - 1, 1))
    return Moments(n, means + totals.centre, spread)
