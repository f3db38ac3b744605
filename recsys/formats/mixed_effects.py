"""Posterior of one person's effects in a logistic model, given everything else.

Variational Gaussian approximation (Wand 2014, "Fully simplified multivariate normal updates",
JMLR 15): Newton steps in which the mean and the slope of the logistic curve are averaged over what
is uncertain. The average is the usual one, E σ(m + s z) = σ(m / sqrt(1 + π s² / 8)) (MacKay 1992).
"""

import math

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel

__all__ = ["Float", "Index", "flattening", "solve_effects", "solve_groups", "solve_scalars"]

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_LONGEST_STEP = 1.5
"""Logits; longer Newton steps overshoot where the curve is flat."""
_CLOSE = 1e-3
"""Logits; a step shorter than this is the last: it moves no probability by more than 0.00025."""


@kernel
def flattening(variance: float) -> float:
    """Return the factor κ by which a logit shrinks when averaged over its ``variance``."""
    return 1.0 / math.sqrt(1.0 + math.pi * variance / 8.0)


@kernel
def _moments(places: Index, values: Float, mean: Float, covariance: Float) -> tuple[float, float]:
    """Return mean and variance of Σ_j ``values[j]`` · effect[``places[j]``]."""
    total, spread = 0.0, 0.0
    for j in range(len(places)):
        if values[j] != 0.0:
            total += values[j] * mean[places[j]]
            spread += values[j] * values[j] * covariance[places[j], places[j]]
            for k in range(j):
                spread += 2.0 * values[j] * values[k] * covariance[places[j], places[k]]
    return total, spread


@kernel
def solve_effects(
    places: Index, values: Float, offset: Float, variance: Float, trials: Float, successes: Float,
    precision: Float, mean: Float, covariance: Float, n_steps: int,
) -> None:  # fmt: skip
    """Improve ``mean`` (d,) and ``covariance`` (d, d) in place by at most ``n_steps`` steps.

    Row i has logit ``offset[i]`` + Σ_j ``values[i, j]`` · effect[``places[i, j]``] (a value of 0 is
    unused) with ``variance[i]`` of everything that is no effect; the effects are N(0,
    1 / ``precision``).
    """
    d = len(mean)
    width = places.shape[1]
    for _ in range(n_steps):
        gradient = -(precision @ mean)
        information = precision.copy()
        for i in range(len(offset)):
            logit, spread = _moments(places[i], values[i], mean, covariance)
            logit, spread = logit + offset[i], spread + variance[i]
            kappa = flattening(spread)
            p = 1.0 / (1.0 + math.exp(-kappa * logit))
            residual = successes[i] - trials[i] * p
            weight = trials[i] * kappa * p * (1.0 - p)
            for j in range(width):
                if values[i, j] == 0.0:
                    continue
                gradient[places[i, j]] += values[i, j] * residual
                for k in range(width):
                    if values[i, k] != 0.0:
                        information[places[i, j], places[i, k]] += (
                            weight * values[i, j] * values[i, k]
                        )
        covariance[:, :] = np.linalg.inv(information)
        step = covariance @ gradient
        longest = 0.0
        for j in range(d):
            longest = max(longest, abs(step[j]))
        mean += step * min(1.0, _LONGEST_STEP / max(longest, 1e-12))
        if longest < _CLOSE:
            break


@kernel
def solve_groups(
    starts: Index, places: Index, values: Float, offset: Float, variance: Float, trials: Float,
    successes: Float, precision: Float, means: Float, covariances: Float, n_steps: int,
    row_mean: Float, row_variance: Float,
) -> None:  # fmt: skip
    """Solve for every group of rows ``starts[g]:starts[g + 1]``; say what it means for its rows."""
    for g in range(len(starts) - 1):
        a, b = starts[g], starts[g + 1]
        solve_effects(
            places[a:b], values[a:b], offset[a:b], variance[a:b], trials[a:b], successes[a:b],
            precision, means[g], covariances[g], n_steps,
        )  # fmt: skip
        for i in range(a, b):
            row_mean[i], row_variance[i] = _moments(places[i], values[i], means[g], covariances[g])


@kernel
def solve_scalars(
    group: Index, offset: Float, variance: Float, trials: Float, successes: Float,
    prior_variance: float, means: Float, variances: Float,
) -> None:  # fmt: skip
    """Take one step for one number per group (``means``, ``variances``: shape (n_groups,))."""
    gradient = -means / prior_variance
    information = np.full(len(means), 1.0 / prior_variance)
    for i in range(len(group)):
        g = group[i]
        kappa = flattening(variance[i] + variances[g])
        p = 1.0 / (1.0 + math.exp(-kappa * (offset[i] + means[g])))
        gradient[g] += successes[i] - trials[i] * p
        information[g] += trials[i] * kappa * p * (1.0 - p)
    for g in range(len(means)):
        variances[g] = 1.0 / information[g]
        step = gradient[g] / information[g]
        means[g] += max(-_LONGEST_STEP, min(_LONGEST_STEP, step))
