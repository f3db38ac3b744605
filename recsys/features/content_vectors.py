"""Text vectors by content index, filled as contents appear."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.contents import ContentTable
from recsys.text.vectors import TextModel

__all__ = ["ContentVectors"]


class ContentVectors:
    """A float32 matrix of text vectors, one row per content index; zero where there is no text."""

    def __init__(self, model: TextModel, contents: ContentTable) -> None:
        self.model = model
        self._contents = contents
        self._matrix = np.zeros((0, model.size), np.float32)
        self.refresh(np.arange(len(contents), dtype=np.int32))

    def refresh(self, rows: npt.NDArray[np.int32]) -> None:
        """Compute the vectors of contents that are new or changed."""
        if len(rows) == 0:
            return
        self._reserve(int(rows.max()) + 1)
        texts = [self._contents.texts.get(int(row), "") for row in rows]
        self._matrix[rows] = self.model.vectors(texts)

    def of(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return float32 vectors, shape (n, size)."""
        if len(rows):
            self._reserve(int(rows.max()) + 1)
        return self._matrix[rows]

    def _reserve(self, n_rows: int) -> None:
        held = len(self._matrix)
        if n_rows > held:
            grown = np.zeros((max(n_rows, 2 * held), self.model.size), np.float32)
            grown[:held] = self._matrix
            self._matrix = grown
