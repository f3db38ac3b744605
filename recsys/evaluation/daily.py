"""Batch models as baselines: refitted at every UTC midnight on everything before it."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # with scikit-learn

from recsys.affinity.batch import BatchModel, NotFitted, interaction_matrix
from recsys.interactions import FirstInteractions
from recsys.times import DAY_US

__all__ = ["DailyRefit"]


class DailyRefit:
    """A scorer that fits a batch model anew for every day it is asked about.

    ``fit`` takes who read what until midnight (binary float32 CSR, shape (n_users, n_items)). On a
    day on which it answers :class:`NotFitted` nothing can be scored and everything ties; such days
    and the last reason are counted in ``n_days_without_model`` and ``reason``.
    """

    def __init__(
        self,
        name: str,
        fit: Callable[[sp.csr_array], BatchModel | NotFitted],
        pairs: FirstInteractions,
        *,
        shape: tuple[int, int],
    ) -> None:
        self.name = name
        self.n_days = 0
        self.n_days_without_model = 0
        self.reason: str | None = None
        self._fit = fit
        self._pairs = pairs
        self._shape = shape
        self._midnight: int | None = None
        self._model: BatchModel | None = None

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float32]:
        """Return the scores of today's model; -inf for what it cannot score."""
        midnight = at - at % DAY_US
        if midnight != self._midnight:
            self._refit(midnight)
        if self._model is None:
            return np.full(len(candidates), -np.inf, np.float32)
        return np.asarray(self._model.scores(employee)[candidates])

    def _refit(self, midnight: int) -> None:
        n = self._pairs.count_before(midnight)
        matrix = interaction_matrix(self._pairs.employee[:n], self._pairs.content[:n], self._shape)
        # Fits this small lose more to waiting for a second BLAS thread than they gain by it.
        with threadpool_limits(1, "blas"):
            fitted = self._fit(matrix)
        self.n_days += 1
        self._midnight = midnight
        self._model = None if isinstance(fitted, NotFitted) else fitted
        if isinstance(fitted, NotFitted):
            self.n_days_without_model += 1
            self.reason = fitted.reason
