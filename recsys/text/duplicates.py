"""Which contents say almost the same: one notice that three departments post is one notice.

Texts are compared by the share of five-letter pieces they have in common (Broder 1997, "On the
resemblance and containment of documents"), estimated from one minimum per bucket of hashes (Li,
Owen & Zhang 2012, "One Permutation Hashing"). Candidates share a band of four minima, so a new text
is compared with a handful of others and not with all.
"""

import unicodedata

import numpy as np
import numpy.typing as npt

from recsys.catalogue.contents import ContentTable
from recsys.kernels import kernel, mix64

__all__ = ["DUPLICATE_SHARE", "DuplicateGroups", "fingerprint", "resemblance"]

DUPLICATE_SHARE = 0.7
"""Pieces in common that make a duplicate: of a notice of 150 letters in which two names of
departments differ, as much is left; stories on one matter share less than half."""

_PIECE = 5
_BUCKETS = 64  # the estimate is then off by 0.06 (one standard error) at 0.7
_BAND = 4
_LEAST_PIECES = 30
"""Shorter texts are titles like «Notice»: equal ones do not announce the same thing."""

_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)

Minima = npt.NDArray[np.uint64]


@kernel
def _take_minima(letters: npt.NDArray[np.uint32], piece: int, minima: Minima) -> None:
    for start in range(len(letters) - piece + 1):
        key = np.uint64(1469598103934665603)
        for i in range(start, start + piece):
            key = (key ^ np.uint64(letters[i])) * np.uint64(1099511628211)
        key = mix64(key)
        bucket = key >> np.uint64(58)
        minima[bucket] = min(minima[bucket], key)


def fingerprint(text: str) -> Minima | None:
    """Return uint64 minima, shape (64,), of a text; None if it is too short to be compared.

    Case, width (NFKC) and white space do not matter.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    letters = np.frombuffer(plain.encode("utf-32-le", "replace"), np.uint32)
    if len(letters) < _LEAST_PIECES + _PIECE - 1:
        return None
    minima = np.full(_BUCKETS, _EMPTY, np.uint64)
    _take_minima(letters, _PIECE, minima)
    return minima


def resemblance(a: Minima, b: Minima) -> float:
    """Return the estimated share of pieces in common, among those in either text."""
    used = (a != _EMPTY) | (b != _EMPTY)
    return float(np.count_nonzero((a == b) & used) / np.count_nonzero(used))


class DuplicateGroups:
    """Group numbers by content index: contents with one number say almost the same.

    A group has the index of its first content as its number, which is what later ones are compared
    with; −1 for contents that are like nothing else. Not thread-safe for writers.
    """

    def __init__(self, contents: ContentTable) -> None:
        self._contents = contents
        self._minima: dict[int, Minima] = {}
        self._bands: dict[tuple[int, bytes], list[int]] = {}
        self._group: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self.refresh(np.arange(len(contents), dtype=np.int32))

    def refresh(self, rows: npt.NDArray[np.int32]) -> None:
        """Compare contents that are new or changed with those before them."""
        self._reserve(len(self._contents))
        for row in rows.tolist():
            followers = np.flatnonzero(self._group == row) if row in self._minima else rows[:0]
            self._forget(row)
            for changed in dict.fromkeys([*followers.tolist(), row]):
                self._group[changed] = -1
                minima = fingerprint(self._contents.texts.get(changed, ""))
                if minima is not None:
                    self._place(changed, minima)

    def of(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return int32 group numbers, shape (n,); −1 for contents like nothing else."""
        self._reserve(len(self._contents))
        return self._group[rows]

    def _place(self, row: int, minima: Minima) -> None:
        bands = _bands(minima)
        near = {other for band in bands for other in self._bands.get(band, ())}
        alike = [o for o in near if resemblance(self._minima[o], minima) >= DUPLICATE_SHARE]
        if alike:
            first = min(alike)
            self._group[first] = self._group[row] = first
            return
        self._minima[row] = minima
        for band in bands:
            self._bands.setdefault(band, []).append(row)

    def _forget(self, row: int) -> None:
        """Take a changed content out."""
        self._group[row] = -1
        minima = self._minima.pop(row, None)
        for band in _bands(minima) if minima is not None else ():
            self._bands[band].remove(row)

    def _reserve(self, n: int) -> None:
        if n > len(self._group):
            grown = np.full(max(n, 2 * len(self._group)), -1, np.int32)
            grown[: len(self._group)] = self._group
            self._group = grown


def _bands(minima: Minima) -> list[tuple[int, bytes]]:
    return [(i, minima[i : i + _BAND].tobytes()) for i in range(0, _BUCKETS, _BAND)]
