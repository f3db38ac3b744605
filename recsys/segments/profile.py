"""How each employee reads, against the company: a few axes, shrunken by how much is known."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.segments.axes import DEPTH, FAMILY, INTEREST, N_AXES, TIME_COST, Float, Index
from recsys.segments.expectation import (
    BUCKETS,
    LINKED,
    MOBILE,
    POSITION,
    SHORT,
    SHORT_ON_MOBILE,
    Expectation,
    is_handheld,
)
from recsys.state.showings import Showings
from recsys.times import DAY_US

__all__ = ["HALF_LIFE_US", "Profiles", "Yardstick", "read_profiles"]

HALF_LIFE_US = 60 * DAY_US
"""The half-life of interests elsewhere in the live state: habits outlive a campaign, not a year."""

_CARRY = 0.5
"""What is known of a form or length before opening shows half as much as what is done inside
(0.35 to 0.7 in simulated companies; assignments change little in between)."""

_STEPS = 20
_CLOSE = 0.01
"""Newton steps end when one is below a hundredth of a logit, mostly the third: the error that is
left is its square."""
_LONGEST_STEP = 1.0
"""Logits: whoever opens all of what hardly anybody opens would be sent far beyond and back."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What people are measured against: the company, and how much its people differ."""

    expectation: Expectation
    centre: Float
    """(N_AXES,) of the usual employee; the usual showing is of somebody who comes often."""
    precision: Float
    """(N_AXES, N_AXES): inverse covariance between employees, estimated from the data (empirical
    Bayes)."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """n employees: Gaussian posteriors on the axes, relative to the usual employee."""

    mean: Float
    """(n, N_AXES)."""
    precision: Float
    """(n, N_AXES, N_AXES), that of the prior included."""
    n_showings: Float
    """(n,) weighted by age."""

    def __len__(self) -> int:
        return len(self.mean)

    def take(self, rows: npt.NDArray[np.bool_] | Index) -> Self:
        """Return the profiles at ``rows``."""
        return type(self)(self.mean[rows], self.precision[rows], self.n_showings[rows])


class _Rows(NamedTuple):
    """Showings for kernels, each of shape (n,)."""

    at: Index
    form: npt.NDArray[np.int8]
    position: npt.NDArray[np.int16]
    handheld: Flags
    is_impression: Flags
    opened: Flags
    completed: Flags
    deep: Flags
    short: Float


@kernel
def _usual(rows: _Rows, r: int, c: Float) -> float:
    """Return what the company's logit with coefficients ``c`` is for showing ``r``."""
    short = rows.short[r]
    logit = c[0] + c[1 + rows.form[r]] + c[SHORT] * short
    if rows.handheld[r]:
        logit += c[MOBILE] + c[SHORT_ON_MOBILE] * short
    if not rows.is_impression[r]:
        logit += c[LINKED]
    bucket = 0
    while bucket < len(BUCKETS) and rows.position[r] > BUCKETS[bucket]:
        bucket += 1
    if bucket > 0:
        logit += c[POSITION + bucket - 1]
    return float(logit)


@kernel
def _learn(
    level: int, family: int, on_length: float, on_family: float, usual: float, success: bool,
    weight: float, theta: Float, gradient: Float, precision: Float,
) -> None:  # fmt: skip
    """Add one yes or no to the gradient and the upper half of the precision at ``theta``.

    Its logit is ``usual`` + θ[level] + on_length θ[time cost] + on_family θ[family].
    """
    logit = usual + theta[level] + on_length * theta[TIME_COST] + on_family * theta[family]
    p = 1.0 / (1.0 + np.exp(-logit))
    slope = weight * ((1.0 if success else 0.0) - p)
    information = weight * p * (1.0 - p)
    gradient[level] += slope
    gradient[TIME_COST] += slope * on_length
    gradient[family] += slope * on_family
    low, high = min(level, TIME_COST), max(level, TIME_COST)
    precision[level, level] += information
    precision[low, high] += information * on_length
    precision[level, family] += information * on_family
    precision[TIME_COST, TIME_COST] += information * on_length * on_length
    precision[TIME_COST, family] += information * on_length * on_family
    precision[family, family] += information * on_family * on_family


