"""LightFM as a features-only hybrid: taste that reaches contents nobody has read yet.

Source: Kula, "Metadata embeddings for user and item cold-start recommendations" (2015), with the
WARP loss of Weston et al. (2011). Without an identity column per item a new item has the same
standing as an old one of the same features; with it LightFM puts new items last.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recsys.affinity.batch import NotFitted
from recsys.affinity.factor_model import FactorModel
from recsys.affinity.lightfm_import import import_lightfm
from recsys.affinity.lightfm_probe import lightfm_status
from recsys.errors import ConfigurationError

__all__ = ["Interactions", "LightFMConfig", "fit_lightfm"]

_LARGEST_RATE = 0.05  # LightFM's default; far above it embeddings explode without an error
_LARGEST_EMBEDDING = 1e3  # fits that converge stay below 10; exploded ones reach 1e6
_TRIES = 3


@dataclass(frozen=True, slots=True)
class LightFMConfig:
    """Hyper-parameters; the defaults are LightFM's own except factors, epochs and penalties.

    ``item_alpha`` and ``user_alpha`` are L2 penalties on feature embeddings; keep them small.
    """

    n_factors: int = 32
    n_epochs: int = 15
    learning_rate: float = 0.05
    item_alpha: float = 1e-6
    user_alpha: float = 1e-6
    max_sampled: int = 10

    def __post_init__(self) -> None:
        if not 0.0 < self.learning_rate <= _LARGEST_RATE:
            raise ConfigurationError(
                f"learning_rate is {self.learning_rate}; expected 0 < rate <= {_LARGEST_RATE}, "
                "because LightFM diverges above it without saying so"
            )


@dataclass(frozen=True, slots=True)
class Interactions:
    """Positive examples: three arrays of shape (n,).

    ``weight`` > 0 scales the step of an example (WARP itself ignores the strength of one); a pair
    that occurs twice is two examples.
    """

    user_index: npt.NDArray[np.int32]
    item_index: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float32]


def fit_lightfm(
    interactions: Interactions,
    user_features: sp.csr_array,
    item_features: sp.csr_array,
    *,
    live_items: npt.NDArray[np.int32],
    config: LightFMConfig,
    seed: int,
) -> FactorModel | NotFitted:
    """Fit a WARP model on feature rows.

    Parameters
    ----------
    interactions : examples; those of items that are not live are left out
    user_features : float32 CSR, shape (n_users, n_user_features), rows l2-normalised
    item_features : float32 CSR, shape (n_items, n_item_features), rows l2-normalised
    live_items : items that could have been read in the window of the interactions, each once;
        they alone are drawn as negatives, so nothing is learned from not reading the unpublished
    config, seed : one thread and a seed, so the same input gives the same model

    Returns
    -------
    The model; or :class:`NotFitted` when the package cannot be used, no example is left, or the
    embeddings exploded at every rate tried (the configured one, a quarter and a sixteenth of it).

    Notes
    -----
    Cost is linear in examples × features per row × factors × epochs, about 0.2 million examples a
    second at ten features an item. The user bias is dropped: it does not change a user's order.
    """
    status = lightfm_status()
    if not status.usable:
        return NotFitted(status.reason or "lightfm cannot be used")
    kept, rows = _onto_live_rows(interactions, live_items, item_features.shape[0])
    if len(kept.user_index) == 0:
        return NotFitted("no interaction with a live item; a model needs at least one")
    examples = sp.coo_matrix(
        (kept.weight, (kept.user_index, rows)), shape=(user_features.shape[0], len(live_items))
    )
    problem = _Problem(examples, user_features, item_features[live_items])
    for attempt in range(_TRIES):
        rate = config.learning_rate / 4**attempt
        model = _fit_once(problem, config, rate, seed)
        if model is not None:
            return _without_untrained(model, problem, rate)
    return NotFitted(
        f"embeddings exploded at every learning rate down to {rate:g}; check that feature rows are "
        "l2-normalised and weights are around 1"
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """What LightFM is given: examples over live rows, and the features of both sides."""

    examples: sp.coo_matrix
    user_features: sp.csr_array
    item_features: sp.csr_array


def _onto_live_rows(
    interactions: Interactions, live_items: npt.NDArray[np.int32], n_items: int
) -> tuple[Interactions, npt.NDArray[np.int32]]:
    """Keep examples of live items; also return the row of each among the live items."""
    row_of_item = np.full(n_items, -1, np.int32)
    row_of_item[live_items] = np.arange(len(live_items), dtype=np.int32)
    rows = row_of_item[interactions.item_index]
    keep = rows >= 0
    kept = Interactions(
        interactions.user_index[keep], interactions.item_index[keep], interactions.weight[keep]
    )
    return kept, rows[keep]


def _fit_once(
    problem: _Problem, config: LightFMConfig, learning_rate: float, seed: int
) -> Any | None:  # noqa: ANN401 (lightfm has no types and may be absent)
    """Return a fitted ``lightfm.LightFM``, or None if it diverged."""
    with warnings.catch_warnings():
        # Built without OpenMP it warns that one thread is used; one is what we ask for.
        warnings.simplefilter("ignore", UserWarning)
        lightfm = import_lightfm()
    model = lightfm.LightFM(
        no_components=config.n_factors,
        loss="warp",
        learning_rate=learning_rate,
        item_alpha=config.item_alpha,
        user_alpha=config.user_alpha,
        max_sampled=config.max_sampled,
        random_state=seed,
    )
    try:
        model.fit(
            problem.examples,
            sample_weight=problem.examples,  # must have the same rows and columns in one order
            user_features=_for_lightfm(problem.user_features),
            item_features=_for_lightfm(problem.item_features),
            epochs=config.n_epochs,
            num_threads=1,
        )
    except ValueError as error:
        if "finite" not in str(error):
            raise
        return None
    largest = max(np.abs(model.user_embeddings).max(), np.abs(model.item_embeddings).max())
    return model if largest <= _LARGEST_EMBEDDING else None


def _for_lightfm(features: sp.csr_array) -> sp.csr_matrix:
    """Return the matrix class and the number types that LightFM's compiled code accepts."""
    matrix = sp.csr_matrix(features, dtype=np.float32)
    matrix.indices = matrix.indices.astype(np.int32)
    matrix.indptr = matrix.indptr.astype(np.int32)
    return matrix


def _without_untrained(
    model: Any,  # noqa: ANN401 (lightfm has no types and may be absent)
    problem: _Problem,
    learning_rate: float,
) -> FactorModel:
    """Zero the embeddings of features without a training row: they still hold random starts."""
    users, items = model.user_embeddings.copy(), model.item_embeddings.copy()
    biases = model.item_biases.copy()
    users[_empty_columns(problem.user_features[np.unique(problem.examples.row)])] = 0.0
    untrained = _empty_columns(problem.item_features)
    items[untrained], biases[untrained] = 0.0, 0.0
    return FactorModel(users, items, biases, learning_rate)


def _empty_columns(features: sp.csr_array) -> npt.NDArray[np.bool_]:
    return np.asarray(np.bincount(features.indices, minlength=features.shape[1]) == 0)
