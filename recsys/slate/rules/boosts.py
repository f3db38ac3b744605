"""Boosts: editors' priority, and what a colleague shared with somebody."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.slate.draft import Draft
from recsys.times import DAY_US

__all__ = ["Boosts"]


@dataclass(frozen=True, slots=True)
class Boosts:
    """Raises contents of high ``priority`` (and lowers those below 0), and personal shares.

    One step of priority is a factor of two right after publication; it fades to none within
    ``days``, so that no boost outlives its news.
    """

    name: ClassVar[str] = "boosts"
    days: float = 7.0
    most_priority: float = 3.0
    """Steps beyond count as this one: eight times is as good as on top."""
    shared: float = 2.0
    """Factor for what a colleague shared with this employee."""

    def apply(self, draft: Draft) -> None:
        """Multiply values."""
        priority = draft.column("priority").view(np.float32)
        priority = np.where(np.isnan(priority), np.float32(0.0), priority)
        factors = np.ones(len(draft))
        if priority.any():
            age_days = (draft.question.at - draft.column("published_at").view(np.int64)) / DAY_US
            left = np.clip(1.0 - age_days / self.days, 0.0, 1.0)
            steps = np.clip(priority, -self.most_priority, self.most_priority)
            factors = np.exp2(steps * left)
        shared, _ = draft.sources.state.shares.of(draft.question.employee)
        if len(shared) and draft.question.is_personal:
            factors[np.isin(draft.contents, shared)] *= self.shared
        draft.scale(self.name, factors)
