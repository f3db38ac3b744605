"""Posterior of one person's effects in a logistic model, given everything else.

Row i succeeds with probability ``looked[i]`` · σ(logit): first one looks (examination hypothesis,
Richardson et al. 2007, "Predicting clicks"), then one decides.

Variational Gaussian approximation (Wand 2014, "Fully simplified multivariate normal updates",
JMLR 15): Newton steps in which the mean and the slope of the logistic curve are averaged over what
is uncertain. The average is the usual one, E σ(m + s z) = σ(m / sqrt(1 + π s² / 8)) (MacKay 1992).
"""

import math

import numpy as np

from recsys.formats.stories import Float, Index
from recsys.kernels import kernel

__all__ = [
    "Float",
    "Index",
    "flattening",
    "missed",
    "residual_of",
    "solve_groups",
    "solve_scalars",
    "solve_shared",
]

_LONGEST_STEP = 1.5
"""Logits; longer Newton steps overshoot where the curve is flat."""
_CLOSE = 1e-3
"""Logits; a step shorter than this is the last: it moves no probability by more than 0.00025."""


@kernel
def flattening(variance: float) -> float:
    """Return the factor κ by which a logit shrinks when averaged over its ``variance``."""
    return 1.0 / math.sqrt(1.0 + math.pi * variance / 8.0)


@kernel
def missed(looked: float, p: float, kappa: float) -> float:
    """Return E[p / (1 − looked · p)] of a ``p`` whose mean was flattened by ``kappa``.

    To second order, with Var(p) = p (1 − p) (1 − κ).
    """
    left = 1.0 - looked * p
    return p / left + looked * p * (1.0 - p) * (1.0 - kappa) / (left * left * left)


@kernel
def residual_of(success: float, looked: float, p: float, kappa: float) -> float:
    """Return the mean slope of the log probability of an outcome by the logit."""
    if success > 0.0:
        return 1.0 - p
    return min((1.0 - looked) * missed(looked, p, kappa) - p, 0.0)


@kernel
def solve_groups(  # noqa: C901, PLR0912  # one pass over rows; calls between kernels would cost more
    starts: Index, places: Index, values: Float, offset: Float, variance: Float, looked: Float,
    successes: Float, precision: Float, prior_means: Float, means: Float, covariances: Float,
    n_steps: int, row_mean: Float, row_variance: Float,
) -> None:  # fmt: skip
    """Improve ``means`` (n, d) and ``covariances`` (n, d, d) of n people by ``n_steps`` steps.

    Person g has the rows ``starts[g]:starts[g + 1]``. Row i has logit ``offset[i]`` + Σ_j
    ``values[i, j]`` · effect[``places[i, j]``] (a value of 0 is unused) with ``variance[i]`` of
    everything that is no effect of the person; effects are N(``prior_means[g]``, 1 /
    ``precision``). Mean and variance of what the effects add to each row are left in ``row_mean``
    and ``row_variance``, unless these are empty.
    """
    d, width = precision.shape[0], places.shape[1]
    for g in range(len(starts) - 1):
        mean, covariance = means[g], covariances[g]
        for step_number in range(n_steps + min(len(row_mean), 1)):
            gradient = -(precision @ (mean - prior_means[g]))
            half = np.zeros((d, d))  # of the information in the rows; the other half mirrors it
            for i in range(starts[g], starts[g + 1]):
                total, spread = 0.0, 0.0
                for j in range(width):
                    value = values[i, j]
                    if value != 0.0:
                        a = places[i, j]
                        total += value * mean[a]
                        spread += value * value * covariance[a, a]
                        for k in range(j):
                            if values[i, k] == 0.0:
                                continue
                            spread += 2.0 * value * values[i, k] * covariance[a, places[i, k]]
                if step_number == n_steps:
                    row_mean[i], row_variance[i] = total, spread
                    continue
                kappa = 1.0 / math.sqrt(1.0 + math.pi * (spread + variance[i]) / 8.0)
                p = 1.0 / (1.0 + math.exp(-kappa * (total + offset[i])))
                odds = looked[i] * (1.0 - p) / (1.0 - looked[i] * p)
                residual = residual_of(successes[i], looked[i], p, kappa)
                weight = kappa * p * (1.0 - p) * odds
                for j in range(width):
                    value = values[i, j]
                    if value != 0.0:
                        a = places[i, j]
                        gradient[a] += value * residual
                        half[a, a] += 0.5 * weight * value * value
                        for k in range(j):
                            if values[i, k] != 0.0:
                                half[a, places[i, k]] += weight * value * values[i, k]
            if step_number == n_steps:
                break
            covariance[:, :] = np.linalg.inv(precision + half + half.T)
            step = covariance @ gradient
            longest = 0.0
            for j in range(d):
                longest = max(longest, abs(step[j]))
            mean += step * min(1.0, _LONGEST_STEP / max(longest, 1e-12))


@kernel
def solve_scalars(
    group: Index, offset: Float, variance: Float, looked: Float, successes: Float,
    prior_variance: Float, means: Float, variances: Float,
) -> None:  # fmt: skip
    """Take one step for one number per group; arrays of n_groups: the last three."""
    gradient = -means / prior_variance
    information = 1.0 / prior_variance
    for i in range(len(group)):
        g = group[i]
        kappa = flattening(variance[i] + variances[g])
        p = 1.0 / (1.0 + math.exp(-kappa * (offset[i] + means[g])))
        odds = looked[i] * (1.0 - p) / (1.0 - looked[i] * p)
        gradient[g] += residual_of(successes[i], looked[i], p, kappa)
        information[g] += kappa * p * (1.0 - p) * odds
    for g in range(len(means)):
        variances[g] = 1.0 / information[g]
        step = gradient[g] / information[g]
        means[g] += max(-_LONGEST_STEP, min(_LONGEST_STEP, step))


@kernel
def solve_shared(
    places: Index, values: Float, offset: Float, variance: Float, looked: Float, successes: Float,
    precision: Float, shared: Float, row_logit: Float,
) -> Float:  # fmt: skip
    """Take one Newton step for the shared columns in place; return their covariance.

    ``row_logit`` is left with what the improved columns say of every row.
    """
    gradient = -precision * shared
    information = np.diag(precision)
    width = places.shape[1]
    for i in range(len(offset)):
        logit = offset[i]
        for j in range(width):
            logit += values[i, j] * shared[places[i, j]]
        kappa = flattening(variance[i])
        p = 1.0 / (1.0 + np.exp(-kappa * logit))
        odds = looked[i] * (1.0 - p) / (1.0 - looked[i] * p)
        residual = residual_of(successes[i], looked[i], p, kappa)
        weight = kappa * p * (1.0 - p) * odds
        for j in range(width):
            value = values[i, j]
            if value != 0.0:
                gradient[places[i, j]] += value * residual
                for k in range(width):
                    information[places[i, j], places[i, k]] += weight * value * values[i, k]
    covariance = np.linalg.inv(information)
    step = covariance @ gradient
    shared += step * min(1.0, _LONGEST_STEP / max(np.abs(step).max(), 1e-12))
    for i in range(len(offset)):
        row_logit[i] = 0.0
        for j in range(width):
            row_logit[i] += values[i, j] * shared[places[i, j]]
    return np.asarray(covariance, np.float64)
