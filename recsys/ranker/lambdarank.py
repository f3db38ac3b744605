"""LambdaRank over live features: gradient-boosted trees that put the chosen content first."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from recsys.features.matrix import FEATURE_NAMES
from recsys.ranker.calibration import Calibration, fit_calibration
from recsys.ranker.choices import MEANINGFUL
from recsys.ranker.forest import Forest
from recsys.ranker.ranker import Ranker
from recsys.ranker.training_rows import TrainingRows
from recsys.state.counters import seen_at

__all__ = ["MIN_QUESTIONS", "RankerRecipe", "calibrate", "fit_ranker", "fit_trees", "hold_back"]

MIN_QUESTIONS = 200
"""With fewer choices to learn from, trees of 31 leaves would only learn them by heart."""

_HELD_BACK_SHARE = 0.2
"""Of the questions, the latest, for the calibration: scores of known rows are overconfident."""

_MAX_POSITION_WEIGHT = 3.0
"""Rare clicks far down weigh no more than this, or a few of them would decide (clipped IPS)."""

_GAIN_OF_DEPTH = [0.0, 1.0, 2.0, 3.0]


@dataclass(frozen=True, slots=True)
class RankerRecipe:
    """Hyper-parameters of the trees; see LightGBM's documentation for their meaning."""

    n_trees: int = 150
    learning_rate: float = 0.06
    n_leaves: int = 31
    min_rows_in_leaf: int = 50
    feature_share: float = 0.5
    truncation_level: int = 20
    l2: float = 1.0
    position_power: float = 0.0
    """How much a choice weighs for having been far down: (1 / how likely one looks there) to this
    power; 0 = not at all, 1 = inverse propensities."""


def fit_ranker(rows: TrainingRows, *, recipe: RankerRecipe, seed: int) -> Ranker | None:
    """Fit on point-in-time rows; None where there are fewer than ``MIN_QUESTIONS`` choices.

    Burges 2010 (LambdaMART). A second fit without the latest questions scores those for the
    calibration. The same rows and seed give the same ranker.
    """
    if len(rows.group_sizes) < MIN_QUESTIONS:
        return None
    early, late = hold_back(rows)
    calibration = calibrate(fit_trees(early, recipe=recipe, seed=seed), late)
    return Ranker(fit_trees(rows, recipe=recipe, seed=seed), calibration)


def hold_back(rows: TrainingRows) -> tuple[TrainingRows, TrainingRows]:
    """Return the early questions to fit on, and the latest to calibrate on."""
    n_questions = len(rows.group_sizes)
    n_early = int(n_questions * (1 - _HELD_BACK_SHARE))
    return rows.questions(0, n_early), rows.questions(n_early, n_questions)


def calibrate(model_text: str, rows: TrainingRows) -> Calibration:
    """Return the map from scores to probabilities, by rows the trees have not learned from."""
    scores = Forest.from_lightgbm(model_text).score(rows.features)
    return fit_calibration(scores, rows.labels >= MEANINGFUL, rows.weight.astype(np.float64))


def fit_trees(rows: TrainingRows, *, recipe: RankerRecipe, seed: int) -> str:
    """Return the fitted trees as LightGBM writes them. Several fits may run in threads."""
    parameters = {
        # One thread gives the same trees everywhere; two wait busily for each other, and beside
        # any other load take several times as long as one.
        "num_threads": 1,
        "objective": "lambdarank",
        "label_gain": _GAIN_OF_DEPTH,
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
        weight=_position_weights(rows, recipe.position_power),
        feature_name=list(FEATURE_NAMES),
        params=parameters,
    )
    return str(lgb.train(parameters, data, recipe.n_trees).model_to_string())


def _position_weights(rows: TrainingRows, power: float) -> npt.NDArray[np.float64] | None:
    if power == 0.0 or not rows.position.any():
        return None
    weight = np.minimum(seen_at(rows.position) ** -power, _MAX_POSITION_WEIGHT)
    return np.repeat(weight, rows.group_sizes)
