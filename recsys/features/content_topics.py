"""Topics by content index, from labels and from texts, filled as contents appear."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.contents import ContentTable
from recsys.features.content_vectors import ContentVectors
from recsys.ids import UNKNOWN_INDEX
from recsys.text.topics import TopicModel

__all__ = ["MOST_TOPICS", "ContentTopics"]

MOST_TOPICS = 3
"""A content is about few things; further ones hardly weigh."""

_TEXT_WEIGHT = 0.5
"""Label and text say half each, where both say something."""

_UNSURE = 0.3
"""A text whose likeliest topic is less likely than this says nothing beside a label."""

Index = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float64]


class ContentTopics:
    """The topics of contents and their weights, which sum to 1; none where nothing is known.

    Not thread-safe for writers.
    """

    def __init__(self, model: TopicModel, contents: ContentTable, vectors: ContentVectors) -> None:
        self._model = model
        self._contents = contents
        self._vectors = vectors
        self.index: Index = np.full((0, MOST_TOPICS), UNKNOWN_INDEX, np.int32)
        """Topic indices, shape (n_contents, MOST_TOPICS), −1 where there are fewer."""
        self.weight: Weights = np.zeros((0, MOST_TOPICS))
        self.refresh(np.arange(len(contents), dtype=np.int32))

    def refresh(self, rows: Index) -> None:
        """Work out the topics of contents that are new or changed."""
        if len(rows) == 0:
            return
        self.reserve(int(rows.max()) + 1)
        labels = self._contents.topics[rows]
        guesses, shares = self._guess(rows)
        has_label = (labels >= 0).any(axis=1, keepdims=True)
        sure = shares.max(axis=1, keepdims=True, initial=0.0) >= _UNSURE
        shares *= np.where(has_label, np.where(sure, _TEXT_WEIGHT, 0.0), 1.0)
        told = np.where(sure, 1.0 - _TEXT_WEIGHT, 1.0) * (labels >= 0)
        told /= np.maximum((labels >= 0).sum(axis=1, keepdims=True), 1)
        # What both name is one topic.
        same = (guesses[:, :, None] == labels[:, None, :]) & (labels >= 0)[:, None, :]
        told += (same * shares[:, :, None]).sum(axis=1)
        shares[same.any(axis=2)] = 0.0
        self._keep(rows, np.hstack([labels, guesses]), np.hstack([told, shares]))

    def reserve(self, n_rows: int) -> None:
        """Make room for rows 0..n_rows−1."""
        held = len(self.index)
        if n_rows > held:
            extra = max(n_rows, 2 * held) - held
            none = np.full((extra, MOST_TOPICS), UNKNOWN_INDEX, np.int32)
            self.index = np.concatenate([self.index, none])
            self.weight = np.concatenate([self.weight, np.zeros((extra, MOST_TOPICS))])

    def _guess(self, rows: Index) -> tuple[Index, Weights]:
        """Return the likeliest topics of the texts and their shares, shape (n, MOST_TOPICS)."""
        topics = self._contents.topics_map
        known = np.array([topics.index(name) for name in self._model.names], np.int32)
        if not len(known):
            return np.full((len(rows), 0), UNKNOWN_INDEX, np.int32), np.zeros((len(rows), 0))
        shares = self._model.shares(self._vectors.of(rows))
        best = np.argsort(-shares, axis=1, kind="stable")[:, :MOST_TOPICS]
        found = known[best]
        return found, np.where(found >= 0, np.take_along_axis(shares, best, axis=1), 0.0)

    def _keep(self, rows: Index, index: Index, weight: Weights) -> None:
        """Keep the heaviest topics of each row, scaled to sum to 1; ties as they come."""
        best = np.argsort(-weight, axis=1, kind="stable")[:, :MOST_TOPICS]
        weight = np.take_along_axis(weight, best, axis=1)
        index = np.take_along_axis(index, best, axis=1)
        total = weight.sum(axis=1, keepdims=True)
        self.index[rows] = np.where(weight > 0, index, UNKNOWN_INDEX)
        self.weight[rows] = weight / np.where(total > 0, total, 1.0)
