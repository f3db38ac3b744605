"""The last weeks of a log in windows of 24 hours that end where the log ends.

Window 0 is the last 24 hours, window 7 the same hours of the same weekday a week before. Counting
back from the end makes every window whole, at whatever hour the log was read.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.schema import INTERACTIONS
from recsys.times import DAY_US, series_to_micros, to_micros
from training.data_checks.findings import DAY, WEEK, Span

__all__ = ["LEAST_WEEKS", "WEEKS_BACK", "RecentLog", "Windows"]

WEEKS_BACK = 8
"""Weeks that the last one is compared with: two months hold several of every weekday, and what is
older was another company."""

LEAST_WEEKS = 3
"""Fewer weeks to compare with say nothing about what is usual, least of all after a holiday."""

_DAYS = 7 * (WEEKS_BACK + 1)


@dataclass(frozen=True, slots=True)
class Windows:
    """Counts in the window that is looked at, and in the comparable ones before it."""

    span: Span
    now: float
    before: npt.NDArray[np.float64]
    """Most recent first, shape (n_weeks,)."""


@dataclass(frozen=True, slots=True)
class RecentLog:
    """Events of the last nine weeks strictly before the end of the log; arrays of shape (n,)."""

    events: pd.DataFrame
    at: npt.NDArray[np.int64]
    """Microseconds."""
    day: npt.NDArray[np.int64]
    """Windows of 24 hours before the end, 0 = the last."""
    n_weeks: int
    """Whole weeks of history before the last seven days, at most ``WEEKS_BACK``."""

    @classmethod
    def of(cls, events: pd.DataFrame, until: datetime) -> "RecentLog":
        """Return the last weeks of ``events``, which are in time order, before ``until``."""
        end, every = to_micros(until), series_to_micros(events["occurred_at"])
        first, last = np.searchsorted(every, [end - _DAYS * DAY_US, end])
        at = every[first:last]
        n_days = (end - int(every[0])) // DAY_US if last else 0
        n_weeks = max(0, min(WEEKS_BACK, n_days // 7 - 1))
        return cls(events.iloc[first:last], at, (end - 1 - at) // DAY_US, n_weeks)

    @property
    def is_comparable(self) -> bool:
        """Whether there is enough history to tell what is usual."""
        return self.n_weeks >= LEAST_WEEKS

    @property
    def last_week(self) -> npt.NDArray[np.bool_]:
        """Return which events fall into the last seven days."""
        return self.day < 7

    @property
    def is_interaction(self) -> npt.NDArray[np.bool_]:
        """Return which events are interactions."""
        return self.events["event_type"].isin(INTERACTIONS).to_numpy()

    def by_day(self, rows: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.float64]:
        """Return events per window, all or those of ``rows``, shape (63,)."""
        day = self.day if rows is None else self.day[rows]
        return np.bincount(day, minlength=_DAYS)[:_DAYS].astype(np.float64)

    def windows(self, by_day: npt.NDArray[np.float64]) -> tuple[Windows, Windows]:
        """Return counts of the last day beside the same weekday, and of the last week."""
        weekday = by_day[7 : 7 * (self.n_weeks + 1) : 7]
        weeks = by_day.reshape(-1, 7).sum(axis=1)
        return (
            Windows(DAY, float(by_day[0]), weekday),
            Windows(WEEK, float(weeks[0]), weeks[1 : self.n_weeks + 1]),
        )
