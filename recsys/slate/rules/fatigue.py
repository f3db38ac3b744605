"""Fatigue: what is shown often and never opened sinks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.slate.draft import Draft

__all__ = ["Fatigue"]


@dataclass(frozen=True, slots=True)
class Fatigue:
    """Lowers what somebody was shown again and again without opening it.

    After n showings the value is multiplied by (1 + n) ** (−strength · φ). φ is the company's own,
    learned from its log (:mod:`recsys.slate.fatigue_fitting`): where tastes differ much, passing
    something over says much. From ``most_shown`` on a content is not shown at all; must-reads
    are never tired of. Showings of the visit that goes on do not count, so a reload shows the same.
    Having been sent a content counts as one more showing: few companies know who opened a mail.
    """

    name: ClassVar[str] = "fatigue"
    strength: float = 1.0
    """1 is what the log says; more also rests what would still be the best guess."""
    most_shown: int = 30

    def apply(self, draft: Draft) -> None:
        """Multiply values by what is left; close what was shown too often."""
        if not draft.question.is_personal:
            return
        state, employee = draft.sources.state, draft.question.employee
        shown = state.readings.impressions(employee, draft.contents)
        shown += state.mailings.of(employee, draft.contents)[0]
        draft.scale(self.name, (1.0 + shown) ** (-self.strength * draft.sources.fatigue))
        is_closed = shown >= self.most_shown
        is_closed[draft.retrieved.get("mandatory", np.zeros(0, np.int64))] = False
        draft.close(self.name, is_closed)
