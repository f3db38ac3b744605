"""Pins: what the editors want on top for a while."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.kernels import kernel
from recsys.slate.draft import Bool, Draft, Index, Question, SlateSources

__all__ = ["Pins"]


@kernel
def _are_among(wanted: Index, contents: Index, n_contents: int) -> Bool:
    is_there = np.zeros(n_contents, np.bool_)
    for i in range(len(contents)):
        is_there[contents[i]] = True
    return is_there[wanted]


@dataclass(frozen=True, slots=True)
class Pins:
    """Puts contents with ``pinned_until`` after now behind the must-reads.

    Highest priority first, then newest. A pin ends for somebody who was shown it ``most_shown``
    times and never opened it; the ranking has it from then on.
    """

    name: ClassVar[str] = "pins"
    most: int = 2
    """Per slate; what is always on top is soon overlooked."""
    most_shown: int = 6
    """About a week of daily visits."""

    def retrieve(self, sources: SlateSources, question: Question, candidates: Index) -> Index:
        """Return the pinned candidates, the first ones first."""
        contents = sources.state.catalogue.contents
        pinned = contents.live_marked("pinned_until", question.at)
        until = contents["pinned_until"].view(np.int64)[pinned]
        is_mandatory = contents["mandatory"].view(np.bool_)[pinned]  # those go first anyway
        pinned = pinned[(until > question.at) & ~is_mandatory]
        if len(pinned) == 0:
            return pinned
        pinned = pinned[_are_among(pinned, candidates, len(contents))]
        shown = sources.state.readings.impressions(question.employee, pinned)
        pinned = pinned[shown < self.most_shown]
        priority = contents["priority"].view(np.float32)[pinned]
        priority = np.where(np.isnan(priority), np.float32(0.0), priority)
        return pinned[np.argsort(-priority, kind="stable")][: self.most]

    def apply(self, draft: Draft) -> None:
        """Place them."""
        for row in draft.retrieved[self.name].tolist():
            draft.place(row, "pinned")
