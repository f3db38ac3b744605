"""All that a log says of one policy: every estimator, and whether the log covers the policy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from recsys.evaluation.logged_actions import Estimate, Float
from recsys.evaluation.ope import dr, dros, ips, snips, switch_dr

__all__ = ["ESTIMATORS", "PolicyValue", "Predictions", "policy_value"]

ESTIMATORS = ("ips", "snips", "dr", "switch_dr", "dros")

_LEAST_GAP = 0.05
"""Weights that add up to 5 % too much or too little: more than what rounding does."""
_BEYOND_LUCK = 4.0
"""Standard errors: a true mean of 1 is missed by so many once in 16,000 estimates."""

Predictions = tuple[Float, Float]
"""Of the reward: for the logged actions, and as expected under the policy; shape (n,) each."""


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """The mean reward that a policy would have had."""

    policy: str
    estimates: Mapping[str, Estimate]
    """By name of the estimator, in the order of :data:`ESTIMATORS`."""
    mean_weight: float
    """About 1 if the logged propensities are true and nothing the policy does is missing in the
    log; NaN without actions."""


def policy_value(
    policy: str, rewards: Float, propensities: Float, probabilities: Float,
    employee: npt.NDArray[np.int32], *, predictions: Predictions | None = None,
    clip: float | None = None,
) -> PolicyValue:  # fmt: skip
    """Return a policy's value by all estimators, those with a reward model if there is one.

    Arrays of shape (n,) as for :func:`recsys.evaluation.ope.ips`; employees are clusters. Beyond
    what an estimator refuses itself, all are refused where the mean weight is not 1: then part of
    what the policy does was never logged, or propensities are untrue, and no interval tells.
    """
    found = {
        estimate.__name__: estimate(rewards, propensities, probabilities, clip, employee)
        for estimate in (ips, snips)
    }
    if predictions is not None:
        found |= {
            estimate.__name__: estimate(
                rewards, propensities, probabilities, *predictions, clip, employee
            )
            for estimate in (dr, switch_dr, dros)
        }
    weight = ips(np.ones(len(rewards)), propensities, probabilities, clusters=employee)
    reason = _gap(weight)
    if reason:
        found = {name: _refused(each, reason) for name, each in found.items()}
    return PolicyValue(policy, found, weight.value)


def _gap(weight: Estimate) -> str:
    """Return how the mean weight shows that the log does not cover the policy; empty if not."""
    gap = abs(weight.value - 1.0)
    if not gap > max(_LEAST_GAP, _BEYOND_LUCK * weight.stderr):
        return ""
    return (
        f"weights are {weight.value:.2f} on average instead of 1, so part of what the policy does "
        "is not in the log, or propensities are untrue"
    )


def _refused(estimate: Estimate, reason: str) -> Estimate:
    if estimate.verdict != "ok":
        return estimate
    return replace(estimate, verdict=f"refused: {reason}")
