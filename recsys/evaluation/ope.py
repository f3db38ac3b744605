"""What would another policy have earned? Off-policy estimators over logged actions.

Every estimator takes one entry per logged action: its reward, the propensity with which the
logging policy took it and the probability with which the evaluation policy would have taken it.
The weight w of an action is the ratio of the two probabilities. All answer an :class:`Estimate`;
arguments that cannot be meant (lengths that differ, NaN, a propensity of 0) raise ``ValueError``.
"""

import numpy as np

from recsys.evaluation.logged_actions import (
    Clusters,
    Estimate,
    Float,
    LoggedActions,
    Numbers,
    check_positive,
    numbers,
)

__all__ = ["Estimate", "dr", "dros", "ips", "snips", "switch_dr"]

Draws = np.random.Generator | None

_MILD = 100.0
"""Default of λ / n."""


def ips(
    rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
    clip: float | None = None, clusters: Clusters = None, *, bootstrap: Draws = None,
) -> Estimate:  # fmt: skip
    """Return the mean of w · reward, the inverse propensity score estimate.

    Unbiased if every action that the evaluation policy may take had a positive propensity; of high
    variance where weights are large. ``clip`` bounds the weights and biases the value towards 0.

    Parameters
    ----------
    rewards : finite numbers, shape (n,)
    propensities : in (0, 1], shape (n,)
    evaluation_probabilities : in [0, 1], shape (n,), of the logged actions
    clip : largest weight, above 0; None leaves weights as they are
    clusters : shape (n,), any labels; actions of one label (an employee) may resemble each other,
        standard error and interval are robust to that
    bootstrap : draws clusters anew for the interval, which :mod:`recsys.evaluation.cluster_ratio`
        otherwise computes without drawing; that is as good, and better where employees are few

    Notes
    -----
    Horvitz and Thompson (1952), "A generalization of sampling without replacement from a finite
    universe". No actions give NaN and a refusal.
    """
    log = LoggedActions.of(
        rewards, propensities, evaluation_probabilities, clip, clusters, bootstrap
    )
    return log.mean_of(log.weights * log.rewards)


def snips(
    rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
    clip: float | None = None, clusters: Clusters = None, *, bootstrap: Draws = None,
) -> Estimate:  # fmt: skip
    """Return Σ w · reward / Σ w, the self-normalised estimate.

    Its bias fades with 1/n, and it stays within the range of the rewards, hence of lower variance
    than :func:`ips` wherever weights happen to be large or small together. Parameters as in
    :func:`ips`; no weight at all gives NaN.

    Notes
    -----
    Swaminathan and Joachims (2015), "The self-normalized estimator for counterfactual learning".
    """
    log = LoggedActions.of(
        rewards, propensities, evaluation_probabilities, clip, clusters, bootstrap
    )
    return log.ratio(log.weights * log.rewards, log.weights)


def dr(
    rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
    logged_predictions: Numbers, evaluation_predictions: Numbers,
    clip: float | None = None, clusters: Clusters = None, *, bootstrap: Draws = None,
) -> Estimate:  # fmt: skip
    """Return the doubly robust estimate: a reward model, corrected by weighted residuals.

    Mean of m + w · (reward − q): right if either propensities or reward model are, and of lower
    variance than :func:`ips` the better the model. The model must not have seen these rewards.

    Parameters
    ----------
    rewards, propensities, evaluation_probabilities, clip, clusters, bootstrap : as in :func:`ips`
    logged_predictions : q, the modelled reward of the logged action, shape (n,)
    evaluation_predictions : m, the modelled reward expected under the evaluation policy, shape (n,)

    Notes
    -----
    Dudík, Erhan, Langford and Li (2014), "Doubly robust policy evaluation and optimization".
    """
    log = LoggedActions.of(
        rewards, propensities, evaluation_probabilities, clip, clusters, bootstrap
    )
    return _corrected(log, log.weights, logged_predictions, evaluation_predictions)


def switch_dr(
    rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
    logged_predictions: Numbers, evaluation_predictions: Numbers,
    clip: float | None = None, clusters: Clusters = None, *, threshold: float | None = None,
    bootstrap: Draws = None,
) -> Estimate:  # fmt: skip
    """Return :func:`dr` that trusts the reward model alone where a weight exceeds ``threshold``.

    Parameters as in :func:`dr`. ``threshold`` is above 0; by default √n, so that no action decides
    more than 1/√n of the answer and the bias vanishes as n grows (Ionides 2008, "Truncated
    importance sampling"). The interval knows nothing of that bias, which is small if the model is
    good or such weights are few. Wang et al. choose the threshold by the data; the least estimated
    error is then found where the large residuals happen to be missing, and intervals are far too
    narrow. ``ess`` and ``max_weight`` are of the log's weights, switched or not.

    Notes
    -----
    Wang, Agarwal and Dudík (2017), "Optimal and adaptive off-policy evaluation in contextual
    bandits".
    """
    log = LoggedActions.of(
        rewards, propensities, evaluation_probabilities, clip, clusters, bootstrap
    )
    check_positive("threshold", threshold)
    limit = np.sqrt(len(log.weights)) if threshold is None else threshold
    trusted = np.where(log.weights <= limit, log.weights, 0.0)
    return _corrected(log, trusted, logged_predictions, evaluation_predictions)


def dros(
    rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
    logged_predictions: Numbers, evaluation_predictions: Numbers,
    clip: float | None = None, clusters: Clusters = None, *, shrinkage: float | None = None,
    bootstrap: Draws = None,
) -> Estimate:  # fmt: skip
    """Return :func:`dr` with optimistically shrunken weights, λ w / (w² + λ).

    Parameters as in :func:`dr`. λ = ``shrinkage``, above 0, halves a weight of √λ: towards 0 the
    reward model alone counts, infinite is :func:`dr`. By default λ = 100 n: a weight of √n, where
    :func:`switch_dr` switches, loses one hundredth. Not chosen by the data, for the reason given
    there. ``ess`` and ``max_weight`` are of the log's weights before that.

    Notes
    -----
    Su, Dimakopoulou, Krishnamurthy and Dudík (2020), "Doubly robust off-policy evaluation with
    shrinkage".
    """
    log = LoggedActions.of(
        rewards, propensities, evaluation_probabilities, clip, clusters, bootstrap
    )
    check_positive("shrinkage", shrinkage)
    strength = _MILD * max(len(log.weights), 1) if shrinkage is None else shrinkage
    shrunken = log.weights / (1.0 + log.weights**2 / strength)
    return _corrected(log, shrunken, logged_predictions, evaluation_predictions)


def _corrected(
    log: LoggedActions, weights: Float, logged_predictions: Numbers, evaluation_predictions: Numbers
) -> Estimate:
    n = len(log.rewards)
    residuals = log.rewards - numbers("logged_predictions", logged_predictions, n)
    modelled = numbers("evaluation_predictions", evaluation_predictions, n)
    return log.mean_of(modelled + weights * residuals)
