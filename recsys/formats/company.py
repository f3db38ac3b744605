"""What the format model says of the company's contents: the part that is the same for everybody."""

from dataclasses import dataclass, replace

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.formats.design import (
    FIRST_FORMAT,
    FIRST_MOBILE,
    FIRST_PLAIN,
    FIRST_POSITION,
    LENGTH,
    MUST_READ,
    N_FORMATS,
    N_PLAIN,
    N_STAGE,
    N_STAGES,
)
from recsys.formats.mixed_logit import N_FIXED
from recsys.formats.stories import Float, Index, Stories, places_of
from recsys.formats.taste_model import TasteModel
from recsys.siphash import hash_texts

__all__ = ["Points", "appeals", "content_point", "points"]

_CHUNKS = 3
"""Contents of a topic are represented by so many, from the least to the most appealing."""


@dataclass(frozen=True, slots=True)
class Points:
    """m typical contents at position 1, in place of thousands; shapes (m, …)."""

    weight: Float
    """(m,), sums to 1."""
    logit: Float
    """(m, n_stages, n_formats, 2): for a person without own effects, on a desktop and a phone."""
    variance: Float
    """(m, n_stages) of what is not known about the content, and of the ages it is shown at."""
    topics: Float
    """(m, n_topics) weights."""
    doubt: Float
    """(n_stages, n_formats, n_stages, n_formats): covariance of what the fixed columns say."""


def appeals(catalogue: Catalogue, model: TasteModel) -> tuple[Float, Float]:
    """Return mean and variance of every content's appeal, (n, n_stages); usual for unknown ones."""
    ids = catalogue.contents.ids
    place = places_of(model.content_keys, hash_texts(list(ids.ids)))
    logit = model.logit
    mean = np.vstack([logit.appeal, np.zeros(N_STAGES)])[place]
    return mean, np.vstack([logit.appeal_variance, logit.prior_appeal_variance])[place]


def points(model: TasteModel, stories: Stories, appeal: tuple[Float, Float], live: Index) -> Points:
    """Return points for the contents ``live``; one, typical, if there are none."""
    logit, n_topics = model.logit, len(model.topic_keys)
    must_read = logit.fixed.reshape(N_STAGES, N_STAGE)[:, MUST_READ]
    mean = appeal[0][live] + np.outer(stories.must_read[live], must_read)
    variance, first = appeal[1][live], stories.topics[live, 0]
    vectors = np.zeros((len(live), n_topics + 1))
    rows = np.arange(len(live))[:, None]
    if n_topics:
        np.add.at(vectors, (rows, stories.topics[live]), stories.topic_weights[live])
    first = np.where(stories.topic_weights[live, 0] > 0, first, n_topics)
    if len(live) == 0:
        mean, variance = np.zeros((1, N_STAGES)), logit.prior_appeal_variance[None]
        vectors, first = np.zeros((1, n_topics + 1)), np.array([n_topics])
    used, group, n = np.unique(
        first * _CHUNKS + _chunk(first, mean[:, 0]), return_inverse=True, return_counts=True
    )
    centre = _means(group, n, mean)
    spread = _means(group, n, variance + (mean - centre[group]) ** 2)
    ease = np.concatenate([logit.ease, np.zeros((N_STAGES, 1, N_FORMATS))], axis=1)
    columns = _typical_columns(model)
    both = columns @ logit.fixed  # (n_stages, n_formats) on a desktop
    fixed = logit.fixed.reshape(N_STAGES, N_STAGE)
    mobile = fixed[:, [1]] + fixed[:, FIRST_MOBILE:FIRST_POSITION]
    levels = np.stack([both, both + mobile], axis=-1)
    plain = fixed[:, FIRST_PLAIN : FIRST_PLAIN + N_PLAIN]
    return Points(
        n / n.sum(),
        centre[:, :, None, None] + ease[:, used // _CHUNKS].swapaxes(0, 1)[..., None] + levels,
        spread + plain**2 @ model.circumstance_variance,
        _means(group, n, vectors[:, :n_topics]),
        np.einsum("sfi,ij,tgj->sftg", columns, logit.fixed_covariance, columns),
    )


def content_point(
    model: TasteModel, stories: Stories, appeal: tuple[Float, Float], content: int
) -> Points:
    """Return the point of one content, at the lengths of its own renditions."""
    own = points(model, stories, appeal, np.array([content]))
    fixed = model.logit.fixed.reshape(N_STAGES, N_STAGE)
    longer = np.nan_to_num(stories.log_length[content] - model.usual_log_length)
    return replace(own, logit=own.logit + (fixed[:, [LENGTH]] * longer)[None, :, :, None])


def _chunk(first: Index, appeal: Float) -> Index:
    """Return which third of its topic each content is in, by appeal."""
    order = np.lexsort((appeal, first))
    size = np.bincount(first)
    rank = np.empty(len(first), np.int64)
    rank[order] = np.arange(len(first)) - np.repeat(np.cumsum(size) - size, size)
    return np.asarray(rank * _CHUNKS // np.maximum(size[first], 1))


def _means(group: Index, n: Index, values: Float) -> Float:
    sums = np.zeros((len(n), values.shape[1]))
    np.add.at(sums, group, values)
    return np.asarray(sums / n[:, None])


def _typical_columns(model: TasteModel) -> Float:
    columns = np.zeros((N_STAGES, N_FORMATS, N_FIXED))
    for stage in range(N_STAGES):
        first = stage * N_STAGE
        columns[stage, :, first] = 1.0
        columns[stage, :, first + FIRST_FORMAT : first + FIRST_MOBILE] = np.eye(N_FORMATS)
        plain = slice(first + FIRST_PLAIN, first + FIRST_PLAIN + N_PLAIN)
        columns[stage, :, plain] = model.circumstances
    return columns
