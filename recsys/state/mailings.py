"""Which contents were sent to whom, how often and when last: mail repeats nothing by accident."""

import numpy as np
import numpy.typing as npt

from recsys.event_columns import EventColumns
from recsys.state.key_index import KeyIndex, Keys, pair_keys
from recsys.times import NO_TIME

__all__ = ["Mailings"]

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]


class Mailings:
    """One row per (employee, content) that was ever in a mail: sends and the latest of them.

    Order-indifferent and additive: counts are sums, the latest send is a maximum. A mail that could
    not be delivered was not sent and leaves nothing here. About 32 bytes a pair.
    """

    def __init__(self) -> None:
        self._index = KeyIndex()
        self._count: Index = np.zeros(0, np.int32)
        self._last: Times = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._index)

    @property
    def keys(self) -> Keys:
        """Return uint64 pairs, employee in the upper half, content in the lower; a view."""
        return self._index.keys

    def add(self, sent: EventColumns) -> None:
        """Count ``newsletter_sent`` events that all name a content."""
        if len(sent) == 0:
            return
        rows = self._index.add(pair_keys(sent.employee, sent.content))
        self._reserve(len(self._index))
        np.add.at(self._count, rows, 1)
        np.maximum.at(self._last, rows, sent.occurred_at)

    def of(self, employee: int, contents: Index) -> tuple[Index, Times]:
        """Return sends (int32) and the latest (int64 µs, else ``NO_TIME``) by content, (n,) each.

        Cost: 20 ns a content.
        """
        counts = np.zeros(len(contents), np.int32)
        last = np.full(len(contents), NO_TIME, np.int64)
        if employee >= 0 and len(self._index):
            high = np.full(len(contents), employee, np.int32)
            rows = self._index.find(pair_keys(high, contents))
            sent = rows >= 0
            counts[sent], last[sent] = self._count[rows[sent]], self._last[rows[sent]]
        return counts, last

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        n = len(self._index)
        return {"keys": self._index.keys, "count": self._count[:n], "last": self._last[:n]}

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._index = KeyIndex.from_keys(np.asarray(arrays["keys"], np.uint64))
        self._count = np.array(arrays["count"], np.int32)
        self._last = np.array(arrays["last"], np.int64)

    def _reserve(self, n_rows: int) -> None:
        held = len(self._count)
        if n_rows > held:
            extra = max(n_rows, 2 * held) - held
            self._count = np.concatenate([self._count, np.zeros(extra, np.int32)])
            self._last = np.concatenate([self._last, np.full(extra, NO_TIME, np.int64)])
