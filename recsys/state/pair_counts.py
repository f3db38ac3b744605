"""Decayed counters for pairs of indices, such as (employee, author)."""

import numpy as np
import numpy.typing as npt

from recsys.state.decayed import DecayedCounts
from recsys.state.key_index import ABSENT, KeyIndex, Rows, pair_keys

__all__ = ["PairCounts"]

Index = npt.NDArray[np.int32]


class PairCounts:
    """A :class:`DecayedCounts` whose rows are found by a pair of indices; additive over the log."""

    def __init__(self, half_lives_us: tuple[int, ...]) -> None:
        self._index = KeyIndex()
        self.counts = DecayedCounts(half_lives_us)

    def add(
        self,
        high: Index,
        low: Index,
        times: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float64],
    ) -> None:
        """Add to the pairs (high[i], low[i]); pairs with a negative index are passed over."""
        known = (high >= 0) & (low >= 0)
        rows = self._index.add(pair_keys(high[known], low[known]))
        self.counts.add(rows, times[known], weights[known])

    def read(self, high: Index | int, low: Index | int, now: int) -> npt.NDArray[np.float64]:
        """Return float64 values at ``now``, shape (n, n_half_lives); unknown pairs read 0."""
        high, low = np.broadcast_arrays(np.atleast_1d(high), np.atleast_1d(low))
        return self.counts.read(self._rows(high.astype(np.int32), low), now)

    def _rows(self, high: Index, low: Index) -> Rows:
        known = (high >= 0) & (low >= 0)
        rows = self._index.find(pair_keys(np.maximum(high, 0), np.maximum(low, 0)))
        return np.where(known, rows, ABSENT)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        return {"keys": self._index.keys, **self.counts.arrays()}

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._index = KeyIndex.from_keys(np.asarray(arrays["keys"], np.uint64))
        self.counts.restore(arrays)
