"""Types of taste: people whose tastes for formats are alike, if there are any.

What showings say of a person's tastes is a noisy observation of them. The tastes themselves are
taken to come from a few types with a common spread: a Gaussian mixture fitted to noisy observations
by EM (Bovy, Hogg and Roweis 2011, "Extreme deconvolution", Ann. Appl. Stat. 5). The number of types
is chosen by BIC, so that a company without types gets one, and nothing changes for anybody.
"""

import math
from dataclasses import dataclass

import numpy as np

from recsys.formats.stories import Float
from recsys.kernels import kernel

__all__ = ["TasteTypes", "among_types", "fit_taste_types"]

_MOST_TYPES = 6
_STARTS = 3
_ROUNDS = 150
_CLOSE = 1e-5  # gain in log likelihood per person below which a fit is finished
_LEAST_PRECISION = 1e-6
_PRIOR_VARIANCE = 0.1  # of tastes within a type, worth one person
_LEAST_PEOPLE = 50
"""Fewer are no sample of types: BIC holds for many."""
_MOST_PEOPLE = 3_000
"""More would make means of types no better than the data that people's tastes are known by."""


@dataclass(frozen=True, slots=True)
class TasteTypes:
    """K types, as deviations of tastes from what a person's groups have in common."""

    weights: Float
    """(K,), sums to 1; K is 1 where there are no types."""
    means: Float
    """(K, n_formats)."""
    covariance: Float
    """(n_formats, n_formats) within each type."""

    @classmethod
    def none(cls, covariance: Float) -> "TasteTypes":
        """Return the one type of a company without types."""
        return cls(np.ones(1), np.zeros((1, len(covariance))), covariance)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What showings alone say of n people's tastes: log N(θ) up to a constant, h'θ − θ'Λθ / 2."""

    precision: Float
    """(n, F, F): Λ."""
    pull: Float
    """(n, F): h."""


@dataclass(frozen=True, slots=True)
class _Fitted:
    log_likelihood: float
    types: TasteTypes

    def bic(self, n_people: int) -> float:
        """Return twice the log likelihood less log n for each number that was fitted."""
        k, f = self.types.means.shape
        n_numbers = k * f + k - 1 + f * (f + 1) / 2
        return 2.0 * self.log_likelihood - float(n_numbers) * math.log(n_people)


def fit_taste_types(means: Float, covariances: Float, prior: Float) -> TasteTypes:
    """Return the types of n people's tastes.

    ``means`` (n, F) and ``covariances`` (n, F, F) are posteriors under N(0, ``prior``), which is
    what one type is: it stays as it is if more types are no better.
    """
    if len(means) < _LEAST_PEOPLE:
        return TasteTypes.none(prior)
    kept = slice(None, None, -(-len(means) // _MOST_PEOPLE))
    seen = _seen(means[kept], covariances[kept], prior)
    alone = _Fitted(_expect(seen, TasteTypes.none(prior))[0], TasteTypes.none(prior))
    fits = [alone]
    for k in range(2, _MOST_TYPES + 1):
        starts = (np.random.default_rng([k, start]) for start in range(_STARTS))
        best = max((_fit(seen, prior, k, rng) for rng in starts), key=lambda f: f.log_likelihood)
        fits.append(best)
    return max(fits, key=lambda fit: fit.bic(len(seen.pull))).types


def _seen(means: Float, covariances: Float, prior: Float) -> _Seen:
    posterior = np.linalg.inv(covariances)
    values, vectors = np.linalg.eigh(posterior - np.linalg.inv(prior))
    values = np.maximum(values, _LEAST_PRECISION)
    precision = np.einsum("nij,nj,nkj->nik", vectors, values, vectors)
    return _Seen(precision, np.einsum("nij,nj->ni", posterior, means))


def _fit(seen: _Seen, prior: Float, k: int, rng: np.random.Generator) -> _Fitted:
    types = _start(seen, prior, k, rng)
    before = -np.inf
    for _ in range(_ROUNDS):
        log_likelihood, share, centres, spreads = _expect(seen, types)
        if log_likelihood - before < _CLOSE * len(seen.pull):
            break
        before = log_likelihood
        types = _maximise(share, centres, spreads)
    return _Fitted(log_likelihood, types)


def _start(seen: _Seen, prior: Float, k: int, rng: np.random.Generator) -> TasteTypes:
    """Return k centres among people far from each other (Arthur and Vassilvitskii 2007)."""
    people = np.linalg.solve(seen.precision + np.linalg.inv(prior), seen.pull[..., None])[..., 0]
    centres = people[[rng.integers(len(people))]]
    while len(centres) < k:
        apart = ((people[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
        chosen = rng.choice(len(people), p=apart / apart.sum())
        centres = np.vstack([centres, people[chosen]])
    return TasteTypes(np.full(k, 1.0 / k), np.asarray(centres, np.float64), prior / 2.0)


def _expect(seen: _Seen, types: TasteTypes) -> tuple[float, Float, Float, Float]:
    """Return the log likelihood, P(type) (n, K), and per type means (n, K, F) and spread (n, F, F).

    The likelihood leaves out what is the same for all types of all fits.
    """
    within = np.linalg.inv(types.covariance)
    spreads = np.linalg.inv(seen.precision + within)
    pulls = seen.pull[:, None] + types.means @ within
    centres = np.einsum("nij,nkj->nki", spreads, pulls)
    volume = np.linalg.slogdet(spreads)[1] - np.linalg.slogdet(types.covariance)[1]
    log = np.einsum("nki,nki->nk", pulls, centres) + volume[:, None]
    log -= np.einsum("ki,ij,kj->k", types.means, within, types.means)
    log = np.log(types.weights) + log / 2.0
    highest = log.max(axis=1, keepdims=True)
    share = np.exp(log - highest)
    total = share.sum(axis=1, keepdims=True)
    return float((highest + np.log(total)).sum()), share / total, centres, spreads


def _maximise(share: Float, centres: Float, spreads: Float) -> TasteTypes:
    n, k = share.shape
    members = share.sum(axis=0)
    means = np.einsum("nk,nki->ki", share, centres) / (members + 1.0)[:, None]
    apart = centres - means
    outer = np.einsum("nk,nki,nkj->ij", share, apart, apart) + spreads.sum(axis=0)
    guess = _PRIOR_VARIANCE * np.eye(means.shape[1])
    return TasteTypes((members + 1.0) / (n + k), means, (outer + guess) / (n + 1.0))


@kernel
def among_types(
    mean: Float, covariance: Float, prior_precision: Float, weights: Float, means: Float,
    within: Float,
) -> tuple[Float, Float]:  # fmt: skip
    """Return mean and covariance of a person's tastes when they come from types.

    ``mean`` (F,) and ``covariance`` are the posterior under the prior of one type; ``within`` is
    the inverse of the covariance in each type.
    """
    n_types, f = means.shape
    posterior = np.linalg.inv(covariance)
    spread = np.linalg.inv(posterior - prior_precision + within)
    pull = posterior @ mean
    centres, log = np.empty((n_types, f)), np.log(weights)
    for k in range(n_types):
        towards = pull + within @ means[k]
        centres[k] = spread @ towards
        log[k] += (towards @ centres[k] - means[k] @ (within @ means[k])) / 2.0
    share = np.exp(log - log.max())
    share /= share.sum()
    average, total = np.zeros(f), spread.copy()
    for k in range(n_types):
        average += share[k] * centres[k]
    for k in range(n_types):
        apart = centres[k] - average
        total += share[k] * np.outer(apart, apart)
    return average, np.asarray(total, np.float64)
