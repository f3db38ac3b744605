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
        topics = self._contents.topics_map
        # Names the catalogue does not use have no readings to speak of, but keep their share.
        known = np.array([topics.index(name) for name in self._model.names], np.int64)
        table = np.zeros((len(rows), len(topics) + 1))  # the last column: topics of no index
        shares = self._shares(rows)
        np.add.at(table.T, known, shares.T)
        labels = self._contents.topics[rows]
        has_label = (labels >= 0).any(axis=1)
        table[has_label] *= _TEXT_WEIGHT
        unsure = shares.max(axis=1, initial=0.0) < _UNSURE
        table[has_label & unsure] = 0.0
        own = (1.0 - table.sum(axis=1)) / np.maximum((labels >= 0).sum(axis=1), 1)
        for column in labels.T:
            told = np.flatnonzero(column >= 0)
            table[told, column[told]] += own[told]
        self._keep(rows, table[:, :-1])

    def reserve(self, n_rows: int) -> None:
        """Make room for rows 0..n_rows−1."""
        held = len(self.index)
        if n_rows > held:
            extra = max(n_rows, 2 * held) - held
            none = np.full((extra, MOST_TOPICS), UNKNOWN_INDEX, np.int32)
            self.index = np.concatenate([self.index, none])
            self.weight = np.concatenate([self.weight, np.zeros((extra, MOST_TOPICS))])

    def _shares(self, rows: Index) -> Weights:
        if not self._model.names:
            return np.zeros((len(rows), 0))
        return self._model.shares(self._vectors.of(rows))

    def _keep(self, rows: Index, table: Weights) -> None:
        """Keep the heaviest topics of each row, scaled to sum to 1; ties by index."""
        best = np.argsort(-table, axis=1, kind="stable")[:, :MOST_TOPICS]
        weight = np.take_along_axis(table, best, axis=1)
        total = weight.sum(axis=1, keepdims=True)
        width = best.shape[1]
        self.index[rows], self.weight[rows] = UNKNOWN_INDEX, 0.0
        self.index[rows, :width] = np.where(weight > 0, best, UNKNOWN_INDEX)
        self.weight[rows, :width] = weight / np.where(total > 0, total, 1.0)
