"""What to read next to a content: alike in words, in topics, and in who reads it.

score = (½ + ½ · freshness) · (½ text + ¼ topics + ¼ readers), each part 0..1:

- text: cosine of the text vectors, negative ones count as 0;
- topics: Σ over topics of the smaller weight;
- readers: of the latest readers of the content, those who read the other one lately, over the root
  of the product of both numbers of latest readers (a cosine of sets);
- freshness: halves every 14 days.

The weights are chosen, not learned: words say most about what a text is next to; a story of two
weeks ago has to be a third closer than a new one. Readers who opted out do not count.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalogue.preferences import PreferenceTable
from recsys.features.content_topics import ContentTopics
from recsys.features.content_vectors import ContentVectors
from recsys.kernels import kernel
from recsys.reports.suppression import DEFAULT_K
from recsys.state.live import LiveState
from recsys.text.duplicates import DuplicateGroups
from recsys.times import DAY_US

__all__ = ["RELATED_REASONS", "Related", "RelatedContents"]

RELATED_REASONS: tuple[str, ...] = ("same_topic", "similar_text", "read_by_same_readers")
"""All codes, the strongest first; at most two are given."""

MIN_COMMON_READERS = DEFAULT_K
"""Fewer would tell what single people read."""

_FRESH_DAYS = 14.0
_SIMILAR = 0.5
"""Cosine from which two texts are said to be alike: in the simulated company one in a hundred pairs
of texts on different topics reaches it, and one in seven on the same."""
_LEAST_OVERLAP = 0.3
"""Common weight from which topics are said to be the same: the third of three topics is."""

_MOST = 2

Index = npt.NDArray[np.int32]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Related:
    """One content to read next; scores are comparable within one answer only."""

    content_id: str
    score: float
    reasons: tuple[str, ...]
    """Up to two of ``RELATED_REASONS``; none if it is only the nearest there is."""


@kernel
def _nearness(
    content: int, candidates: Index, at: int, vectors: npt.NDArray[np.float32],
    topics: Index, weights: Float, published_at: npt.NDArray[np.int64], out: Float,
) -> None:  # fmt: skip
    """Fill text, topics and freshness, shape (3, n), as the module says."""
    own = vectors[content]
    for i in range(len(candidates)):
        other = candidates[i]
        cosine = 0.0
        for j in range(vectors.shape[1]):
            cosine += own[j] * vectors[other, j]
        common = 0.0
        for a in range(topics.shape[1]):
            for b in range(topics.shape[1]):
                if topics[content, a] >= 0 and topics[content, a] == topics[other, b]:
                    common += min(weights[content, a], weights[other, b])
        age_days = max(at - published_at[other], 0) / DAY_US
        out[0, i], out[1, i] = min(max(cosine, 0.0), 1.0), common
        out[2, i] = np.exp2(-age_days / _FRESH_DAYS)


class RelatedContents:
    """Finds what is near a content; reads the state and changes nothing."""

    def __init__(
        self, state: LiveState, vectors: ContentVectors, topics: ContentTopics,
        duplicates: DuplicateGroups,
    ) -> None:  # fmt: skip
        self._state, self._vectors, self._topics = state, vectors, topics
        self._duplicates = duplicates

    def best(self, content: int, candidates: Index, at: int, k: int) -> list[Related]:
        """Return up to ``k`` of ``candidates`` (newest first), nearest first, ties by newest.

        The content itself, another posting of it, and a second posting of what is on the list
        already are left out, and so is what has nothing in common with it. Cost: one pass over the
        vectors of the candidates, 1 ms for 10,000.
        """
        text, topics, freshness = self._nearness(content, candidates, at)
        common, readers = self._readers(content, candidates)
        score = (0.5 + 0.5 * freshness) * (0.5 * text + 0.25 * topics + 0.25 * readers)
        score[candidates == content] = 0.0
        groups = {int(self._duplicates.of(np.array([content], np.int32))[0])}
        found = list[Related]()
        while len(found) < k and score.max(initial=0.0) > 0.0:
            place = int(score.argmax())
            other, value = int(candidates[place]), float(score[place])
            score[place] = 0.0
            group = int(self._duplicates.of(candidates[place : place + 1])[0])
            if group >= 0 and group in groups:
                continue
            groups.add(group)
            reasons = _reasons(topics[place], text[place], int(common[place]))
            found.append(Related(self._state.catalogue.contents.ids.id(other), value, reasons))
        return found

    def _nearness(self, content: int, candidates: Index, at: int) -> Float:
        self._topics.reserve(len(self._state.catalogue.contents))
        out = np.zeros((3, len(candidates)))
        _nearness(
            content, candidates, at, self._vectors.matrix,
            self._topics.index, self._topics.weight,
            self._state.catalogue.contents.published_at, out,
        )  # fmt: skip
        return out

    def _readers(self, content: int, candidates: Index) -> tuple[Float, Float]:
        """Return how many latest readers of the content read each candidate, and their cosine."""
        state, n_contents = self._state, len(self._state.catalogue.contents)
        preferences = state.catalogue.preferences
        mine = _not_opted_out(state.recent_readers.of(content)[0], preferences)
        read = state.recent_contents.partners[mine[mine < len(state.recent_contents.partners)]]
        counts = np.bincount(read[read >= 0], minlength=n_contents)[candidates].astype(np.float64)
        shared = np.flatnonzero(counts)  # by readers, so they are in the table of readers too
        latest = (state.recent_readers.partners[candidates[shared]] >= 0).sum(axis=1)
        cosine = np.zeros(len(candidates))
        cosine[shared] = counts[shared] / np.sqrt(
            len(mine) * np.maximum(latest, counts[shared])
        )  # fmt: skip
        return counts, cosine


def _not_opted_out(employees: Index, preferences: PreferenceTable) -> Index:
    stay = [e for e in employees.tolist() if not preferences.of(e).personalization_opt_out]
    return np.array(stay, np.int32)


def _reasons(topics: float, text: float, common: int) -> tuple[str, ...]:
    holds = (topics >= _LEAST_OVERLAP, text >= _SIMILAR, common >= MIN_COMMON_READERS)
    found = (code for code, is_so in zip(RELATED_REASONS, holds, strict=True) if is_so)
    return tuple(found)[:_MOST]
