"""Counters that halve: sums of weights which lose half their value every half-life."""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.state.key_index import Rows
from recsys.times import NO_TIME

__all__ = ["FORGOTTEN", "CountTable", "DecayedCounts", "count"]

Float = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

FORGOTTEN = 64.0
"""After 64 half-lives a weight of 1 is 5e-20, below the rounding of a single other reading."""


class CountTable(NamedTuple):
    """The arrays of a :class:`DecayedCounts`, for kernels; valid until the next ``add``."""

    values: Float
    """Shape (n_rows, n_half_lives)."""
    at: Times
    """The newest event of each row; ``NO_TIME`` where there was none."""
    half_lives: Float


@kernel
def count(table: CountTable, row: int, which: int, now: int) -> float:
    """Return the count of a row at ``now`` by half-life number ``which``; 0 if never added to."""
    if row < 0 or row >= len(table.at) or table.at[row] == NO_TIME:
        return 0.0
    halvings = float(now - table.at[row]) / table.half_lives[which]
    return float(table.values[row, which] * np.exp2(-halvings)) if halvings < FORGOTTEN else 0.0


@kernel
def _add(
    values: Float, at: Times, half_lives: Float, rows: Rows, times: Times, weights: Float
) -> None:
    n_half_lives = len(half_lives)
    for i in range(len(rows)):
        row = rows[i]
        if row < 0:
            continue
        elapsed = float(times[i] - at[row]) if at[row] != NO_TIME else 0.0
        for j in range(n_half_lives):
            factor = np.exp2(-abs(elapsed) / half_lives[j])
            if elapsed >= 0:
                values[row, j] = values[row, j] * factor + weights[i]
            else:
                values[row, j] += weights[i] * factor
        if elapsed >= 0:
            at[row] = times[i]


@kernel
def _read(table: CountTable, rows: Rows, now: int, out: Float) -> None:
    for i in range(len(rows)):
        for which in range(len(table.half_lives)):
            out[i, which] = count(table, rows[i], which, now)


class DecayedCounts:
    """Per row and half-life h: Σ weight · 2^(−(t − t_event)/h) over the events added.

    Additive over the log: the order of adding does not matter (up to rounding, ~1e-15 relative)
    and the counters of two time ranges combine by :meth:`merge`. Rows are given by the caller;
    the table grows as they appear. Half-lives are microseconds.
    """

    def __init__(self, half_lives_us: tuple[int, ...]) -> None:
        self.half_lives_us = half_lives_us
        self._half_lives: Float = np.asarray(half_lives_us, np.float64)
        self._values: Float = np.zeros((0, len(half_lives_us)))
        self._at: Times = np.zeros(0, np.int64)

    def add(self, rows: Rows, times: Times, weights: Float) -> None:
        """Add ``weights[i]`` at ``times[i]`` to ``rows[i]``; negative rows are passed over."""
        if len(rows) == 0:
            return
        self._reserve(int(rows.max()) + 1)
        _add(self._values, self._at, self._half_lives, rows, times, weights)

    def read(self, rows: Rows, now: int) -> Float:
        """Return float64 values at ``now``, shape (n, n_half_lives); 0 for rows never added to.

        ``now`` must not lie before the newest event of a row.
        """
        out = np.zeros((len(rows), len(self.half_lives_us)))
        _read(self.table, rows, now, out)
        return out

    @property
    def table(self) -> CountTable:
        """Return the arrays for kernels; views."""
        return CountTable(self._values, self._at, self._half_lives)

    def merge(self, other: Self) -> None:
        """Add the counters of another time range with the same rows and half-lives."""
        rows = np.flatnonzero(other._at != NO_TIME).astype(np.int64)
        if len(rows) == 0:
            return
        self._reserve(int(rows.max()) + 1)
        theirs = other._at[rows]
        mine = np.where(
            self._at[rows] == NO_TIME, theirs, self._at[rows]
        )  # nothing decays as it is
        newest = np.maximum(mine, theirs)
        for j, half_life in enumerate(self._half_lives):
            keep = np.exp2((mine - newest) / half_life)
            gain = np.exp2((theirs - newest) / half_life)
            self._values[rows, j] = self._values[rows, j] * keep + other._values[rows, j] * gain
        self._at[rows] = newest

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        return {"values": self._values, "at": self._at}

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._values = np.array(arrays["values"], np.float64)
        self._at = np.array(arrays["at"], np.int64)

    def _reserve(self, n_rows: int) -> None:
        if n_rows <= len(self._at):
            return
        capacity = max(n_rows, 2 * len(self._at))
        values = np.zeros((capacity, len(self.half_lives_us)))
        at = np.full(capacity, NO_TIME, np.int64)
        values[: len(self._at)] = self._values
        at[: len(self._at)] = self._at
        self._values, self._at = values, at
