"""Whether a person's tastes changed lately, and what holds since.

Bayesian model averaging over moments of change (Adams and MacKay 2007, "Bayesian online changepoint
detection", with a handful of run lengths): under each, tastes are drawn anew at the change while
readiness and interests, already known, stay. Forgetting everything at a fixed rate would cost those
whose tastes stay, and follow those whose tastes change too late.
"""

import numpy as np

from recsys.formats.design import OPEN
from recsys.formats.mixed_effects import residual_of
from recsys.formats.stories import Float, Index
from recsys.kernels import kernel

__all__ = ["RUNS", "suspicion", "tastes_since"]

RUNS = np.array([15, 21, 30, 42, 60, 85, 120])
"""Showings since a change that are considered, in steps of √2."""
_CHANGED = 0.15
"""A priori odds of each against no change at all, for those whose outcomes are suspicious; higher
odds follow a change no better and cost those whose tastes stay (planted worlds of both kinds)."""
_STEPS = 3
"""Newton steps from what holds without a change."""


@kernel
def suspicion(
    taste: Index, value: Float, logit: Float, variance: Float, looked: Float, success: Float,
    stage: Index, n_tastes: int, runs: Index,
) -> float:  # fmt: skip
    """Return the largest χ² over runs and tastes of the outcomes since a run began.

    Each with 1 more in its variance: one rare completion is no change of taste.

    Row i of n, in the order of time, has ``logit[i]`` (± ``variance[i]``) in all and moves with
    taste ``taste[i]`` times ``value[i]``; runs are counted in openings or not.
    """
    n = len(taste)
    gradient, weight, information = np.empty(n), np.empty(n), np.zeros(n_tastes)
    for i in range(n):
        kappa = 1.0 / np.sqrt(1.0 + np.pi / 8.0 * variance[i])
        p = 1.0 / (1.0 + np.exp(-kappa * logit[i]))
        odds = looked[i] * (1.0 - p) / (1.0 - looked[i] * p)
        gradient[i] = value[i] * residual_of(success[i], looked[i], p, kappa)
        weight[i] = value[i] * value[i] * p * (1.0 - p) * odds
        information[taste[i]] += weight[i]
    score, recent = np.zeros(n_tastes), np.zeros(n_tastes)
    found, count, run = 0.0, 0.0, 0
    for i in range(n - 1, -1, -1):
        score[taste[i]] += gradient[i]
        recent[taste[i]] += weight[i]
        count += 1.0 if stage[i] == OPEN and value[i] > 0.0 else 0.0
        if run < len(runs) and count >= runs[run]:
            run += 1
            for a in range(n_tastes):
                # What the fit has taken out already leaves less variance than there was.
                left = recent[a] * (1.0 - recent[a] / (information[a] + 1e-9))
                found = max(found, score[a] * score[a] / (left + 1.0))
    return found


@kernel
def _solve(
    taste: Index, value: Float, offset: Float, variance: Float, looked: Float, success: Float,
    start: int, end: int, prior: Float, precision: Float, mean: Float, covariance: Float,
) -> float:  # fmt: skip
    """Improve ``mean``, fill ``covariance``; return the log evidence of rows ``start:end``.

    By Laplace's method; the log determinant of the prior is left out.
    """
    n_tastes = len(mean)
    total = 0.0
    for step_number in range(_STEPS + 1):
        gradient = -(precision @ (mean - prior))
        information = precision.copy()
        total = 0.0
        for i in range(start, end):
            a = taste[i]
            kappa = 1.0 / np.sqrt(1.0 + np.pi / 8.0 * variance[i])
            p = 1.0 / (1.0 + np.exp(-kappa * (offset[i] + value[i] * mean[a])))
            odds = looked[i] * (1.0 - p) / (1.0 - looked[i] * p)
            gradient[a] += value[i] * residual_of(success[i], looked[i], p, 1.0)
            information[a, a] += value[i] * value[i] * kappa * p * (1.0 - p) * odds
            if step_number == _STEPS:
                total += np.log(looked[i] * p if success[i] > 0.0 else 1.0 - looked[i] * p)
        covariance[:, :] = np.linalg.inv(information)
        if step_number < _STEPS:
            step = covariance @ gradient
            longest = 0.0
            for a in range(n_tastes):
                longest = max(longest, abs(step[a]))
            mean += step * min(1.0, 1.5 / max(longest, 1e-12))
        else:
            away = mean - prior
            total -= (away @ (precision @ away) + np.log(np.linalg.det(information))) / 2.0
    return total


@kernel
def tastes_since(
    taste: Index, value: Float, offset: Float, variance: Float, looked: Float, success: Float,
    stage: Index, prior: Float, precision: Float, kept: Float, kept_covariance: Float, runs: Index,
) -> tuple[Float, Float, float]:  # fmt: skip
    """Return mean and covariance of today's tastes, and the probability that they never changed.

    ``offset`` is each row's logit without tastes; ``kept`` (with its covariance) are the tastes
    without a change.
    """
    n, n_tastes = len(taste), len(prior)
    n_runs = len(runs)
    means = np.zeros((n_runs + 1, n_tastes))
    covariances = np.zeros((n_runs + 1, n_tastes, n_tastes))
    log_weight = np.full(n_runs + 1, -np.inf)
    scratch = np.zeros((n_tastes, n_tastes))
    half_volume = np.log(np.linalg.det(precision)) / 2.0
    log_weight[0] = half_volume + _solve(
        taste, value, offset, variance, looked, success, 0, n, prior, precision,
        kept.copy(), scratch,
    )  # fmt: skip
    means[0], covariances[0] = kept, kept_covariance
    count, run = 0.0, 0
    for i in range(n - 1, 0, -1):
        count += 1.0 if stage[i] == OPEN and value[i] > 0.0 else 0.0
        if run < n_runs and count >= runs[run]:
            before = kept.copy()
            run += 1
            means[run] = prior
            log_weight[run] = np.log(_CHANGED) + 2.0 * half_volume
            log_weight[run] += _solve(
                taste, value, offset, variance, looked, success, 0, i, prior, precision, before,
                scratch,
            )  # fmt: skip
            log_weight[run] += _solve(
                taste, value, offset, variance, looked, success, i, n, prior, precision, means[run],
                covariances[run],
            )  # fmt: skip
    weights = np.exp(log_weight - log_weight.max())
    weights /= weights.sum()
    mean, covariance = np.zeros(n_tastes), np.zeros((n_tastes, n_tastes))
    for h in range(n_runs + 1):
        mean += weights[h] * means[h]
    for h in range(n_runs + 1):
        away = means[h] - mean
        covariance += weights[h] * (covariances[h] + np.outer(away, away))
    return mean, covariance, weights[0]
