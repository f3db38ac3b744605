"""A company's own content vectors, computed elsewhere and read from a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recsys.errors import DatasetError
from recsys.text.embedder import Reads, unit_rows

__all__ = ["PrecomputedVectors"]

_LAYOUT = (
    "expected an .npz file with the arrays content_id (text, shape (n,)) and vector (numbers, "
    "shape (n, size)), or a .parquet file with the columns content_id (text) and vector (lists "
    "of equally many numbers)"
)


class PrecomputedVectors:
    """Vectors by content id. An ``Embedder`` that reads content ids, not texts.

    Rows are scaled to length 1 (cosine is what features use); a content that is not in the file has
    the zero vector, as one without text has. A file describes a moment: what is published later
    stays zero until the file is read again.
    """

    def __init__(self, content_ids: Sequence[str], matrix: npt.NDArray[np.floating]) -> None:
        """Take vectors of shape (n, size) in the order of ids.

        Raises :class:`DatasetError` if the shapes do not fit, an id comes twice or a number is not
        finite.
        """
        if matrix.ndim != 2 or len(matrix) != len(content_ids):
            raise DatasetError(
                f"{len(content_ids)} content ids came with vectors of shape {matrix.shape}; "
                "expected one row of one length per id"
            )
        self._row: Mapping[str, int] = {name: row for row, name in enumerate(content_ids)}
        if len(self._row) < len(content_ids):
            twice = next(name for row, name in enumerate(content_ids) if self._row[name] != row)
            raise DatasetError(f"content {twice!r} has two vectors; expected one, remove the other")
        bad = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
        if len(bad):
            raise DatasetError(
                f"the vector of content {content_ids[bad[0]]!r} holds a number that is not finite; "
                "expected finite numbers, leave the content out if it has no vector"
            )
        self._matrix = unit_rows(matrix)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read an ``.npz`` or ``.parquet`` file; :class:`DatasetError` if it is neither."""
        readers = {".npz": _read_npz, ".parquet": _read_parquet}
        if path.suffix not in readers:
            raise DatasetError(f"vectors cannot be read from {path}: {_LAYOUT}")
        try:
            content_ids, matrix = readers[path.suffix](path)
        except (OSError, EOFError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
            raise DatasetError(
                f"vectors cannot be read from {path} ({error}): {_LAYOUT}"
            ) from error
        return cls(content_ids, matrix)

    @property
    def size(self) -> int:
        """Return the length of a vector."""
        return int(self._matrix.shape[1])

    @property
    def reads(self) -> Reads:
        """Vectors are found by content id."""
        return "content_ids"

    def vectors(self, keys: Sequence[str], /) -> npt.NDArray[np.float32]:
        """Return float32 vectors of content ids, shape (n, size); zero for ids not in the file."""
        rows = np.fromiter((self._row.get(key, -1) for key in keys), np.int64, len(keys))
        found = np.zeros((len(keys), self.size), np.float32)
        found[rows >= 0] = self._matrix[rows[rows >= 0]]
        return found


_Read = tuple[list[str], npt.NDArray[np.float64]]


def _read_npz(path: Path) -> _Read:
    with np.load(path, allow_pickle=False) as file:
        content_ids, matrix = file["content_id"], file["vector"]
    if content_ids.dtype.kind != "U":  # numbers would lose digits of 64-bit ids
        raise TypeError(f"content_id is {content_ids.dtype}")
    return content_ids.tolist(), matrix.astype(np.float64)


def _read_parquet(path: Path) -> _Read:
    table = pq.read_table(path, columns=["content_id", "vector"]).combine_chunks()
    content_ids, vectors = table["content_id"], table["vector"]
    if content_ids.null_count or str(content_ids.type) not in {"string", "large_string"}:
        raise TypeError(f"content_id is {content_ids.type}, {content_ids.null_count} missing")
    numbers = pc.list_flatten(vectors).to_numpy().astype(np.float64)
    sizes = np.unique(pc.list_value_length(vectors).to_numpy())
    if vectors.null_count or len(sizes) > 1:
        raise ValueError(f"vectors have {sizes.tolist()} numbers, {vectors.null_count} are missing")
    return content_ids.to_pylist(), numbers.reshape(len(table), int(sizes.max(initial=0)))
