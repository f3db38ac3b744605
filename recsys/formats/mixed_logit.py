"""Fitting of the format model: who completes what, apart from topic, position, device and length.

    logit P(completed | shown) = format + device x format + circumstances + length
        + appeal of the content + ease of its topic in this format
        + openness of the person + taste of the person for the format + interest in its topics

Appeal, ease, openness, taste and interest are random effects whose variances come from the data
(empirical Bayes); the tastes of a person for different formats have a full covariance, because who
likes films often likes short ones too. Fitted by variational EM in blocks: everybody's effects,
every content's appeal, and all fixed columns with the ease of topics.
"""

from dataclasses import dataclass

import numpy as np

from recsys.formats.design import FIRST_INTEREST, FIRST_TASTE, N_FIXED, PLACED, Design
from recsys.formats.mixed_effects import Float, Index, flattening, solve_groups, solve_scalars
from recsys.kernels import kernel
from recsys.schema import FORMATS

__all__ = ["MixedLogit", "fit_mixed_logit"]

_N_FORMATS = len(FORMATS)
_N_SHARED = N_FIXED + 2
"""Columns without the ease of topics: fixed ones and the placement of the content."""
_ROUNDS = 25
_STEPS = 2  # Newton steps per person and round; they start where the last round ended
_START_VARIANCE = 0.3
_LEAST_VARIANCE = 1e-4
_LEAST_KNOWN = 1e-3
_FIXED_PRECISION = 0.1  # fixed columns nobody was shown in stay at 0 instead of running away


@dataclass(frozen=True, slots=True)
class MixedLogit:
    """What was learned, without anybody's own effects."""

    fixed: Float
    """(N_FIXED,)."""
    fixed_covariance: Float
    ease: Float
    """(n_topics, n_formats)."""
    appeal: Float
    """(n_contents,) posterior means; ``appeal_variance`` likewise."""
    appeal_variance: Float
    prior_appeal_variance: float
    covariance: Float
    """(d, d) of a person's effects in the company."""


def fit_mixed_logit(
    columns: Design, employee: Index, content: Index, n_contents: int, n_topics: int
) -> MixedLogit:
    """Fit on n showings; ``employee`` must be sorted. Deterministic; linear in n.

    One million showings take about half a minute on one core.
    """
    n = len(employee)
    placement = _placement(columns, content, n_contents)
    fixed_places, fixed_values = _with_placement(columns, placement[content])
    starts = np.append(np.flatnonzero(np.diff(employee, prepend=-1)), n)
    d = FIRST_INTEREST + n_topics
    n_people = len(starts) - 1
    prior = np.eye(d) * _START_VARIANCE
    means, covariances = np.zeros((n_people, d)), np.tile(prior, (n_people, 1, 1))
    person, person_variance = np.zeros(n), np.full(n, _START_VARIANCE)
    appeal, appeal_variance = np.zeros(n_contents), np.full(n_contents, _START_VARIANCE)
    prior_appeal, prior_ease = _START_VARIANCE, _START_VARIANCE
    shared = np.zeros(_N_SHARED + n_topics * _N_FORMATS)
    shared_covariance = np.eye(len(shared))
    in_use = np.bincount(content, minlength=n_contents) > 0
    trials, successes = columns.trials, columns.successes
    topic_form = columns.topic_form
    for _ in range(_ROUNDS):
        for _step in range(_STEPS):
            precision = np.full(len(shared), 1.0 / prior_ease)
            precision[:_N_SHARED] = _FIXED_PRECISION
            shared_covariance = _solve_shared(
                fixed_places, fixed_values, topic_form, person + appeal[content],
                person_variance + appeal_variance[content], trials, successes, precision, shared,
            )  # fmt: skip
        base = _shared_logit(fixed_places, fixed_values, topic_form, shared)
        solve_scalars(
            content, base + person, person_variance, trials, successes, prior_appeal, appeal,
            appeal_variance,
        )  # fmt: skip
        solve_groups(
            starts, columns.places, columns.values, base + appeal[content],
            appeal_variance[content], trials, successes, _inverse(prior), means, covariances,
            _STEPS, person, person_variance,
        )  # fmt: skip
        prior = _company_covariance(prior, means, covariances)
        moments = appeal[in_use] ** 2 + appeal_variance[in_use]
        prior_appeal = max(float(moments.mean()), _LEAST_VARIANCE)
        ease = shared[_N_SHARED:]
        if len(ease):
            moments = ease**2 + np.diag(shared_covariance)[_N_SHARED:]
            prior_ease = max(float(moments.mean()), _LEAST_VARIANCE)
    appeal = appeal + placement @ shared[N_FIXED:_N_SHARED]
    return MixedLogit(
        shared[:N_FIXED], shared_covariance[:N_FIXED, :N_FIXED],
        shared[_N_SHARED:].reshape(n_topics, _N_FORMATS), appeal, appeal_variance, prior_appeal,
        prior,
    )  # fmt: skip


