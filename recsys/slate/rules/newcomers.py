"""Newcomers: in the first weeks, what helps to find one's way."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar

import numpy as np

from recsys.schema import CONTENT_TYPES
from recsys.slate.draft import Draft
from recsys.times import DAY_US, NO_TIME, to_micros

__all__ = ["Newcomers", "joined_at"]

_HELPFUL = tuple(CONTENT_TYPES.index(name) for name in ("manual", "faq", "story"))


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Raises manuals, answers to common questions and stories for somebody's first weeks.

    The boost is whole on the first day and fades to none within ``days``.
    """

    name: ClassVar[str] = "newcomers"
    strength: float = 0.5
    days: float = 42.0
    """Six weeks; a hire month says the day only to within four of them."""

    def apply(self, draft: Draft) -> None:
        """Multiply values, if the employee is new."""
        age_us = draft.question.at - joined_at(draft)
        left = 1.0 - age_us / (self.days * DAY_US)
        if 0.0 < left <= 1.0:
            helps = np.isin(draft.column("content_type"), _HELPFUL)
            draft.scale(self.name, 1.0 + self.strength * left * helps)


def joined_at(draft: Draft) -> int:
    """Return when the employee joined, in microseconds: by hire month, else by the first record.

    ``NO_TIME`` for somebody unknown, or known since ever.
    """
    question, employees = draft.question, draft.sources.state.catalogue.employees
    if question.version < 0:
        return NO_TIME
    month = _month(question.attributes.get("hire_month", ""))
    if month is not None:
        return month
    return int(employees.known_since(np.array([question.employee], np.int32))[0])


@lru_cache(maxsize=1024)
def _month(text: str) -> int | None:
    """Return the first moment of a month such as ``2026-04``, None for any other text."""
    try:
        return to_micros(datetime.strptime(text[:7], "%Y-%m").replace(tzinfo=UTC))
    except ValueError:
        return None
