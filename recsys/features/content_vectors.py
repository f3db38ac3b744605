"""Vectors by content index, filled as contents appear."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.contents import ContentTable
from recsys.text.embedder import Embedder

__all__ = ["ContentVectors"]


class ContentVectors:
    """A float32 matrix of vectors, one row per content index; zero where nothing is known.

    All contents there are get their vectors at once, later ones at :meth:`refresh`. Not
    thread-safe for writers.
    """

    def __init__(self, model: Embedder, contents: ContentTable) -> None:
        self.model = model
        self._contents = contents
        self._matrix = np.zeros((0, model.size), np.float32)
        self.refresh(np.arange(len(contents), dtype=np.int32))

    def refresh(self, rows: npt.NDArray[np.int32]) -> None:
        """Compute the vectors of contents that are new or changed."""
        if len(rows) == 0:
            return
        self._reserve(int(rows.max()) + 1)
        self._matrix[rows] = self.model.vectors(self._keys(rows))

    def of(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return float32 vectors, shape (n, size)."""
        if len(rows):
            self._reserve(int(rows.max()) + 1)
        return self._matrix[rows]

    def matrix(self, n_rows: int) -> npt.NDArray[np.float32]:
        """Return the vectors of the contents 0..n_rows−1, shape (n_rows or more, size); a view."""
        self._reserve(n_rows)
        return self._matrix

    def _keys(self, rows: npt.NDArray[np.int32]) -> list[str]:
        if self.model.reads == "content_ids":
            return [self._contents.ids.id(row) for row in rows.tolist()]
        return [self._contents.texts.get(row, "") for row in rows.tolist()]

    def _reserve(self, n_rows: int) -> None:
        held = len(self._matrix)
        if n_rows > held:
            grown = np.zeros((max(n_rows, 2 * held), self.model.size), np.float32)
            grown[:held] = self._matrix
            self._matrix = grown
