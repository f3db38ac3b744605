"""Assumed-density filtering of one logit: what a showing says about a person and a content.

The logit of opening is a sum of independent Gaussians: a known part, a person's ``direction · x``
and a content's appeal. After each outcome the two beliefs are replaced by the Gaussians with the
mean and covariance of the exact posterior, found by quadrature along the only direction that
changes. Source: Minka, "A family of algorithms for approximate Bayesian inference" (2001), ch. 3;
Graepel et al., "Web-scale Bayesian click-through rate prediction" (2010) for the same with probit.
"""

import math

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.simulator.config import FORMATS_IN_USE, Policy, Response
from recsys.simulator.phrases import TOPICS
from recsys.simulator.policy import format_chance
from recsys.simulator.response import open_utility, sigmoid
from recsys.simulator.traits import Records
from recsys.times import HOUR_US

__all__ = ["N_TRAITS", "OPENNESS", "add_p_open", "learn", "tilted"]

FloatArray = npt.NDArray[np.float64]

_N_TOPICS, _N_FORMATS = len(TOPICS), len(FORMATS_IN_USE)
OPENNESS = _N_TOPICS
N_TRAITS = _N_TOPICS + 1 + _N_FORMATS
"""A person's x: interest by topic, openness (at ``OPENNESS``), attraction by format."""

# Trapezoids on a Gaussian times a logistic function converge exponentially (Trefethen, Weideman
# 2014), quicker than Gauss-Hermite nodes: to 1e-5 at a standard deviation of 3 logits, more than
# any belief here has.
_NODES = np.linspace(-6.0, 6.0, 31)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


@kernel
def tilted(
    mean: float, variance: float, certain: float, slope: float
) -> tuple[float, float, float]:
    """Return mass, mean and variance of N(u; mean, variance) · (certain + slope · σ(u)).

    The mass is what normalises it; mean and variance are of the normalised density.
    """
    spread = math.sqrt(variance)
    mass, first, second = 0.0, 0.0, 0.0
    for node in range(len(_NODES)):
        z = _NODES[node]
        weight = _WEIGHTS[node] * (certain + slope * sigmoid(mean + spread * z))
        mass += weight
        first += weight * z
        second += weight * z * z
    first /= mass
    second /= mass
    return mass, mean + spread * first, variance * (second - first * first)


@kernel
def learn(
    showings: Records,
    response: Response,
    facts: Records,
    person_mean: FloatArray,
    person_covariance: FloatArray,
    appeal_mean: FloatArray,
    appeal_variance: FloatArray,
) -> None:
    """Update the beliefs by every showing, one after the other, in place.

    Shapes (n_employees, N_TRAITS), (n_employees, N_TRAITS, N_TRAITS), (n_contents, 1) and
    (n_contents, 1, 1).
    """
    direction, spread = np.zeros(N_TRAITS), np.zeros(N_TRAITS)
    for index in range(len(showings)):
        row = showings[index]
        employee, content = row["employee"], row["content"]
        x, covariance = person_mean[employee], person_covariance[employee]
        _point(response, facts[content], row["form"], direction)
        own = appeal_variance[content, 0, 0]
        mean, variance = row["utility"] + appeal_mean[content, 0], own
        for i in range(N_TRAITS):
            spread[i] = 0.0
            for j in range(N_TRAITS):
                spread[i] += covariance[i, j] * direction[j]
            mean += direction[i] * x[i]
            variance += direction[i] * spread[i]
        _, new_mean, new_variance = tilted(mean, variance, row["certain"], row["slope"])
        step = (new_mean - mean) / variance
        shrink = (new_variance - variance) / variance**2
        for i in range(N_TRAITS):
            x[i] += spread[i] * step
            for j in range(N_TRAITS):
                covariance[i, j] += shrink * (spread[i] * spread[j])
        appeal_mean[content, 0] += own * step
        appeal_variance[content, 0, 0] += shrink * own**2


@kernel
def add_p_open(
    policy: Policy,
    response: Response,
    person: np.void,
    facts: Records,
    colleagues: FloatArray,
    now: int,
    x: FloatArray,
    covariance: FloatArray,
    appeal_mean: FloatArray,
    appeal_variance: FloatArray,
    p_open: FloatArray,
) -> None:
    """Add P(open | looked at) of everything published: beliefs and shown format averaged out."""
    direction = np.zeros(N_TRAITS)
    for content in range(len(facts)):
        story = facts[content]
        if story["published"] > now:
            break
        age_hours = (now - story["published"]) / HOUR_US
        for form in range(_N_FORMATS):
            chance = format_chance(policy, story, person["language"], form)
            if chance > 0.0:
                _point(response, story, form, direction)
                mean = appeal_mean[content, 0] + direction @ x
                mean += open_utility(response, person, story, form, age_hours, colleagues[content])
                variance = appeal_variance[content, 0, 0] + direction @ (covariance @ direction)
                p_open[content] += chance * tilted(mean, variance, 0.0, 1.0)[0]


@kernel
def _point(response: Response, story: np.void, form: int, direction: FloatArray) -> None:
    """Fill in how each of a person's traits enters the logit of opening."""
    direction[:] = 0.0
    direction[OPENNESS] = 1.0
    direction[OPENNESS + 1 + form] = response.format_attraction
    if not story["mandatory"]:
        direction[:_N_TOPICS] = story["topics"]
