"""What the format model says of the company's contents: the part that is the same for everybody."""

from dataclasses import dataclass

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.formats.design import (
    FIRST_PLAIN,
    N_FIXED,
    ON_MOBILE,
    STORY_TOPICS,
    Stories,
)  # fmt: skip
from recsys.formats.mixed_effects import Float, Index
from recsys.formats.taste_model import TasteModel
from recsys.schema import FORMATS
from recsys.siphash import hash_texts
from recsys.state.key_index import Keys

__all__ = ["Points", "appeals", "describe_stories", "points"]

_CHUNKS = 3
"""Contents of a topic are represented by so many, from the least to the most appealing."""


@dataclass(frozen=True, slots=True)
class Points:
    """m typical contents at position 1, in place of thousands; shapes (m, …)."""

    weight: Float
    """(m,), sums to 1."""
    logit: Float
    """(m, n_formats, 2): for a person without own effects, on a desktop and on a phone."""
    variance: Float
    """(m,) of what is not known about the content, and of the ages it is shown at."""
    topics: Float
    """(m, n_topics) weights."""
    shared_covariance: Float
    """(n_formats, n_formats): how uncertain the formats' own columns are."""


def describe_stories(catalogue: Catalogue, model_topics: Keys) -> Stories:
    """Return what the model needs of all contents; ``model_topics`` are hashes of topic names."""
    table = catalogue.contents
    found = np.append(_places(model_topics, hash_texts(list(table.topics_map.ids))), -1)
    topics = found[table.topics[:, :STORY_TOPICS]]  # −1, no topic, takes the appended −1
    counts = (topics >= 0).sum(axis=1)
    # Those of the model first: the first one decides about the ease of the content.
    order = np.argsort(topics < 0, axis=1, kind="stable")
    topics = np.take_along_axis(topics, order, axis=1)
    weights = (topics >= 0) / np.maximum(counts, 1)[:, None]
    seconds = catalogue.renditions.seconds_by_format(len(table))
    has_choice = (~np.isnan(seconds)).sum(axis=1) > 1
    log_length = np.log(np.where(seconds > 0, seconds, np.nan))
    return Stories(np.maximum(topics, 0), weights.astype(np.float64), log_length, has_choice)


def appeals(catalogue: Catalogue, model: TasteModel) -> tuple[Float, Float]:
    """Return mean and variance of every content's appeal; the company's for unknown contents."""
    ids = catalogue.contents.ids
    place = _places(model.content_keys, hash_texts(list(ids.ids)))
    known, logit = place >= 0, model.logit
    mean = np.where(known, np.append(logit.appeal, 0.0)[place], 0.0)
    variance = np.append(logit.appeal_variance, logit.prior_appeal_variance)[place]
    return mean, variance


def points(model: TasteModel, stories: Stories, appeal: tuple[Float, Float], live: Index) -> Points:
    """Return points for the contents ``live``; at least one, typical, if there are none."""
    logit, n_topics = model.logit, len(model.topic_keys)
    mean, variance = appeal[0][live], appeal[1][live]
    vectors = np.zeros((len(live), n_topics + 1))
    np.add.at(
        vectors, (np.arange(len(live))[:, None], stories.topics[live]), stories.topic_weights[live]
    )
    vectors = vectors[:, :n_topics]
    first = np.where(stories.topic_weights[live, 0] > 0, stories.topics[live, 0], n_topics)
    order = np.lexsort((mean, first))
    size = np.bincount(first, minlength=n_topics + 1)
    rank = np.empty(len(live), np.int64)
    rank[order] = np.arange(len(live)) - np.repeat(np.cumsum(size) - size, size)
    group = first * _CHUNKS + rank * _CHUNKS // np.maximum(size[first], 1)
    used, group, n = np.unique(group, return_inverse=True, return_counts=True)
    if len(used) == 0:
        used, n = np.array([n_topics * _CHUNKS]), np.array([1])
        mean, variance, vectors = (
            np.zeros(1),
            np.array([logit.prior_appeal_variance]),
            np.zeros((1, n_topics)),
        )
        group = np.zeros(1, np.int64)
    centre = np.bincount(group, mean) / n
    spread = np.bincount(group, variance + (mean - centre[group]) ** 2) / n
    topics = np.zeros((len(used), n_topics))
    np.add.at(topics, group, vectors)
    ease = np.vstack([logit.ease, np.zeros((1, len(FORMATS)))])[used // _CHUNKS]
    base = logit.fixed[: len(FORMATS)] + logit.fixed[FIRST_PLAIN:] @ model.usual_circumstances
    both = np.stack([base, base + logit.fixed[ON_MOBILE : ON_MOBILE + len(FORMATS)]], axis=-1)
    columns = np.zeros((len(FORMATS), N_FIXED))
    columns[:, : len(FORMATS)] = np.eye(len(FORMATS))
    columns[:, FIRST_PLAIN:] = model.usual_circumstances
    return Points(
        n / n.sum(),
        centre[:, None, None] + ease[:, :, None] + both,
        spread + model.circumstance_variance @ logit.fixed[FIRST_PLAIN:] ** 2,
        topics / n[:, None],
        columns @ logit.fixed_covariance @ columns.T,
    )  # fmt: skip


def _places(keys: Keys, wanted: Keys) -> Index:
    """Return where each of ``wanted`` is among the sorted ``keys``, −1 for nowhere."""
    if len(keys) == 0:
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)
