"""The format model: who takes in what, apart from topic, position, device and length.

For both stages of a showing, open and finish,

    logit P(success) = format + device x format + position + age + hour + length
        + appeal of the content + ease of its topic in this format
        + readiness of the person + taste of the person for the format + interest in its topics

Appeal, ease, readiness, taste and interest are random effects whose variances come from the data
(empirical Bayes). The tastes of a person for all formats at both stages have one full covariance:
who likes films likes short ones too, and who opens them also watches them to the end. A person's
effects have a mean of their own: what departments and jobs have in common (random effects as well).
How it is fitted: :mod:`recsys.formats.mixed_logit_fit`.
"""

from dataclasses import dataclass

import numpy as np

from recsys.formats.design import (
    FIRST_INTEREST,
    FIRST_TASTE,
    N_BUCKETS,
    N_FORMATS,
    N_STAGE,
    N_STAGES,
)
from recsys.formats.stories import Float
from recsys.formats.taste_types import TasteTypes

__all__ = [
    "BLOCKS",
    "CARRIED",
    "CERTAIN",
    "N_FIXED",
    "START_VARIANCE",
    "MixedLogit",
    "guessed_logit",
]

N_FIXED = N_STAGES * N_STAGE
BLOCKS = (slice(0, FIRST_TASTE), slice(FIRST_TASTE, FIRST_INTEREST), slice(FIRST_INTEREST, None))
"""A person's effects: readiness, tastes, interests."""
START_VARIANCE = 0.3
"""Of any effect before looking, logits²: tastes of half a logit are usual where there are any."""
CERTAIN = 30.0
"""Logits, where whatever is opened is completed."""
CARRIED = np.array([1.0, 0.5])
"""What is guessed of how tastes and interests carry over to finishing, before looking."""


@dataclass(frozen=True, slots=True)
class MixedLogit:
    """What was learned, without anybody's own effects."""

    fixed: Float
    """(N_FIXED,)."""
    fixed_covariance: Float
    ease: Float
    """(n_stages, n_topics, n_formats): of contents by topic in each format."""
    appeal: Float
    """(n_contents, n_stages) posterior means; ``appeal_variance`` likewise."""
    appeal_variance: Float
    prior_appeal_variance: Float
    """(n_stages,)."""
    covariance: Float
    """(d, d) of a person's effects around the mean of the person's groups."""
    looked: Float
    """(n_buckets,): probability that a slot is looked at, by position; 1 for the first."""
    carry: Float
    """(2,): how much of a taste, and of an interest, that leads to opening leads to finishing."""
    groups: Float
    """(n_groups, d): what the members of a group have in common."""
    types: TasteTypes
    """Of all formats, shown or not."""
    group_ratio: Float
    """(n_attributes, 3): variance between groups over that within, per block of effects."""


def guessed_logit(n_shown: int, n_completed: int, n_topics: int) -> MixedLogit:
    """Return what may be said of a company that has shown too little: its usual completion."""
    d = FIRST_INTEREST + n_topics
    fixed = np.zeros(N_FIXED)
    rate = (n_completed + 1.0) / (n_shown + 4.0)
    fixed[0], fixed[N_STAGE] = np.log(rate / (1.0 - rate)), CERTAIN
    return MixedLogit(
        fixed, np.eye(N_FIXED) * START_VARIANCE, np.zeros((N_STAGES, n_topics, N_FORMATS)),
        np.zeros((0, N_STAGES)), np.zeros((0, N_STAGES)), np.full(N_STAGES, START_VARIANCE),
        np.eye(d) * START_VARIANCE, np.ones(N_BUCKETS), CARRIED.copy(), np.zeros((0, d)),
        TasteTypes.none(np.eye(N_FORMATS) * START_VARIANCE),
        np.zeros((0, len(BLOCKS))),
    )  # fmt: skip
