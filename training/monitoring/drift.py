"""Drift: whether a distribution moved by more than weeks of this company usually differ.

The population stability index between a week and its reference, PSI = Σ (p − q) ln(p / q), grows
with few people, clustered habits and single busy days although nothing moved. So it is not held
against the usual 0.1 and 0.25 alone, but first against what weeks drawn from the reference itself
reach: employees and days are drawn anew, never single events.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["LEAST_EXCESS", "Drift", "Rows", "drift_of", "holm", "psi", "rows_of"]

LEAST_EXCESS = 0.1
"""PSI beyond chance below which nobody needs to know; the usual mark for a moderate change
(Siddiqi 2006, "Credit risk scorecards", chapter 8)."""

_DRAWS = 200
"""Enough for mean and variance of the null, from which its tail is taken (a gamma distribution)."""
_TAIL = 0.001
"""The bound of the expected range: one healthy week in a thousand lies above."""

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """What one employee did on one day, over K categories; n rows."""

    employee: Int
    week: Int
    """0 is watched, 1..R are the reference."""
    day: Int
    """0..6 within the week."""
    counts: Float
    """(n, K), 0 or more."""

    def take(self, rows: npt.NDArray[np.bool_]) -> "Rows":
        """Return the rows where the mask is true."""
        return Rows(self.employee[rows], self.week[rows], self.day[rows], self.counts[rows])

    def people(self, week: int | None = None) -> int:
        """Return how many employees there are, of one week or of the reference."""
        rows = self.week > 0 if week is None else self.week == week
        return len(np.unique(self.employee[rows & (self.counts.sum(axis=1) > 0)]))


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a week lies from its reference."""

    psi: float
    chance: float
    """Mean PSI of weeks drawn from the reference: what is reached without any change."""
    high: float
    """What one in a thousand of them exceeds."""
    trend: float
    """What the reference's own slow change, going on, would add."""
    p_value: float
    now: Float
    """(K,) shares of the watched week."""
    before: Float
    """(K,) shares of the reference."""

    @property
    def excess(self) -> float:
        """Return the PSI less what chance and the trend give."""
        return self.psi - self.chance - self.trend


def rows_of(employee: Int, week: Int, day: Int, category: Int, k: int) -> Rows:
    """Return the rows of single events; those with week or category below 0 are left out."""
    kept = (week >= 0) & (category >= 0)
    employee, week, day, category = employee[kept], week[kept], day[kept], category[kept]
    width = int(week.max(initial=0) + 1) * 7
    keys, row = np.unique(employee * width + week * 7 + day, return_inverse=True)
    counts = np.bincount(row * k + category, minlength=len(keys) * k).reshape(len(keys), k)
    return Rows(keys // width, keys % width // 7, keys % 7, counts.astype(np.float64))


def psi(now: Float, before: Float) -> float:
    """Return the population stability index of two count vectors of shape (K,).

    Half a count is added to every category, so that an empty one counts by how many there might
    have been (Jeffreys' prior) and not infinitely.

    Examples
    --------
    >>> round(psi(np.array([10.5, 29.5]), np.array([19.5, 20.5])), 4)
    0.2274
    """
    p, q = _smoothed(now), _smoothed(before)
    return float(((p - q) * np.log(p / q)).sum())


def _smoothed(counts: Float) -> Float:
    full = counts + 0.5
    return np.asarray(full / full.sum(axis=-1, keepdims=True))


def drift_of(
    rows: Rows, n_weeks: int, rng: np.random.Generator, *, skipped: int = 1
) -> Drift | None:
    """Return the drift of week 0 against the weeks 1..``n_weeks``; None where one is empty.

    The null: a week is drawn from the reference twice over, once by days (each weekday from a
    week of its own, as all had it: what moved everybody), once by employees (each with some week
    of their own: what is people's habit), and both deviations from the reference are added. That
    counts the noise of single visits twice, which errs towards silence. Variances are corrected
    for the reference being finite: (R + 1) / (R − 1) for days, which are drawn from the reference
    they are compared with, and 1 + 1 / R for employees, drawn around it.

    Slow growth is no fault: what the latest week of the reference lies off from the others beyond
    chance is taken as a trend and carried on to the watched week, ``skipped`` weeks later (a PSI
    grows with the square of a distance).
    """
    now = rows.counts[rows.week == 0].sum(axis=0)
    reference = rows.take(rows.week > 0)
    before = reference.counts.sum(axis=0)
    if n_weeks < 2 or now.sum() <= 0 or before.sum() <= 0:
        return None
    size = before.sum() / n_weeks
    center = before / before.sum()
    by_day = _shares(_weeks_of_days(reference, n_weeks, rng)) - center
    by_day *= np.sqrt((n_weeks + 1) / (n_weeks - 1))
    by_employee = _shares(_weeks_of_employees(rows, n_weeks, rng)) - center
    by_employee *= np.sqrt(1 + 1 / n_weeks)
    drawn = np.maximum(center + by_day + by_employee, 0.0) * min(size, now.sum())
    null = np.array([psi(week, before) for week in drawn])
    found, mean, variance = psi(now, before), float(null.mean()), float(null.var())
    trend = _trend(reference, n_weeks, skipped, mean)
    shape = max(mean**2 / max(variance, 1e-18), 1e-6)
    gamma = stats.gamma(shape, scale=max(mean, 1e-12) / shape)
    high, p_value = trend + float(gamma.isf(_TAIL)), float(gamma.sf(found - trend))
    return Drift(found, mean, high, trend, p_value, now / now.sum(), center)


def _trend(reference: Rows, n_weeks: int, skipped: int, chance: float) -> float:
    latest = reference.counts[reference.week == 1].sum(axis=0)
    others = reference.counts[reference.week > 1].sum(axis=0)
    if latest.sum() <= 0 or others.sum() <= 0:
        return 0.0
    further = (skipped + (n_weeks - 1) / 2) / (n_weeks / 2)
    return float(max(psi(latest, others) - chance, 0.0) * further**2)


def _weeks_of_days(reference: Rows, n_weeks: int, rng: np.random.Generator) -> Float:
    """Return (draws, K): weeks made of seven days, each from any week of the reference."""
    k = reference.counts.shape[1]
    days = np.zeros((n_weeks, 7, k))
    np.add.at(days, (reference.week - 1, reference.day), reference.counts)
    drawn = rng.integers(n_weeks, size=(_DRAWS, 7))
    return np.asarray(days[drawn, np.arange(7)].sum(axis=1))


def _weeks_of_employees(rows: Rows, n_weeks: int, rng: np.random.Generator) -> Float:
    """Return (draws, K): weeks of about as many employees as the watched one has."""
    reference = rows.take(rows.week > 0)
    key = reference.employee * (n_weeks + 1) + reference.week
    _, owner = np.unique(key, return_inverse=True)
    weeks = np.zeros((int(owner.max(initial=-1)) + 1, reference.counts.shape[1]))
    np.add.at(weeks, owner, reference.counts)
    rate = rows.people(0) / max(len(weeks), 1)
    return np.stack([rng.poisson(rate, len(weeks)) @ weeks for _ in range(_DRAWS)])


def _shares(counts: Float) -> Float:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12))


def holm(p_values: Float) -> Float:
    """Return p-values adjusted for their number (Holm 1979); shape as given."""
    order = np.argsort(p_values)
    n = len(p_values)
    stepped = np.maximum.accumulate(p_values[order] * (n - np.arange(n)))
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
