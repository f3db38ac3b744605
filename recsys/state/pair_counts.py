"""Decayed counters for pairs of indices, such as (employee, author), many relations in one table.

One table instead of one per relation, so that an event is counted in one pass and a feature is
read in one.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.state.decayed import FORGOTTEN
from recsys.state.key_index import ABSENT, MAX_LOAD, Keys, Rows, Slots, find_rows, find_slot
from recsys.times import NO_TIME

__all__ = ["N_HALF_LIVES", "PairCounts", "PairTable", "find_pairs", "pair_count", "row_count"]

Index = npt.NDArray[np.int32]
Float = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

N_HALF_LIVES = 2
"""A short and a long memory for every relation."""

_FIRST_CAPACITY = 64
_HIGH_BITS, _LOW_BITS = np.uint64(29), np.uint64(29)  # 6 bits are left for the relation
_LARGEST_INDEX = (1 << 29) - 1
_MOST_RELATIONS = 1 << 6


class PairTable(NamedTuple):
    """The arrays of a :class:`PairCounts`, for kernels; valid until the next :meth:`add`."""

    slots: Slots
    keys: Keys
    values: Float
    """Shape (n_pairs, N_HALF_LIVES)."""
    at: Times
    half_lives: Float
    """Microseconds, shape (n_relations, N_HALF_LIVES)."""


@kernel
def _key(relation: int, high: int, low: int) -> np.uint64:
    front = (np.uint64(relation) << _HIGH_BITS) | np.uint64(high)
    return np.uint64((front << _LOW_BITS) | np.uint64(low))


@kernel
def pair_count(table: PairTable, relation: int, high: int, low: int, which: int, now: int) -> float:
    """Return the count of a pair at ``now`` by its half-life number ``which``; 0 if unknown."""
    if high < 0 or low < 0:
        return 0.0
    row = table.slots[find_slot(table.slots, table.keys, _key(relation, high, low))]
    return row_count(table, row, relation, which, now)


@kernel
def find_pairs(table: PairTable, relation: int, high: int, low: Index) -> Rows:
    """Return the rows of the pairs (high, low[i]), for :func:`row_count`; −1 for unknown ones."""
    rows = np.full(len(low), ABSENT)
    if high < 0:
        return rows
    keys = np.empty(len(low), np.uint64)
    for i in range(len(low)):
        keys[i] = _key(relation, high, max(low[i], 0))
    find_rows(table.slots, table.keys, keys, rows)
    for i in range(len(low)):
        if low[i] < 0:
            rows[i] = ABSENT
    return rows


@kernel
def row_count(table: PairTable, row: int, relation: int, which: int, now: int) -> float:
    """Return :func:`pair_count` of the pair of ``relation`` that was found in ``row``."""
    if row < 0:
        return 0.0
    halvings = float(now - table.at[row]) / table.half_lives[relation, which]
    return float(table.values[row, which] * np.exp2(-halvings)) if halvings < FORGOTTEN else 0.0


@kernel
def _read(table: PairTable, relation: int, high: Index, low: Index, now: int, out: Float) -> None:
    for i in range(len(low)):
        for which in range(N_HALF_LIVES):
            out[i, which] = pair_count(table, relation, high[i], low[i], which, now)


@kernel
def _add(
    table: PairTable, n_pairs: int, relations: Index, high: Index, low: Index, times: Times,
    weights: Float, start: int,
) -> tuple[int, int]:  # fmt: skip
    """Count rows from ``start`` on; return how many rows are done and pairs known when full."""
    n_columns = len(relations)
    capacity = len(table.at)
    for i in range(start, len(times)):
        if n_pairs + n_columns > capacity:
            return i, n_pairs
        for j in range(n_columns):
            if high[i, j] < 0 or low[i, j] < 0:
                continue
            key = _key(relations[j], high[i, j], low[i, j])
            slot = find_slot(table.slots, table.keys, key)
            row = table.slots[slot]
            if row < 0:
                row = n_pairs
                table.slots[slot] = row
                table.keys[row] = key
                table.at[row] = times[i]
                n_pairs += 1
            elapsed = float(times[i] - table.at[row])
            for which in range(N_HALF_LIVES):
                factor = np.exp2(-abs(elapsed) / table.half_lives[relations[j], which])
                if elapsed >= 0:
                    table.values[row, which] = table.values[row, which] * factor + weights[i]
                else:
                    table.values[row, which] += weights[i] * factor
            if elapsed >= 0:
                table.at[row] = times[i]
    return len(times), n_pairs


@kernel
def _fill_slots(slots: Slots, keys: Keys, n_pairs: int) -> None:
    for row in range(n_pairs):
        slots[find_slot(slots, keys, keys[row])] = row


class PairCounts:
    """Per relation, pair and half-life h: Σ weight · 2^(−(t − t_event)/h) over what was added.

    Additive over the log, whatever the order (up to rounding, ~1e-15 relative). About 50 bytes a
    pair. ``half_lives`` gives every relation's two, in microseconds.
    """

    def __init__(self, half_lives: Mapping[str, tuple[int, int]]) -> None:
        assert len(half_lives) <= _MOST_RELATIONS
        self.relation = {name: number for number, name in enumerate(half_lives)}
        """Name → the number that kernels know it by."""
        self._half_lives: Float = np.array(list(half_lives.values()), np.float64)
        self._n = 0
        self._allocate(_FIRST_CAPACITY)

    def __len__(self) -> int:
        return self._n

    @property
    def table(self) -> PairTable:
        """Return the arrays for kernels; views."""
        return PairTable(self._slots, self._keys, self._values, self._at, self._half_lives)

    def add(self, relations: Index, high: Index, low: Index, times: Times, weights: Float) -> None:
        """Add ``weights[i]`` at ``times[i]`` to the pairs (high[i, j], low[i, j]) of relations[j].

        ``relations`` are numbers, shape (m,); ``high`` and ``low`` int32 of shape (n, m), where
        pairs with a negative index are passed over.
        """
        assert max(high.max(initial=0), low.max(initial=0)) <= _LARGEST_INDEX
        done = 0
        while done < len(times):
            done, self._n = _add(self.table, self._n, relations, high, low, times, weights, done)
            if done < len(times):
                self._grow(self._n + len(relations))

    def read(self, relation: str, high: Index | int, low: Index | int, now: int) -> Float:
        """Return float64 values at ``now``, shape (n, N_HALF_LIVES); unknown pairs read 0."""
        high, low = np.broadcast_arrays(np.atleast_1d(high), np.atleast_1d(low))
        out = np.zeros((len(low), N_HALF_LIVES))
        highs, lows = high.astype(np.int32), low.astype(np.int32)
        _read(self.table, self.relation[relation], highs, lows, now, out)
        return out

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        n = self._n
        return {"keys": self._keys[:n], "values": self._values[:n], "at": self._at[:n]}

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._n = len(arrays["keys"])
        self._allocate(max(self._n, _FIRST_CAPACITY))
        self._keys[: self._n] = arrays["keys"].view(np.uint64)
        self._values[: self._n] = arrays["values"].view(np.float64)
        self._at[: self._n] = arrays["at"].view(np.int64)
        _fill_slots(self._slots, self._keys, self._n)

    def _allocate(self, capacity: int) -> None:
        self._keys: Keys = np.zeros(capacity, np.uint64)
        self._values: Float = np.zeros((capacity, N_HALF_LIVES))
        self._at: Times = np.full(capacity, NO_TIME, np.int64)
        n_slots = 1 << int(np.ceil(np.log2(capacity / MAX_LOAD)))
        self._slots: Slots = np.full(n_slots, -1, np.int32)

    def _grow(self, n_pairs: int) -> None:
        keys, values, at = self._keys, self._values, self._at
        self._allocate(max(n_pairs, 2 * len(keys)))
        self._keys[: self._n], self._values[: self._n] = keys[: self._n], values[: self._n]
        self._at[: self._n] = at[: self._n]
        _fill_slots(self._slots, self._keys, self._n)
