"""Dismissals: what somebody sent away changes the next feed in the way the reason says."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from recsys.slate.draft import Draft, Float
from recsys.state.dismissals import Dismissals, dismissals_of
from recsys.times import DAY_US

__all__ = ["Dismissed"]

_LONG_MINUTES = 4.0
"""Longer than this is long for somebody who said they had no time."""

_HALF_OF_A_REASON = 0.5
"""A dismissal without a reason says half as much as one that names the matter."""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Lowers what is like something dismissed, in the respect that was the reason.

    ========================  =====================================================
    ``not_interested``        the same topics (without topics: the same author)
    ``not_my_work``           the same owner department, and a little its topics
    ``too_difficult``         the same difficulty
    ``no_time``               everything that takes long
    ``already_known``         almost equal texts, and the same campaign
    ``wrong_format``          other renditions (:mod:`recsys.formats.chooser`)
    ========================  =====================================================

    Each takes ``strength`` of the value right away and less as time goes by. The dismissed content
    itself is seen and does not come back.
    """

    name: ClassVar[str] = "dismissed"
    strength: float = 0.5
    half_life_days: float = 30.0
    """A busy week is over, an interest may come: a month later half of it is forgotten."""

    def apply(self, draft: Draft) -> None:
        """Multiply values."""
        question = draft.question
        dismissed = dismissals_of(draft.sources.state.dismissals, question.employee)
        if len(dismissed.content) == 0 or not question.is_personal:
            return
        left = np.exp2((dismissed.at - question.at) / (self.half_life_days * DAY_US))
        alike = _alike(draft, dismissed)
        draft.scale(self.name, np.prod(1.0 - self.strength * left[:, None] * alike, axis=0))


def _alike(draft: Draft, dismissed: Dismissals) -> Float:
    """Return float64 in 0..1, shape (n_dismissals, n_rows): how much the reason holds for each."""
    table, rows = draft.sources.state.catalogue.contents, draft.contents
    owner = _same(draft, dismissed, "owner_department")
    topics = _topics_in_common(table.topics, rows, dismissed.content)
    groups = draft.sources.duplicates
    same_text = _equal(groups.of(rows), groups.of(dismissed.content))
    is_long = np.nan_to_num(draft.column("est_minutes").view(np.float32)) > _LONG_MINUTES
    has_topics = np.any(table.topics[dismissed.content] >= 0, axis=1, keepdims=True)
    matter = np.where(has_topics, topics, _same(draft, dismissed, "author"))
    by_reason = {
        "not_interested": matter,
        "not_my_work": np.maximum(owner, 0.5 * topics),
        "too_difficult": _same(draft, dismissed, "difficulty"),
        "no_time": np.broadcast_to(is_long, topics.shape).astype(np.float64),
        "already_known": np.maximum(same_text, 0.5 * _same(draft, dismissed, "campaign")),
    }
    alike = _HALF_OF_A_REASON * matter * (dismissed.reason < 0)[:, None]
    for reason, held in by_reason.items():
        alike += np.minimum(held, 1.0) * dismissed.because(reason)[:, None]
    return alike


def _same(draft: Draft, dismissed: Dismissals, column: str) -> Float:
    codes = draft.sources.state.catalogue.contents[column].view(np.int32)
    return _equal(codes[draft.contents], codes[dismissed.content])


def _equal(own: npt.NDArray[np.int32], theirs: npt.NDArray[np.int32]) -> Float:
    """Return 1 where codes are equal and known, else 0, shape (n_theirs, n_own)."""
    return np.float64(own[None, :] == theirs[:, None]) * (theirs[:, None] >= 0)


def _topics_in_common(
    topics: npt.NDArray[np.int32], rows: npt.NDArray[np.int32], dismissed: npt.NDArray[np.int32]
) -> Float:
    """Return the share of each row's topics that a dismissed content has, (n_dismissed, n_rows)."""
    own = topics[rows]
    shared = np.stack([np.isin(own, mine[mine >= 0]).sum(axis=1) for mine in topics[dismissed]])
    return np.asarray(shared / np.maximum((own >= 0).sum(axis=1), 1))
