"""Item neighbours: contents read by the same people as what one has read.

Source: Sarwar et al. (2001); shrinkage of cosine as in Ferrari Dacrema et al. (2019), section 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recsys.affinity.batch import NotFitted, history, trained_items

__all__ = ["ItemKnnModel", "fit_item_knn"]

_BLOCK_ROWS = 512  # bounds the dense block to 512 × n_items


@dataclass(frozen=True, slots=True)
class ItemKnnModel:
    """Similarities to read items, summed.

    ``similarity`` is float32 CSR, shape (n_items, n_items); row i, column j holds the similarity of
    i to j if i is among the nearest neighbours of j.
    """

    matrix: sp.csr_array
    similarity: sp.csr_array
    item_mask: npt.NDArray[np.float32]

    def scores(self, user_index: int) -> npt.NDArray[np.float32]:
        """Return float32 scores ≥ 0, shape (n_items,); all -inf for a user without history."""
        items = history(self.matrix, user_index)
        if len(items) == 0:
            return np.full(len(self.item_mask), -np.inf, np.float32)
        return np.asarray(self.similarity[items].sum(axis=0), np.float32).ravel() + self.item_mask


def fit_item_knn(
    matrix: sp.csr_array, *, n_neighbours: int = 100, shrinkage: float = 10.0
) -> ItemKnnModel | NotFitted:
    """Fit on who read what: binary float32 CSR, shape (n_users, n_items).

    similarity(i, j) = common readers / (√(readers of i × readers of j) + ``shrinkage``), i ≠ j. Of
    every item the ``n_neighbours`` most similar ones count; all that tie with the last of them
    count too, so the order of items does not matter. Cost: one sparse product and one partial sort
    of n_items² numbers. Returns :class:`NotFitted` when nothing has been read.
    """
    if matrix.nnz == 0:
        return NotFitted("nothing has been read yet; a model needs at least one interaction")
    nearest = sp.vstack(list(_neighbour_blocks(matrix, n_neighbours, shrinkage)), format="csr")
    item_mask = np.where(trained_items(matrix), 0.0, -np.inf).astype(np.float32)
    return ItemKnnModel(matrix, sp.csr_array(nearest.T.tocsr()), item_mask)


def _neighbour_blocks(
    matrix: sp.csr_array, n_neighbours: int, shrinkage: float
) -> Iterator[sp.csr_array]:
    """Yield rows of the truncated similarity: row j holds the nearest neighbours of j."""
    n_items = matrix.shape[1]
    by_item = matrix.T.tocsr()
    n_readers = np.bincount(matrix.indices, minlength=n_items).astype(np.float32)
    for start in range(0, n_items, _BLOCK_ROWS):
        rows = np.arange(start, min(start + _BLOCK_ROWS, n_items))
        block = (by_item[rows] @ matrix).toarray()
        # The root of the product, not the product of roots: equal products must stay equal.
        length = np.sqrt(np.outer(n_readers[rows], n_readers))
        block /= np.maximum(length + np.float32(shrinkage), 1e-9)
        block[np.arange(len(rows)), rows] = 0.0
        if n_neighbours < n_items:
            last = np.partition(block, n_items - n_neighbours, axis=1)[:, n_items - n_neighbours]
            block[block < last[:, None]] = 0.0
        yield sp.csr_array(block)
