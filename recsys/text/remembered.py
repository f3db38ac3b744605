"""Vectors of texts that were seen before, found by hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["RememberedVectors"]


@dataclass(frozen=True)
class RememberedVectors:
    """Vectors by the hash of their text; of the texts nothing else is kept.

    64 bits: among a million texts, two different ones share a hash with probability 3e-8.
    """

    hashes: npt.NDArray[np.uint64]
    """uint64, shape (n,), distinct."""
    vectors: npt.NDArray[np.float32]
    """float32, shape (n, size)."""

    @classmethod
    def of(cls, texts: Sequence[str], vectors: npt.NDArray[np.float32]) -> Self:
        """Remember the vectors of ``texts``, shape (n, size), each text once."""
        hashes, first = np.unique(_hashes(texts), return_index=True)
        return cls(hashes, vectors[first])

    def rows(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the row of each text in ``vectors``, int64 of shape (n,); −1 for a new one."""
        if not self._row:
            return np.full(len(texts), -1, np.int64)
        found = (self._row.get(value, -1) for value in _hashes(texts).tolist())
        return np.fromiter(found, np.int64, len(texts))

    @cached_property
    def _row(self) -> dict[int, int]:
        return {value: row for row, value in enumerate(self.hashes.tolist())}


def _hashes(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    digests = (blake2b(t.encode("utf-8", "surrogatepass"), digest_size=8).digest() for t in texts)
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
