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
    """Shape (n,), any whole numbers; None where each row was randomised by itself."""
    stratum: Codes | None = None
    stratum_names: tuple[str, ...] = ()
    is_proportion: bool = False

    def totals(self) -> "Totals":
        """Return the totals per randomisation unit, about the pooled means.

        Variances do not change when a constant is taken from every row, and a large constant would
        cost digits.
        """
        columns = np.stack([self.numerator, self.denominator, self.covariate], axis=1)
        centre = columns.mean(axis=0)
        values = np.column_stack([np.ones(len(columns)), columns - centre])
        stratum = np.zeros(len(values), np.intp) if self.stratum is None else self.stratum
        if self.cluster is None:
            return Totals(values, centre, self.is_treated, stratum)
        _, first, code = np.unique(self.cluster, return_index=True, return_inverse=True)
        sums = [np.bincount(code, weights=column, minlength=len(first)) for column in values.T]
        return Totals(np.stack(sums, axis=1), centre, self.is_treated[first], stratum[first])


@dataclass(frozen=True, slots=True)
class Totals:
    """Per randomisation unit: count, numerator, denominator, covariate; shape (n_units, 4)."""

    values: Float
    centre: Float
    """(3,): what was taken from numerator, denominator and covariate of every row."""
    is_treated: npt.NDArray[np.bool_]
    stratum: Codes


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, means and covariance of the totals of some randomisation units."""

    n: int
    mean: Float
    """(4,)"""
    covariance: Float
    """(4, 4), over n − 1; zeros where n is 1."""
    centre: Float

    @property
    def means(self) -> Float:
        """(3,): numerator, denominator and covariate per row."""
        return np.asarray(self.mean[1:] / self.mean[COUNT] + self.centre)

    @property
    def spread(self) -> Float:
        """(3, 3): covariance of one unit's pull on the three means; over n that of the means.

        The mean per row is a ratio of totals to counts, hence the delta method: unit k pulls by
        (total_k − mean · count_k) / mean count. Where every unit is one row this is the plain
        covariance.
        """
        pull = np.column_stack([-self.mean[1:] / self.mean[COUNT], np.eye(3)]) / self.mean[COUNT]
        return np.asarray(pull @ self.covariance @ pull.T)


def moments(totals: Totals, members: npt.NDArray[np.bool_]) -> Moments:
    """Return the moments of some units, bool of shape (n_units,), at least one of them."""
    values = totals.values[members]
    mean = values.mean(axis=0)
    away = values - mean
    return Moments(
        len(values), mean, away.T @ away / max(len(values) - 1, 1), totals.centre
    )  # fmt: skip