@kernel
def _learn_all(
    rows: _Rows, first: int, weight: Float, usual: Float, theta: Float, gradient: Float,
    precision: Float,
) -> None:  # fmt: skip
    """Add everything that the showings from ``first`` on tell of one person."""
    for i in range(len(weight)):
        r, w = first + i, weight[i]
        short, family = rows.short[r], FAMILY[rows.form[r]]
        if rows.is_impression[r]:
            _learn(
                INTEREST, family, _CARRY * short, _CARRY, usual[i, 0], rows.opened[r], w, theta,
                gradient, precision,
            )  # fmt: skip
        if rows.opened[r]:
            _learn(
                DEPTH, family, short, 1.0, usual[i, 1], rows.completed[r], w, theta, gradient,
                precision,
            )  # fmt: skip
            _learn(
                DEPTH, family, 0.0, 0.0, usual[i, 2], rows.deep[r], w, theta, gradient, precision
            )
    for j in range(N_AXES):
        for k in range(j):
            precision[j, k] = precision[k, j]


@kernel
def _read(
    rows: _Rows, starts: Index, coefficients: Float, deep_logit: float, centre: Float,
    prior: Float, now: int, mean: Float, precision: Float, n_showings: Float,
) -> None:  # fmt: skip
    gradient = np.empty(N_AXES)
    for g in range(len(starts) - 1):
        first, n = starts[g], starts[g + 1] - starts[g]
        weight, usual = np.empty(n), np.empty((n, 3))
        for i in range(n):
            age = float(now - rows.at[first + i])
            weight[i] = np.exp2(-age / HALF_LIFE_US) if age > 0.0 else 0.0
            usual[i, 0] = _usual(rows, first + i, coefficients[0])
            usual[i, 1] = _usual(rows, first + i, coefficients[1])
            usual[i, 2] = deep_logit
        theta = centre.copy()
        for _ in range(_STEPS):
            precision[g] = prior
            gradient[:] = prior @ (centre - theta)
            _learn_all(rows, first, weight, usual, theta, gradient, precision[g])
            step = np.linalg.solve(precision[g], gradient)
            length = np.abs(step).max()
            theta += step / max(length / _LONGEST_STEP, 1.0)
            if length < _CLOSE:
                break
        mean[g] = theta - centre
        n_showings[g] = weight.sum()


def read_profiles(
    showings: Showings, starts: Index, short: Float, yardstick: Yardstick, at: int
) -> Profiles:
    """Return a profile for each run ``starts[g]:starts[g + 1]`` of ``showings``.

    Per person three logits with effects θ ~ N(centre, precision⁻¹): opening an impression,
    completing what was opened, and going deeper, each beside what the company does under the same
    circumstances. The posterior is Gaussian around its mode (Laplace), so an axis of which the
    showings tell nothing stays at 0. Showings from ``at`` (microseconds) on do not count, older
    ones count half every ``HALF_LIFE_US``. ``short`` is the shortness of each showing, shape (n,).
    Cost: 0.1 µs a showing.
    """
    n, expectation = len(starts) - 1, yardstick.expectation
    profiles = Profiles(np.empty((n, N_AXES)), np.empty((n, N_AXES, N_AXES)), np.empty(n))
    rows = _Rows(
        showings.at, showings.form, showings.position, is_handheld(showings.device),
        showings.is_impression, showings.opened, showings.completed, showings.deep, short,
    )  # fmt: skip
    _read(
        rows, starts, expectation.coefficients, expectation.deep_logit, yardstick.centre,
        yardstick.precision, at, profiles.mean, profiles.precision, profiles.n_showings,
    )  # fmt: skip
    return profiles
