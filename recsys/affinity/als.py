"""Implicit-feedback matrix factorisation by alternating least squares, through ``implicit``.

Source: Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets" (2008).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recsys.affinity.batch import NotFitted, trained_items

__all__ = ["AlsConfig", "AlsModel", "fit_als"]


@dataclass(frozen=True, slots=True)
class AlsConfig:
    """Hyper-parameters: confidence of a read pair is 1 + ``alpha``, of an unread one 1."""

    n_factors: int = 32
    n_iterations: int = 10
    regularization: float = 0.01
    alpha: float = 20.0


@dataclass(frozen=True, slots=True)
class AlsModel:
    """Factors of users and items, float32; users and items without interactions cannot be scored.

    ``user_is_known`` is bool, shape (n_users,); ``item_mask`` float32, shape (n_items,): 0 or -inf.
    """

    user_factors: npt.NDArray[np.float32]
    item_factors: npt.NDArray[np.float32]
    user_is_known: npt.NDArray[np.bool_]
    item_mask: npt.NDArray[np.float32]

    def scores(self, user_index: int) -> npt.NDArray[np.float32]:
        """Return float32 predicted preferences, shape (n_items,), around 0..1."""
        if not self.user_is_known[user_index]:
            return np.full(len(self.item_mask), -np.inf, np.float32)
        return np.asarray(self.item_factors @ self.user_factors[user_index] + self.item_mask)


def fit_als(matrix: sp.csr_array, *, config: AlsConfig, seed: int) -> AlsModel | NotFitted:
    """Fit on who read what: binary float32 CSR, shape (n_users, n_items).

    One thread and a seed, so the same input gives the same model. Returns :class:`NotFitted` when
    ``implicit`` is not installed or nothing has been read.
    """
    try:
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with implicit
    except ImportError as error:
        return NotFitted(f"the package implicit cannot be imported: {error}")
    if matrix.nnz == 0:
        return NotFitted("nothing has been read yet; a model needs at least one interaction")
    with threadpool_limits(1, "blas"):  # several BLAS threads make implicit slower, and it warns
        model = AlternatingLeastSquares(
            factors=config.n_factors,
            iterations=config.n_iterations,
            regularization=config.regularization,
            alpha=config.alpha,
            num_threads=1,
            random_state=seed,
        )
        model.fit(sp.csr_matrix(matrix), show_progress=False)
    item_mask = np.where(trained_items(matrix), 0.0, -np.inf).astype(np.float32)
    return AlsModel(model.user_factors, model.item_factors, np.diff(matrix.indptr) > 0, item_mask)
