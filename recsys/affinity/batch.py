"""What the batch models of collaborative filtering share: their input, and their answer."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

__all__ = ["BatchModel", "NotFitted", "history", "interaction_matrix", "trained_items"]


class BatchModel(Protocol):
    """A model fitted once on a log that has ended."""

    def scores(self, user_index: int) -> npt.NDArray[np.float32]:
        """Return float32 scores, shape (n_items,), higher is better, ``-inf`` = cannot score.

        Items the user has interacted with are scored like others; leaving them out is the
        caller's business. Read only: two calls may share memory.
        """


@dataclass(frozen=True, slots=True)
class NotFitted:
    """The answer of a fit that found no model, and the reason as a sentence for people."""

    reason: str


def interaction_matrix(
    user_index: npt.NDArray[np.int32],
    item_index: npt.NDArray[np.int32],
    shape: tuple[int, int],
) -> sp.csr_array:
    """Return who read what: float32 CSR, shape (n_users, n_items), 1 for every pair that occurs.

    Pairs may repeat; a repeat changes nothing.
    """
    ones = np.ones(len(user_index), np.float32)
    matrix = sp.coo_array((ones, (user_index, item_index)), shape=shape).tocsr()
    matrix.data[:] = 1.0
    return matrix


def trained_items(matrix: sp.csr_array) -> npt.NDArray[np.bool_]:
    """Return which items have at least one interaction, shape (n_items,)."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0


def history(matrix: sp.csr_array, user_index: int) -> npt.NDArray[np.int32]:
    """Return the items ``user_index`` has interacted with, ascending; empty for a new user."""
    return np.asarray(matrix.indices[matrix.indptr[user_index] : matrix.indptr[user_index + 1]])
