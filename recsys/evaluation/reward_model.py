"""What a reward is likely to be, predicted for each employee from the others'."""

import numpy as np
import numpy.typing as npt

__all__ = ["cross_fitted"]

_N_FOLDS = 5
_SMOOTHING = 1.0
"""Rewards of each kind that are added where a fold holds one kind only."""

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


def cross_fitted(
    features: Float, rewards: npt.NDArray[np.bool_], employee: npt.NDArray[np.int32],
    asked: Float, asked_row: Index,
) -> Float:  # fmt: skip
    """Return the probability of a reward for every asked action, by a small logistic regression.

    No prediction knows a reward of its own employee: employees are dealt into five parts, and each
    part is predicted from the others. So errors of the model are not those of the residuals, which
    doubly robust estimates need (Chernozhukov et al. 2018, "Double/debiased machine learning").

    Parameters
    ----------
    features : of the logged actions, shape (n, f)
    rewards : shape (n,)
    employee : shape (n,), whose each action is
    asked : of the actions to be predicted, shape (m, f)
    asked_row : the logged action in whose place each might have been, shape (m,)
    """
    _, number = np.unique(employee, return_inverse=True)
    part = number % _N_FOLDS
    predicted = np.zeros(len(asked))
    for fold in range(_N_FOLDS):
        is_mine = part == fold
        wanted = is_mine[asked_row]
        if wanted.any():
            predicted[wanted] = _fitted(features[~is_mine], rewards[~is_mine], asked[wanted])
    return predicted


def _fitted(features: Float, rewards: npt.NDArray[np.bool_], asked: Float) -> Float:
    n_rewarded, n = int(rewards.sum()), len(rewards)
    if n_rewarded in (0, n):  # nothing to tell apart
        return np.full(len(asked), (n_rewarded + _SMOOTHING) / (n + 2 * _SMOOTHING))
    from sklearn.linear_model import LogisticRegression

    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread == 0] = 1.0
    model = LogisticRegression(max_iter=1_000)
    model.fit((features - centre) / spread, rewards)
    return np.asarray(model.predict_proba((asked - centre) / spread)[:, 1])
