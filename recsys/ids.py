"""External ids (strings the company uses) and internal indices (0..n-1)."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["UNKNOWN_INDEX", "IdMap", "map_distinct"]

UNKNOWN_INDEX = -1
"""The index of an id that has none, and of an empty id."""


class IdMap:
    """A growing one-to-one map between external ids and indices 0..n-1, in order of arrival.

    Not thread-safe for writers; readers may look up while no one adds.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._ids: list[str] = []
        self._index: dict[str, int] = {}
        for external_id in ids:
            self.add(external_id)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, external_id: str) -> bool:
        return external_id in self._index

    @property
    def ids(self) -> Sequence[str]:
        """External ids by index; do not modify."""
        return self._ids

    def index(self, external_id: str) -> int:
        """Return the index of ``external_id``, or ``UNKNOWN_INDEX``."""
        return self._index.get(external_id, UNKNOWN_INDEX)

    def id(self, index: int) -> str:
        """Return the external id at ``index``; ``IndexError`` outside 0..n-1."""
        if index < 0:
            raise IndexError(index)
        return self._ids[index]

    def add(self, external_id: str) -> int:
        """Return the index of ``external_id``, giving it the next one if it is new."""
        index = self._index.setdefault(external_id, len(self._ids))
        if index == len(self._ids):
            self._ids.append(external_id)
        return index

    def add_many(self, external_ids: "pd.Series[str]") -> npt.NDArray[np.int32]:
        """Return int32 indices, shape (n,); missing values get ``UNKNOWN_INDEX``, new ids the next.

        Cost: one hash per row in compiled code plus one dictionary step per distinct id.
        """
        return map_distinct(external_ids, self.add)

    def indices(self, external_ids: "pd.Series[str]") -> npt.NDArray[np.int32]:
        """Return int32 indices, shape (n,), without adding; unknown and missing are −1."""
        return map_distinct(external_ids, self.index)


def map_distinct(texts: "pd.Series[str]", number: Callable[[str], int]) -> npt.NDArray[np.int32]:
    """Return ``number`` of every text, int32, shape (n,); −1 where missing.

    ``number`` is asked once per distinct text, in the order in which they first occur.
    """
    codes, distinct = pd.factorize(texts)
    numbers = [number(str(text)) for text in distinct.tolist()]
    return np.array([*numbers, UNKNOWN_INDEX], np.int32)[codes]  # a missing one has the code −1
