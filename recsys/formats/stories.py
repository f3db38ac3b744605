"""What the format model needs to know of contents: topics, lengths, formats to choose from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.siphash import hash_texts
from recsys.state.key_index import Keys

__all__ = ["STORY_TOPICS", "Float", "Index", "Stories", "describe_stories", "places_of"]

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

STORY_TOPICS = 3
"""Topics of a content that enter; they share its weight."""


@dataclass(frozen=True, slots=True)
class Stories:
    """What is known of contents by index, shape (n_contents, …)."""

    published_at: Index
    """(n,) microseconds."""
    topics: Index
    """(n, STORY_TOPICS), place among the topics of the model; meaningless where the weight is 0."""
    topic_weights: Float
    """(n, STORY_TOPICS), sums to 1, or 0 for a content about none of them."""
    log_length: Float
    """(n, n_formats): log seconds of the longest rendition, NaN where unknown."""
    exists: npt.NDArray[np.bool_]
    """(n, n_formats): whether there is such a rendition."""
    has_choice: npt.NDArray[np.bool_]
    """(n,): exists in two formats or more."""
    must_read: npt.NDArray[np.bool_]


def describe_stories(catalogue: Catalogue, model_topics: Keys) -> Stories:
    """Return what the model needs of all contents; ``model_topics`` are hashes of topic names."""
    table = catalogue.contents
    found = np.append(places_of(model_topics, hash_texts(list(table.topics_map.ids))), -1)
    topics = found[table.topics[:, :STORY_TOPICS]]  # −1, no topic, takes the appended −1
    # Those of the model first: the first one decides about the ease of the content.
    topics = np.take_along_axis(topics, np.argsort(topics < 0, axis=1, kind="stable"), axis=1)
    weights = (topics >= 0) / np.maximum((topics >= 0).sum(axis=1), 1)[:, None]
    seconds = catalogue.renditions.seconds_by_format(len(table))
    exists = ~np.isnan(seconds)
    log_length = np.log(np.where(seconds > 0, seconds, np.nan))
    return Stories(
        np.asarray(table.published_at, np.int64), np.maximum(topics, 0).astype(np.int64),
        weights.astype(np.float64), log_length, exists, exists.sum(axis=1) > 1,
        table["mandatory"].view(np.bool_),
    )  # fmt: skip


def places_of(keys: Keys, wanted: Keys) -> Index:
    """Return where each of ``wanted`` is among the sorted ``keys``, −1 for nowhere."""
    if len(keys) == 0:
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)
