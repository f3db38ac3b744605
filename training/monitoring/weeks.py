"""The week that is watched, and the weeks it is compared with."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.times import DAY_US, WEEK_US

__all__ = ["LEAST_WEEKS", "Weeks"]

LEAST_WEEKS = 3
"""With fewer nothing tells how much weeks usually differ."""
_MOST_WEEKS = 8
"""Two months: enough to know the spread, short enough to be the same company."""

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Seven days up to ``until``, and ``n`` weeks of reference that end whole weeks before it.

    Whole weeks, so that each has every weekday and hour once. Week 0 is the watched one, week
    1 the latest of the reference.
    """

    until: int
    """Microseconds; excluded."""
    skipped: int
    """Weeks from ``until`` back to the end of the reference: 1, or more for an older model."""
    n: int

    @classmethod
    def of(cls, first: int, until: int, learned_until: int | None = None) -> "Weeks":
        """Return the weeks of a log that begins at ``first``.

        The reference is what the model learned from, so it ends at ``learned_until``; where too
        little lies before that, it is the weeks right before the watched one.
        """
        whole = (until - first) // WEEK_US
        behind = 1 if learned_until is None else -((learned_until - until) // WEEK_US)
        skipped = behind if behind > 1 and whole - behind >= LEAST_WEEKS else 1
        return cls(until, skipped, max(0, min(_MOST_WEEKS, whole - skipped)))

    @property
    def is_enough(self) -> bool:
        """Whether there are weeks to compare with."""
        return self.n >= LEAST_WEEKS

    @property
    def since(self) -> int:
        """Return the beginning of the watched week."""
        return self.until - WEEK_US

    @property
    def reference(self) -> tuple[int, int]:
        """Return beginning and end of the reference, in microseconds."""
        end = self.until - self.skipped * WEEK_US
        return end - self.n * WEEK_US, end

    def of_times(self, times: Times) -> npt.NDArray[np.int64]:
        """Return the week of each moment, −1 for those in none; shape as ``times``."""
        back = (self.until - 1 - times) // WEEK_US
        number = np.where(back == 0, 0, back - self.skipped + 1)
        is_in = (back == 0) | ((number >= 1) & (number <= self.n))
        return np.where(is_in & (times < self.until), number, -1)

    def day_of(self, times: Times) -> npt.NDArray[np.int64]:
        """Return 0..6, how many days before its week's end each moment lies."""
        return (self.until - 1 - times) // DAY_US % 7

    def ends(self, week: int) -> int:
        """Return the end of a week, in microseconds."""
        return self.until if week == 0 else self.until - (self.skipped + week - 1) * WEEK_US
