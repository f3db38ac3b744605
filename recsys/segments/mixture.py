"""Which groups there are among people whose habits are known more or less well."""

from dataclasses import dataclass

import numpy as np

from recsys.segments.axes import N_AXES, Float
from recsys.segments.groups import GROUPS
from recsys.segments.profile import Profiles

__all__ = ["Mixture", "fit_mixture", "fit_prior", "inverse"]

_ROUNDS = 60
_START_STEPS = 30
_PRIOR_PEOPLE = 10.0
"""What a name claims counts as much as ten people: fewer could not be shown anyway (k = 10)."""
_PRIOR_MEMBERS = 5.0  # per group, so that none dies of a bad start
_WITHIN_SHARE = 0.25
"""Part of the variance between people taken to lie within groups, before looking."""
_WITHIN_PEOPLE = 20.0
_PRIOR_VARIANCE, _VARIANCE_PEOPLE = 0.1, 5.0
"""Variances are taken to be 0.1 before looking: where nothing tells they would run away."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Gaussian groups with one covariance."""

    means: Float
    """(n_groups, N_AXES)."""
    membership: Float
    """(n, n_groups): probability of each person being in each group; rows sum to 1."""


def fit_prior(profiles: Profiles, precision: Float) -> tuple[Float, Float]:
    """Return mean and precision (inverse covariance) of habits between employees, by EM.

    ``precision`` is that of the prior the profiles were read with; the rest of theirs is what own
    showings tell. Maximum likelihood with a weak prior on variances.
    """
    information, prior = profiles.precision - precision, precision
    pull = np.einsum("nij,nj->ni", profiles.precision, profiles.mean)
    mean, n = np.zeros(N_AXES), len(profiles)
    for _ in range(_START_STEPS):
        spread = np.linalg.inv(prior + information)
        own = np.einsum("nij,nj->ni", spread, pull + prior @ mean)
        mean = own.mean(axis=0)
        away = own - mean
        total = spread.sum(axis=0) + away.T @ away
        total = total + _VARIANCE_PEOPLE * _PRIOR_VARIANCE * np.eye(N_AXES)
        prior = inverse(total / (n + _VARIANCE_PEOPLE))
    return mean, prior


def fit_mixture(profiles: Profiles, precision: Float, start: Float) -> Mixture:
    """Fit groups around ``start`` (n_groups, N_AXES) to uncertain profiles.

    Every person counts with what is known: θ is integrated out, not taken at its estimate (Bovy,
    Hogg and Roweis 2011, "Extreme deconvolution"). Means have a normal prior at ``start``. Maximum
    a posteriori by EM; deterministic, and indifferent to the order of people up to rounding.
    """
    information, covariance = profiles.precision - precision, inverse(precision)
    pull = np.einsum("nij,nj->ni", profiles.precision, profiles.mean)
    within, n = _WITHIN_SHARE * covariance, len(profiles)
    means, shares = start.copy(), np.full(len(start), 1.0 / len(start))
    for _ in range(_ROUNDS):
        prior = inverse(within)
        spread = np.linalg.inv(prior + information)
        pulls = pull[:, None] + means @ prior
        own = np.einsum("nij,ngj->ngi", spread, pulls)
        fit = 0.5 * (pulls * own).sum(axis=2) - 0.5 * ((means @ prior) * means).sum(axis=1)
        membership = _softmax(fit + np.log(shares))
        members = membership.sum(axis=0)
        shares = (members + _PRIOR_MEMBERS) / (n + _PRIOR_MEMBERS * len(GROUPS))
        sums = np.einsum("ng,ngi->gi", membership, own) + _PRIOR_PEOPLE * start
        means = sums / (members + _PRIOR_PEOPLE)[:, None]
        away = (own - means) * np.sqrt(membership)[:, :, None]
        total = spread.sum(axis=0) + np.tensordot(away, away, axes=([0, 1], [0, 1]))
        within = (total + _WITHIN_PEOPLE * _WITHIN_SHARE * covariance) / (n + _WITHIN_PEOPLE)
    return Mixture(means, membership)


def inverse(covariance: Float) -> Float:
    """Return the inverse of a covariance or precision, as symmetric as it is."""
    found = np.linalg.inv(covariance)
    return np.asarray((found + found.T) / 2, np.float64)


def _softmax(logits: Float) -> Float:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
