"""Randomisation test on clusters, and the interval of the effects it does not reject."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from experiments.moments import COUNT, Totals

__all__ = ["MANY_CLUSTERS", "MAX_ASSIGNMENTS", "Permutations", "permute"]

Float = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MANY_CLUSTERS = 40
"""From here on the t-test decides; below, its error passes 6 % where clusters differ in size."""

MAX_ASSIGNMENTS = 200_000
"""Up to so many are gone through one by one, which takes in ten clusters against ten."""
_DRAWS = 100_000
"""Of more assignments so many are drawn: a p-value of 0.05 is then right to 0.0014 (two standard
errors)."""
_FEW_DRAWS, _LEAST_DRAWS = 10_000, 1_000
"""Where clusters are many the test decides nothing: right to 0.0044, or less for thousands."""
_BLOCK = 4_000_000
"""Draws times clusters held at once, 32 MB."""
_TIE = 1e-9
"""Relative to the spread of the differences: what lies closer together counts as equal."""


@dataclass(frozen=True, slots=True)
class Permutations:
    """How the effect compares with what other assignments of the same clusters would have shown."""

    p_value: float
    _effect: float
    _below: Float
    _above: Float
    """For each assignment the effects, relative to the observed one, between which it is at least
    as far from zero effect as the observed assignment; ascending in size."""
    _n: int

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the additive effects with a p-value above ``alpha``; infinite if all have one."""
        # Assignments that must still be at least as extreme for p to exceed alpha.
        needed = int(np.floor(alpha * self._n * (1 + 1e-12))) + 1
        extra = self._n - len(self._above)  # the observed assignment, where it was not drawn
        place = needed - extra - 1
        if place < 0:
            return -np.inf, np.inf
        above = -np.partition(-self._above, place)[place]
        below = np.partition(self._below, place)[place]
        return float(self._effect + below), float(self._effect + above)


def permute(totals: Totals, theta: float = 0.0) -> Permutations:
    """Compare the difference of the arms with that under other assignments of the clusters.

    Each stratum keeps its number of treated clusters. The statistic is the effect itself: the
    difference of means over rows (or of ratios, or of means less θ times the covariate's). Under
    no effect at all the p-value is exact whatever the sizes of clusters; θ knows nothing of the
    assignment, so that this holds with a covariate too.

    The interval holds every effect τ that a test of "each row gained τ" (or a ratio τ per unit of
    its denominator) does not reject. Under assignment π the difference of the outcomes less τ is
    A − τB, with B the difference of the shares of rows that truly were treated; the observed one
    is d − τ. So π is at least as extreme exactly for τ − d between −e / (1 − B) and e / (1 + B),
    e = A − dB, and the ends of the interval are order statistics of those: no search. An estimated
    θ is kept as it is.

    All assignments are gone through if there are few, else they are drawn with a fixed seed, and
    the observed one counts as one of them (Phipson and Smyth 2010): the answer is always the same.

    Parameters
    ----------
    totals
        Of clusters, in an order that does not depend on the order of rows.
    theta
        What is taken off per unit of the covariate.
    """
    columns = _columns(totals, theta)
    strata = np.unique(totals.stratum)
    is_listed = len(strata) == 1 and _n_assignments(totals) <= MAX_ASSIGNMENTS
    found = [_differences(totals, columns, block, theta) for block in _blocks(totals, is_listed)]
    moved, share = (np.concatenate(parts) for parts in zip(*found, strict=True))
    observed = [totals.is_treated[totals.stratum == s][:, None] for s in strata]
    effect = float(_differences(totals, columns, observed, theta)[0][0])
    n = len(moved) + (0 if is_listed else 1)
    # An arm without any denominator has no ratio: nothing speaks against its being as extreme.
    is_void = ~np.isfinite(moved)
    moved[is_void], share[is_void] = 0.0, 1.0
    tie = _TIE * max(float(np.abs(moved).max()), abs(effect))
    is_extreme = is_void | (np.abs(moved) >= abs(effect) - tie)
    extreme = int(np.count_nonzero(is_extreme)) + n - len(moved)
    rest = moved - effect * share
    size, towards = np.abs(rest), np.where(rest < 0, -share, share)
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = -size / (1 - towards), size / (1 + towards)
    # The observed assignment and its mirror image are as extreme whatever the effect.
    always = 1 - np.abs(share) < _TIE
    below[always], above[always] = -np.inf, np.inf
    return Permutations(extreme / n, effect, below, above, n)


