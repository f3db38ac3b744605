"""Fatigue: what is shown often and never opened sinks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.slate.draft import Draft

__all__ = ["Fatigue"]


@dataclass(frozen=True, slots=True)
class Fatigue:
    """Lowers what somebody was shown again and again without opening it.

    The first ``free`` showings cost nothing (a slot is easily overlooked), every further one takes
    ``strength`` of the value. From ``most_shown`` on a content is not shown at all; must-reads
    are never tired of. Showings of the visit that goes on do not count, so a reload shows the same.
    """

    name: ClassVar[str] = "fatigue"
    strength: float = 0.2
    free: int = 1
    most_shown: int = 30

    def apply(self, draft: Draft) -> None:
        """Multiply values by what is left; close what was shown too often."""
        if not draft.question.is_personal:
            return
        shown = draft.sources.state.readings.impressions(draft.question.employee, draft.contents)
        tired = np.maximum(shown - self.free, 0)
        draft.scale(self.name, (1.0 - self.strength) ** tired)
        draft.close(self.name, shown >= self.most_shown)
