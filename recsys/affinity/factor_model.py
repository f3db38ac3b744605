"""A factor model over features: users and items are sums of the embeddings of what they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recsys.errors import ModelError

__all__ = ["FactorModel"]

_FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FactorModel:
    """Embeddings of features; ``score(user, item) = user_vector · item_vector + item_bias``.

    Whoever comes after the fit is folded in: the vector of a new user or item is its feature row
    times the embeddings. Feature columns are frozen at the fit; features that are new since then
    are left out of the row. A feature that no training row had contributes nothing.

    Attributes
    ----------
    user_feature_embeddings : float32, shape (n_user_features, n_factors)
    item_feature_embeddings : float32, shape (n_item_features, n_factors)
    item_feature_biases : float32, shape (n_item_features,)
    learning_rate : the rate that converged; below the configured one if the first try exploded
    """

    user_feature_embeddings: _FloatArray
    item_feature_embeddings: _FloatArray
    item_feature_biases: _FloatArray
    learning_rate: float

    def user_vectors(self, features: sp.csr_array) -> _FloatArray:
        """Return float32, shape (n, n_factors), of feature rows, shape (n, n_user_features)."""
        return np.asarray(features @ self.user_feature_embeddings, np.float32)

    def item_vectors(self, features: sp.csr_array) -> _FloatArray:
        """Return float32, shape (n, n_factors), of feature rows, shape (n, n_item_features)."""
        return np.asarray(features @ self.item_feature_embeddings, np.float32)

    def item_biases(self, features: sp.csr_array) -> _FloatArray:
        """Return float32, shape (n,), of feature rows, shape (n, n_item_features)."""
        return np.asarray(features @ self.item_feature_biases, np.float32)

    def item_is_known(self, features: sp.csr_array) -> npt.NDArray[np.bool_]:
        """Return which rows, shape (n,), have a feature the fit has learned something about."""
        learned = self.item_feature_embeddings.any(axis=1).astype(np.float32)
        return np.asarray(abs(features) @ learned) > 0

    def arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return everything needed to build the model again."""
        return {
            "user_feature_embeddings": self.user_feature_embeddings,
            "item_feature_embeddings": self.item_feature_embeddings,
            "item_feature_biases": self.item_feature_biases,
            "learning_rate": np.array([self.learning_rate], np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.float32]]) -> Self:
        """Build a model from :meth:`arrays`; raises ``ModelError`` if the parts do not fit."""
        try:
            users, items, biases, rate = (
                arrays[name]
                for name in (
                    "user_feature_embeddings",
                    "item_feature_embeddings",
                    "item_feature_biases",
                    "learning_rate",
                )
            )
        except KeyError as error:
            raise ModelError(f"factor model lacks the array {error}; train it again") from None
        if users.shape[1] != items.shape[1] or biases.shape != items.shape[:1]:
            raise ModelError(
                f"factor model has shapes {users.shape}, {items.shape} and {biases.shape}; "
                "expected (n, d), (m, d) and (m,); train it again"
            )
        return cls(users, items, biases, float(rate[0]))
