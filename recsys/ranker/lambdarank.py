"""LambdaRank over live features: gradient-boosted trees that put the chosen content first."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from recsys.errors import ModelError
from recsys.features.matrix import FEATURE_NAMES
from recsys.ranker.training_rows import TrainingRows

__all__ = ["MIN_QUESTIONS", "Ranker", "RankerRecipe", "fit_ranker"]

MIN_QUESTIONS = 200
"""With fewer choices to learn from, trees of 31 leaves would only learn them by heart."""


@dataclass(frozen=True, slots=True)
class RankerRecipe:
    """Hyper-parameters of the trees; see LightGBM's documentation for their meaning."""

    n_trees: int = 150
    learning_rate: float = 0.06
    n_leaves: int = 31
    min_rows_in_leaf: int = 50
    feature_share: float = 0.7
    truncation_level: int = 20
    l2: float = 1.0


class Ranker:
    """Fitted trees; pure and safe to share between threads."""

    def __init__(self, model_text: str) -> None:
        self.model_text = model_text
        self._booster = lgb.Booster(model_str=model_text)
        names = tuple(self._booster.feature_name())
        if names != FEATURE_NAMES:
            raise ModelError(
                f"the ranker was fitted on {len(names)} features that differ from the "
                f"{len(FEATURE_NAMES)} of this version; train again with `recsys train`"
            )

    def score(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return float64 scores, shape (n,), of feature rows; only their order has a meaning."""
        if len(features) == 0:
            return np.zeros(0)
        return np.asarray(self._booster.predict(features, num_threads=1), np.float64)

    def importances(self) -> dict[str, float]:
        """Return the total gain of every feature, as shares that sum to 1."""
        gains = self._booster.feature_importance("gain")
        shares = gains / max(gains.sum(), 1e-12)
        return dict(zip(FEATURE_NAMES, shares.tolist(), strict=True))


def fit_ranker(rows: TrainingRows, *, recipe: RankerRecipe, seed: int) -> Ranker | None:
    """Fit on point-in-time rows; None where there are fewer than ``MIN_QUESTIONS`` choices.

    Burges 2010 (LambdaMART). The same rows and seed give the same trees.
    """
    if len(rows.group_sizes) < MIN_QUESTIONS:
        return None
    parameters = {
        # One thread gives the same trees everywhere; two wait busily for each other, and beside
        # any other load take several times as long as one.
        "num_threads": 1,
        "objective": "lambdarank",
        "lambdarank_truncation_level": recipe.truncation_level,
        "learning_rate": recipe.learning_rate,
        "num_leaves": recipe.n_leaves,
        "min_data_in_leaf": recipe.min_rows_in_leaf,
        "feature_fraction": recipe.feature_share,
        "lambda_l2": recipe.l2,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lgb.Dataset(
        rows.features,
        rows.labels,
        group=rows.group_sizes,
        feature_name=list(FEATURE_NAMES),
        params=parameters,
    )
    return Ranker(lgb.train(parameters, data, recipe.n_trees).model_to_string())
