"""Draws of how likely many people take in one story in each format, from the model's posterior."""

import numpy as np

from recsys.advice.readers import Readers
from recsys.formats.company import Points
from recsys.formats.design import (
    EXPOSURE,
    FIRST_FINISHING,
    FIRST_INTEREST,
    FIRST_TASTE,
    N_STAGE,
    N_STAGES,
)
from recsys.formats.mixed_logit import MixedLogit
from recsys.formats.stories import Float, Index

__all__ = ["completion_draws"]

_JITTER = 1e-9


def completion_draws(
    logit: MixedLogit, place: Points, appeal_variance: Float, readers: Readers, codes: Index,
    n_draws: int, rng: np.random.Generator,
) -> Float:  # fmt: skip
    """Return P(completed | shown at position 1), shape (n_people, n_codes, n_draws).

    What all people have in common, the story's appeal (``appeal_variance``, (n_stages,)) and the
    fixed columns, has one value in each draw; everybody's own effects are drawn independently. So
    the spread of a sum over people has both parts in their places. What the model takes as known
    (variances, effects of groups) is not drawn.

    ``place`` is one point, ``codes`` are places in ``FORMATS``.
    """
    own = _own_logits(logit, place.topics[0], readers, codes, n_draws, rng)
    common = place.logit[0][:, codes, :, None]
    common = common + _common(place, appeal_variance, codes, n_draws, rng)[:, :, None]
    flat = 1.0 / np.sqrt(1.0 + np.pi / 8.0 * (place.variance[0] - appeal_variance))
    total = np.zeros((len(own), len(codes), n_draws))
    mobile = readers.mobile_share[:, None, None]
    for device, share in enumerate((1.0 - mobile, mobile)):
        opens, ends = (
            1.0 / (1.0 + np.exp(-flat[stage] * (own[:, stage] + common[stage, :, device])))
            for stage in range(N_STAGES)
        )
        total += share * opens * ends
    return total


def _own_logits(
    logit: MixedLogit, topics: Float, readers: Readers, codes: Index, n_draws: int,
    rng: np.random.Generator,
) -> Float:  # fmt: skip
    """Return what people add to each stage and format, (n_people, n_stages, n_codes, n_draws)."""
    effects = _effects(logit, topics, codes)
    exposure = logit.fixed.reshape(N_STAGES, N_STAGE)[:, EXPOSURE]
    level = readers.level + np.outer(readers.exposure @ topics, exposure)
    mean = readers.mean @ effects.T + np.repeat(level, len(codes), axis=1)
    covariance = effects @ readers.covariance @ effects.T
    root = np.linalg.cholesky(covariance + _JITTER * np.eye(len(effects)))
    noise = rng.standard_normal((len(mean), len(effects), n_draws))
    return np.asarray(
        (mean[:, :, None] + root @ noise).reshape(len(mean), N_STAGES, len(codes), -1)
    )


def _effects(logit: MixedLogit, topics: Float, codes: Index) -> Float:
    """Return which effects of a person enter, (n_stages · n_codes, d), openings first."""
    n = len(codes)
    effects = np.zeros((N_STAGES * n, len(logit.covariance)))
    opens, ends = effects[:n], effects[n:]
    each = np.arange(n)
    opens[:, 0] = ends[:, 1] = 1.0
    opens[each, FIRST_TASTE + codes] = 1.0
    ends[each, FIRST_TASTE + codes] = logit.carry[0]
    ends[each, FIRST_FINISHING + codes] = 1.0
    opens[:, FIRST_INTEREST:] = topics
    ends[:, FIRST_INTEREST:] = logit.carry[1] * topics
    return effects


def _common(
    place: Points, appeal_variance: Float, codes: Index, n_draws: int, rng: np.random.Generator
) -> Float:
    """Return deviations that all people share, (n_stages, n_codes, n_draws)."""
    n = len(codes)
    doubt = place.doubt[:, codes][:, :, :, codes].reshape(N_STAGES * n, N_STAGES * n)
    fixed = rng.multivariate_normal(np.zeros(len(doubt)), doubt, n_draws, method="eigh")
    appeal = rng.standard_normal((N_STAGES, 1, n_draws)) * np.sqrt(appeal_variance)[:, None, None]
    return np.asarray(fixed.T.reshape(N_STAGES, n, n_draws) + appeal)
