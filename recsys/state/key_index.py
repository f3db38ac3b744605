"""Rows for 64-bit keys: the hash table under event ids and pairs such as (employee, content)."""

from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel, mix64

__all__ = [
    "ABSENT", "MAX_LOAD", "KeyIndex", "Keys", "Rows", "Slots", "find_rows", "find_slot",
    "pair_keys",
]  # fmt: skip

ABSENT = -1
"""The row of a key that is not in the index."""

_EMPTY = np.int32(-1)
MAX_LOAD = 0.5  # linear probing stays at about 1.5 probes a hit up to here (Knuth 6.4)
_MIN_SLOTS = 64

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]


def pair_keys(high: npt.NDArray[np.int32], low: npt.NDArray[np.int32] | int) -> Keys:
    """Return uint64 keys, shape (n,), of pairs of non-negative indices."""
    low64 = np.asarray(low, np.uint64)
    return (high.astype(np.uint64) << np.uint64(32)) | low64


@kernel
def find_slot(slots: Slots, keys: Keys, key: np.uint64) -> int:
    """Return the slot that holds ``key``'s row, or the empty one (−1) where it belongs."""
    mask = np.uint64(len(slots) - 1)
    slot = mix64(key) & mask
    while slots[slot] >= 0 and keys[slots[slot]] != key:
        slot = (slot + np.uint64(1)) & mask
    return int(slot)


@kernel
def _insert(slots: Slots, keys: Keys, n_keys: int, wanted: Keys, rows: Rows) -> int:
    for i in range(len(wanted)):
        slot = find_slot(slots, keys, wanted[i])
        if slots[slot] < 0:
            slots[slot] = n_keys
            keys[n_keys] = wanted[i]
            n_keys += 1
        rows[i] = slots[slot]
    return n_keys


@kernel
def find_rows(slots: Slots, keys: Keys, wanted: Keys, rows: Rows) -> None:
    """Fill ``rows`` with those of the ``wanted`` keys, ``ABSENT`` where there is none.

    Nearly all of a look-up is waiting for memory. As nothing is decided between the reads of one
    pass they wait together; only where another key sits in the way is there a search.
    """
    mask = np.uint64(len(slots) - 1)
    met = np.empty(len(wanted), np.uint64)
    for i in range(len(wanted)):
        rows[i] = slots[mix64(wanted[i]) & mask]
    for i in range(len(wanted)):
        met[i] = keys[max(rows[i], 0)]
    for i in range(len(wanted)):
        if rows[i] >= 0 and met[i] != wanted[i]:
            rows[i] = slots[find_slot(slots, keys, wanted[i])]


class KeyIndex:
    """Gives every distinct uint64 key a row 0..n-1, in order of arrival; rows never move.

    16 to 24 bytes a key, up to 2³¹ keys. Readers may run beside each other, not beside a writer.
    """

    def __init__(self) -> None:
        self._slots: Slots = np.full(_MIN_SLOTS, _EMPTY)
        self._keys: Keys = np.empty(_MIN_SLOTS, np.uint64)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def keys(self) -> Keys:
        """Return the keys by row, uint64, shape (n,); a view."""
        return self._keys[: self._n]

    @property
    def slots(self) -> Slots:
        """Return the probing table, for :func:`find_slot` inside kernels; a view."""
        return self._slots

    def add(self, keys: Keys) -> Rows:
        """Return int64 rows, shape (n,), giving new keys the next rows."""
        self._reserve(self._n + len(keys))
        rows = np.empty(len(keys), np.int64)
        self._n = _insert(self._slots, self._keys, self._n, keys, rows)
        return rows

    def find(self, keys: Keys) -> Rows:
        """Return int64 rows, shape (n,), ``ABSENT`` for keys that were never added."""
        rows = np.empty(len(keys), np.int64)
        find_rows(self._slots, self._keys, keys, rows)
        return rows

    @classmethod
    def from_keys(cls, keys: Keys) -> Self:
        """Return an index whose row i is ``keys[i]``; the keys must be distinct."""
        index = cls()
        index.add(np.ascontiguousarray(keys, np.uint64))
        return index

    def _reserve(self, n_keys: int) -> None:
        if n_keys > len(self._keys):
            grown = np.empty(max(n_keys, 2 * len(self._keys)), np.uint64)
            grown[: self._n] = self.keys
            self._keys = grown
        if n_keys > MAX_LOAD * len(self._slots):
            # Twice what is needed, so that growth stays linear over a long log.
            n_slots = 1 << int(np.ceil(np.log2(2 * n_keys / MAX_LOAD)))
            self._slots = np.full(n_slots, _EMPTY)
            _insert(self._slots, self._keys, 0, self.keys.copy(), np.empty(self._n, np.int64))