def _columns(totals: Totals, theta: float) -> Float:
    """Return what is added up per arm, shape (n_columns, n_clusters), the count of rows first.

    Of a mean: the outcome less the covariate's part, and the rows that truly are treated. Of a
    ratio: numerator, denominator, covariate, and the denominator of those rows.
    """
    values = totals.values.copy()
    values[1:] += totals.centre[:, None] * values[COUNT]
    count, numerator, denominator, covariate = values
    if np.array_equal(count, denominator):
        return np.stack([count, numerator - theta * covariate, count * totals.is_treated])
    return np.stack([*values, denominator * totals.is_treated])


def _differences(
    totals: Totals, columns: Float, assignments: Sequence[Float | Bools], theta: float
) -> tuple[Float, Float]:
    """Return per assignment the difference of the arms, and that of the shares of the treated."""
    strata = np.unique(totals.stratum)
    counts = np.bincount(totals.stratum, weights=columns[COUNT])[strata]
    shape = (len(columns) - 1, assignments[0].shape[1])
    arms = [np.zeros(shape), np.zeros(shape)]
    for stratum, weight, chosen in zip(strata, counts / counts.sum(), assignments, strict=True):
        part = columns[:, totals.stratum == stratum]
        inside = part @ np.asarray(chosen, np.float64)
        outside = part.sum(axis=1)[:, None] - inside
        arms[0] += weight * outside[1:] / outside[COUNT]
        arms[1] += weight * inside[1:] / inside[COUNT]
    (control, control_share), (treated, treated_share) = (_read(arm, theta) for arm in arms)
    return treated - control, treated_share - control_share


def _read(arm: Float, theta: float) -> tuple[Float, Float]:
    """Return value and share of the truly treated, of the means of an arm's columns."""
    if len(arm) == 2:
        return arm[0], arm[1]
    numerator, denominator, covariate, treated = arm
    with np.errstate(divide="ignore", invalid="ignore"):
        return numerator / denominator - theta * covariate, treated / denominator


def _n_assignments(totals: Totals) -> int:
    return comb(len(totals.is_treated), int(np.count_nonzero(totals.is_treated)))


def _blocks(totals: Totals, is_listed: bool) -> Iterator[list[Float]]:
    """Yield blocks of assignments: a matrix of 0 and 1 per stratum, shape (n_clusters, n)."""
    sides = [totals.is_treated[totals.stratum == s] for s in np.unique(totals.stratum)]
    sizes = tuple((len(side), int(np.count_nonzero(side))) for side in sides)
    if is_listed:
        yield [_all_assignments(*sizes[0])]
        return
    n_clusters = len(totals.is_treated)
    n_draws = _DRAWS
    if n_clusters >= MANY_CLUSTERS:
        n_draws = min(_FEW_DRAWS, max(_LEAST_DRAWS, _BLOCK // n_clusters))
    per_block = max(1, min(n_draws, _BLOCK // n_clusters))
    if per_block == n_draws:
        yield _drawn(sizes, n_draws, 0)
        return
    for number, start in enumerate(range(0, n_draws, per_block)):
        yield _draw(sizes, min(per_block, n_draws - start), number)


@lru_cache(maxsize=2)
def _all_assignments(n: int, n_treated: int) -> Float:
    """Return all choices; of those and their mirror images only one where the arms are equal."""
    if 2 * n_treated == n:
        rest = np.array(list(combinations(range(1, n), n_treated - 1)), np.intp)
        chosen = np.column_stack([np.zeros(len(rest), np.intp), rest.reshape(len(rest), -1)])
    else:
        chosen = np.array(list(combinations(range(n), n_treated)), np.intp)
    assignments = np.zeros((n, len(chosen)))
    np.put_along_axis(assignments, chosen.T, 1.0, axis=0)
    return assignments


@lru_cache(maxsize=2)
def _drawn(sizes: tuple[tuple[int, int], ...], n_draws: int, number: int) -> list[Float]:
    return _draw(sizes, n_draws, number)


def _draw(sizes: tuple[tuple[int, int], ...], n_draws: int, number: int) -> list[Float]:
    rng = np.random.default_rng([2026, number])
    drawn = []
    for n, n_treated in sizes:
        first = np.zeros((n_draws, n), np.int8)
        first[:, :n_treated] = 1
        drawn.append(np.ascontiguousarray(rng.permuted(first, axis=1).T, np.float64))
    return drawn
