"""Empirical Bayes: which variances of people's effects their posteriors point to."""

import numpy as np

from recsys.formats.design import FINISH, FIRST_FINISHING, FIRST_INTEREST, FIRST_TASTE, OPEN
from recsys.formats.mixed_logit import BLOCKS
from recsys.formats.stories import Float

__all__ = ["LEAST_VARIANCE", "PRIOR_VARIANCE", "TASTES", "company_covariance", "inverse", "moment"]

LEAST_VARIANCE = 1e-4
PRIOR_VARIANCE = 0.1
_PRIOR_PEOPLE = 1.0
"""Variances are taken to be 0.1 before looking, and that counts as much as one well-known person:
where nothing tells, a variance would run away."""
TASTES = slice(FIRST_TASTE, FIRST_FINISHING)
_ALIKE = (
    slice(OPEN, OPEN + 1), slice(FINISH, FINISH + 1), slice(FIRST_FINISHING, FIRST_INTEREST),
    BLOCKS[2],
)  # fmt: skip
"""Effects that vary alike and independently of all others."""


def moment(means: Float, variances: Float) -> float:
    """Return the mean square of effects known by their posteriors."""
    if len(means) == 0:
        return LEAST_VARIANCE
    return max(float((means**2 + variances).mean()), LEAST_VARIANCE)


def inverse(matrix: Float) -> Float:
    """Return the symmetric inverse."""
    found = np.linalg.inv(matrix)
    return np.asarray((found + found.T) / 2, np.float64)


def company_covariance(prior: Float, means: Float, covariances: Float) -> Float:
    """Return the next covariance of people's effects around their groups.

    Its fixed point is that of EM, prior = mean of (outer product of means + covariance), but it
    gets there in a few rounds where the data say little about a person (MacKay 1992, "Bayesian
    interpolation", section 4, in the basis that makes the prior white). Tastes vary together; all
    else is independent.
    """
    explained = means.T @ means / len(means)
    left = covariances.mean(axis=0)
    guess = _PRIOR_PEOPLE / len(means)
    following = np.zeros_like(prior)
    following[TASTES, TASTES] = _rescaled(
        prior[TASTES, TASTES], explained[TASTES, TASTES], left[TASTES, TASTES], guess
    )
    for part in _ALIKE:
        if len(prior[part]):
            before, outer, spread = (np.diag(m)[part].mean() for m in (prior, explained, left))
            known = max(1.0 - spread / before, 0.0) + guess
            variance = (outer + guess * PRIOR_VARIANCE) / known
            np.fill_diagonal(following[part, part], max(variance, LEAST_VARIANCE))
    return following


def _rescaled(prior: Float, explained: Float, left: Float, guess: float) -> Float:
    root = np.linalg.cholesky(prior)
    white = np.linalg.inv(root)
    known = np.eye(len(prior)) - white @ left @ white.T
    values, vectors = np.linalg.eigh(known)
    inverse_root = vectors @ np.diag((np.maximum(values, 0.0) + guess) ** -0.5) @ vectors.T
    explained = explained + guess * PRIOR_VARIANCE * np.eye(len(prior))
    inner = inverse_root @ white @ explained @ white.T @ inverse_root
    return np.asarray(root @ inner @ root.T + LEAST_VARIANCE * np.eye(len(prior)))
