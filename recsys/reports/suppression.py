"""Tables of counts that tell nothing about small groups, not even by subtraction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from recsys.errors import ConfigurationError

__all__ = ["DEFAULT_K", "Sum", "SuppressedTable", "suppress", "suppress_sums"]

DEFAULT_K = 10
"""Groups below ten are hidden: a court took evaluation of groups of five for one of persons (BAG 1
ABR 6/94), and the common thresholds of survey tools lie between five and ten."""

Counts = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Sum = tuple[Sequence[int], int]
"""Places of parts, and the place of their total."""


@dataclass(frozen=True, slots=True)
class SuppressedTable:
    """Counts with their totals, and which of them may be shown."""

    counts: Counts
    """(n + 1,) or (n + 1, m + 1): the last entry of each axis is the total."""
    is_shown: Bools

    def values(self) -> list[Any]:
        """Return the counts as (nested) lists of whole numbers, None where hidden."""
        counts = self.counts.astype(object)
        counts[~self.is_shown] = None
        return list(counts.tolist())


def suppress(counts: Counts, k: int = DEFAULT_K) -> SuppressedTable:
    """Add totals to a table of counts and hide what could tell about fewer than ``k`` people.

    Primary suppression hides every count and total below ``k``, zeros too: that nobody in a group
    does something is said of everybody in it. Complementary suppression then hides the next
    smallest count wherever a hidden one could still be computed, until none can: not by
    subtraction, nor from the fact that no count is negative (decided by linear programming, exact
    because counts and their totals in one or two dimensions are totally unimodular; Fischetti and
    Salazar 2001, "Solving the cell suppression problem on tabular data").

    Parameters
    ----------
    counts
        Integers, shape (n,) or (n, m), 0 or more; n and m may be 0.
    k
        Smallest number of people that may be shown; 1 hides zeros only.

    Raises
    ------
    ConfigurationError
        On a table of another shape, negative counts or ``k`` below 1.

    Examples
    --------
    >>> suppress(np.array([5, 12, 30])).values()
    [None, None, 30, 47]
    """
    _check(counts, k)
    full = _with_totals(counts)
    shown = _shown(full.ravel(), _lines(full.shape), k, np.zeros(full.size, np.bool_))
    return SuppressedTable(full, shown.reshape(full.shape))


def suppress_sums(
    values: Counts, sums: Sequence[Sum], k: int = DEFAULT_K, keep: Collection[int] = ()
) -> Bools:
    """Return bool per count, shape (n,): what may be shown of counts that add up to one another.

    For tables of any build: subtotals, several tables with totals in common. The rules are those of
    :func:`suppress`; exact where the sums are a network of flows, as hierarchies are and tables in
    two dimensions that share a margin, else no less careful than counts in fractions need.

    Parameters
    ----------
    values
        Counts and all their totals, 0 or more.
    sums
        Which values are the parts of which; everything a reader could add up has to be in it.
    k
        As in :func:`suppress`.
    keep
        Places of values that are hidden for the sake of others only where nothing else would do.

    Raises
    ------
    ConfigurationError
        On negative counts, ``k`` below 1, or parts that do not make their total.

    Examples
    --------
    >>> suppress_sums(np.array([12, 5, 17, 30, 47]), [([0, 1], 2), ([2, 3], 4)]).tolist()
    [False, False, True, True, True]
    """
    _check(values, k)
    lines = np.zeros((len(sums), len(values)))
    for line, (parts, total) in zip(lines, sums, strict=True):
        line[list(parts)], line[total] = 1.0, -1.0
    if (wrong := np.flatnonzero(lines @ values)).size:
        parts, total = sums[int(wrong[0])]
        raise ConfigurationError(
            f"the parts {values[list(parts)].tolist()} do not add up to {values[total]}; expected "
            "the sums that the counts obey"
        )
    is_kept = np.zeros(len(values), np.bool_)
    is_kept[list(keep)] = True
    return _shown(values, lines, k, is_kept)


def _shown(values: Counts, lines: npt.NDArray[np.float64], k: int, is_kept: Bools) -> Bools:
    shown = np.asarray(values >= k)
    while shown.any() and (computable := _computable(values, shown, lines)).any():
        shown[_next_to_hide(computable, values, shown, lines, is_kept)] = False
    return shown


def _check(counts: Counts, k: int) -> None:
    if counts.ndim not in (1, 2) or (counts < 0).any():
        raise ConfigurationError(
            f"a table of shape {counts.shape} with a least count of {counts.min(initial=0)} cannot "
            "be suppressed; expected counts from 0 in one or two dimensions"
        )
    if k < 1:
        raise ConfigurationError(f"k is {k}; expected at least 1, the size of a smallest group")


def _with_totals(counts: Counts) -> Counts:
    for axis in range(counts.ndim):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    return counts.astype(np.int64)


def _lines(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return the equations of a table with totals, (n_lines, n_values): 1 for parts, −1 for totals.

    Every row and column adds up to its total, that of the totals included.
    """
    place = np.arange(np.prod(shape)).reshape(shape)
    sequences = [place] if len(shape) == 1 else [*place, *place.T]
    lines = np.zeros((len(sequences), place.size))
    for line, members in zip(lines, sequences, strict=True):
        line[members[:-1]], line[members[-1]] = 1.0, -1.0
    return lines


def _computable(values: Counts, shown: Bools, lines: npt.NDArray[np.float64]) -> Bools:
    """Return bool per value: hidden, but only one number agrees with everything shown."""
    alone = _alone(shown, lines)
    if alone.any():  # known without solving anything; the others come in a later round
        return alone
    hidden = np.flatnonzero(~shown)
    undecided = np.zeros(len(values), np.bool_)
    undecided[hidden] = True
    equations = lines[:, hidden]
    known = -lines[:, shown] @ values[shown]
    # Nothing bounds a total whose parts are all hidden; more people than these need no proof.
    bounds = (0, 2 * int(values.max(initial=0)) + 1)
    for place, value in enumerate(hidden.tolist()):
        for sign in (1.0, -1.0):
            if undecided[value]:
                wanted = np.zeros(len(hidden))
                wanted[place] = sign
                other = linprog(wanted, A_eq=equations, b_eq=known, bounds=bounds).x
                undecided[hidden] &= np.abs(other - values[hidden]) < 0.5
    return undecided


def _alone(shown: Bools, lines: npt.NDArray[np.float64]) -> Bools:
    """Return bool per value: the only hidden one of a line."""
    hidden = (lines != 0) & ~shown
    return np.asarray(hidden[hidden.sum(axis=1) == 1].any(axis=0))


def _next_to_hide(
    computable: Bools, values: Counts, shown: Bools, lines: npt.NDArray[np.float64],
    is_kept: Bools,
) -> int:  # fmt: skip
    """Return the smallest value beside a computable one; a part rather than a total.

    Lines in which nothing else is hidden come first: there another one has to go in any case.
    """
    members = lines != 0
    n_hidden = (members & ~shown).sum(axis=1)
    alone = members[(n_hidden == 1) & (members & computable).any(axis=1)]
    among = alone if len(alone) else members[(members & computable).any(axis=1)]
    is_part = (lines >= 0).all(axis=0)
    beside = among & shown
    for line in (*(beside & is_part & ~is_kept), *(beside & ~is_kept), *beside, shown):
        if line.any():
            found = np.flatnonzero(line)
            return int(found[values[found].argmin()])
    raise AssertionError("nothing is shown, so nothing can be computed")
