"""LightFM alone, as a practitioner would use it well: the baseline beside our ranker.

Identity plus attributes on both sides, l2-normalised rows, WARP, negatives drawn only from items
that have readers. Items and users that came after the fit are scored from their attributes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recsys.affinity.batch import NotFitted, trained_items
from recsys.affinity.lightfm_model import Interactions, LightFMConfig, fit_lightfm
from recsys.affinity.side_features import normalise_rows

__all__ = ["LIGHTFM_BASELINE", "LightFMBaseline", "fit_lightfm_baseline"]

LIGHTFM_BASELINE = LightFMConfig(n_factors=16, n_epochs=10)
"""Small, because it is refitted daily. Common values, tuned on nothing."""


@dataclass(frozen=True, slots=True)
class LightFMBaseline:
    """A fitted baseline: one vector per user and item; ``item_biases`` is -inf where unknown."""

    user_vectors: npt.NDArray[np.float32]
    item_vectors: npt.NDArray[np.float32]
    item_biases: npt.NDArray[np.float32]

    def scores(self, user_index: int) -> npt.NDArray[np.float32]:
        """Return float32 scores, shape (n_items,); a user without any known feature gets biases."""
        return np.asarray(self.item_vectors @ self.user_vectors[user_index] + self.item_biases)


def fit_lightfm_baseline(
    matrix: sp.csr_array,
    user_attributes: sp.csr_array,
    item_attributes: sp.csr_array,
    *,
    config: LightFMConfig = LIGHTFM_BASELINE,
    seed: int,
) -> LightFMBaseline | NotFitted:
    """Fit on who read what (binary CSR, shape (n_users, n_items)) and attribute rows.

    ``user_attributes`` and ``item_attributes`` have one row per user and item and may have no
    columns. Returns :class:`NotFitted` where :func:`fit_lightfm` does.
    """
    user_features = _with_identity(user_attributes)
    item_features = _with_identity(item_attributes)
    pairs = matrix.tocoo()
    model = fit_lightfm(
        Interactions(pairs.row, pairs.col, pairs.data),
        user_features,
        item_features,
        live_items=np.flatnonzero(trained_items(matrix)).astype(np.int32),
        config=config,
        seed=seed,
    )
    if isinstance(model, NotFitted):
        return model
    biases = model.item_biases(item_features)
    biases[~model.item_is_known(item_features)] = -np.inf
    return LightFMBaseline(
        model.user_vectors(user_features), model.item_vectors(item_features), biases
    )


def _with_identity(attributes: sp.csr_array) -> sp.csr_array:
    identity = sp.eye_array(attributes.shape[0], format="csr", dtype=np.float32)
    return normalise_rows(sp.csr_array(sp.hstack([identity, attributes], format="csr")))