def _placement(columns: Design, content: Index, n_contents: int) -> Float:
    """Return every content's mean position and age, centred, shape (n_contents, 2).

    A portal shows what appeals further up and for longer. Appeals that were taken as independent
    of that would leave the difference to the position (Mundlak 1978, "On the pooling of time
    series and cross section data", Econometrica 46).
    """
    n = np.bincount(content, minlength=n_contents)
    sums = [np.bincount(content, columns.fixed_values[:, j], n_contents) for j in PLACED]
    means = np.stack(sums, axis=1) / np.maximum(n, 1)[:, None]
    return np.where(n[:, None] > 0, means - means[n > 0].mean(axis=0), 0.0)


def _with_placement(columns: Design, placement: Float) -> tuple[Index, Float]:
    more = np.broadcast_to(np.arange(N_FIXED, _N_SHARED), placement.shape)
    places = np.concatenate([columns.fixed_places, more], axis=1)
    return places, np.concatenate([columns.fixed_values, placement], axis=1)


def _inverse(matrix: Float) -> Float:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _company_covariance(prior: Float, means: Float, covariances: Float) -> Float:
    """Return the next covariance of people's effects.

    Its fixed point is that of EM, prior = mean of (outer product of means + covariance), but it
    gets there in a few rounds where the data say little about a person (MacKay 1992, "Bayesian
    interpolation", section 4, in the basis that makes the prior white). Openness and interests
    are independent of each other and of the tastes; all interests vary alike.
    """
    explained = means.T @ means / len(means)
    left = covariances.mean(axis=0)
    following = np.zeros_like(prior)
    taste = slice(FIRST_TASTE, FIRST_INTEREST)
    following[taste, taste] = _rescaled(
        prior[taste, taste], explained[taste, taste], left[taste, taste]
    )
    for part in (slice(0, 1), slice(FIRST_INTEREST, len(prior))):
        if part.start < len(prior):
            before, outer, spread = (np.diag(m)[part].mean() for m in (prior, explained, left))
            known = max(1.0 - spread / before, _LEAST_KNOWN)
            np.fill_diagonal(following[part, part], max(outer / known, _LEAST_VARIANCE))
    return following


def _rescaled(prior: Float, explained: Float, left: Float) -> Float:
    root = np.linalg.cholesky(prior)
    white = np.linalg.inv(root)
    known = np.eye(len(prior)) - white @ left @ white.T
    values, vectors = np.linalg.eigh(known)
    inverse_root = vectors @ np.diag(np.maximum(values, _LEAST_KNOWN) ** -0.5) @ vectors.T
    inner = inverse_root @ white @ explained @ white.T @ inverse_root
    return np.asarray(root @ inner @ root.T + _LEAST_VARIANCE * np.eye(len(prior)))


@kernel
def _shared_logit(places: Index, values: Float, topic_form: Index, shared: Float) -> Float:
    logit = np.zeros(len(places))
    n_fixed = len(shared)
    for i in range(len(places)):
        for j in range(places.shape[1]):
            logit[i] += values[i, j] * shared[places[i, j]]
        if topic_form[i] >= 0 and _N_SHARED + topic_form[i] < n_fixed:
            logit[i] += shared[_N_SHARED + topic_form[i]]
    return logit


@kernel
def _solve_shared(
    places: Index, values: Float, topic_form: Index, offset: Float, variance: Float,
    trials: Float, successes: Float, precision: Float, shared: Float,
) -> Float:  # fmt: skip
    """Take one Newton step for the shared columns in place; return their covariance."""
    gradient = -precision * shared
    information = np.diag(precision)
    width = places.shape[1]
    place, value = np.zeros(width + 1, np.int64), np.zeros(width + 1)
    for i in range(len(offset)):
        logit = offset[i]
        place[:width], value[:width] = places[i], values[i]
        place[width] = _N_SHARED + max(topic_form[i], 0)
        value[width] = 1.0 if topic_form[i] >= 0 else 0.0
        n_used = width + 1 if topic_form[i] >= 0 else width
        for j in range(n_used):
            logit += value[j] * shared[place[j]]
        kappa = flattening(variance[i])
        p = 1.0 / (1.0 + np.exp(-kappa * logit))
        residual = successes[i] - trials[i] * p
        weight = trials[i] * kappa * p * (1.0 - p)
        for j in range(n_used):
            if value[j] != 0.0:
                gradient[place[j]] += value[j] * residual
                for k in range(n_used):
                    information[place[j], place[k]] += weight * value[j] * value[k]
    covariance = np.linalg.inv(information)
    step = covariance @ gradient
    shared += step * min(1.0, 1.5 / max(np.abs(step).max(), 1e-12))
    return np.asarray(covariance, np.float64)
