"""Times that cannot be right: in the future, before their arrival, or at odd hours of the day."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.times import HOUR_US, SECOND_US, series_to_micros, to_micros
from training.data_checks.findings import WEEK, Finding
from training.data_checks.recent import WEEKS_BACK, RecentLog

__all__ = ["check_arrivals", "check_future", "check_hours"]

_TOLERANCE_US = 300 * SECOND_US
"""Clocks of phones and servers are minutes apart; five are the usual tolerance (Kerberos)."""

_FEW_SHARE = 0.01

_LEAST_PEOPLE = {"the last 24 hours": 40, "the last 7 days": 150}
"""People times hours: a profile of fewer has no shape."""

_LEAST_HOURS = 2
"""Summer time moves a profile in UTC by one."""

_ALIKE, _UNLIKE = 0.8, 0.4
"""Correlation with the usual profile: at least so high after the shift, and below the second one
before it. Healthy days were at 0.5 and more without any shift on the one real log known here, at
0.8 in simulated companies; nine hours bring both below 0."""


def check_future(dataset: Dataset, until: datetime, now: datetime) -> Iterator[Finding]:
    """Look for events later than the clock.

    A few of them stop the training where they set the end of the log: the weeks that are tested
    would begin in the future. Where much of the log is later, the clock is another one.
    """
    at = series_to_micros(dataset["events"]["occurred_at"])
    late = at > to_micros(now) + _TOLERANCE_US
    n = int(np.count_nonzero(late))
    if not n:
        return
    is_few = n < _FEW_SHARE * len(at)
    does_harm = is_few and to_micros(until) > to_micros(now) + _TOLERANCE_US
    yield Finding(
        "clock", "stop" if does_harm else "degrade" if to_micros(until) > to_micros(now) else
        "inform",
        f"{n:,} events lie in the future, the last on {dataset['events']['occurred_at'].max():%F}",
        f"none after {now:%F %H:%M} UTC",
        "correct the clock that sent them; `--until` leaves them out",
    )  # fmt: skip


def check_arrivals(log: RecentLog) -> Iterator[Finding]:
    """Count events of the last week that arrived before they happened."""
    events = log.events[log.last_week & log.events["received_at"].notna().to_numpy()]
    if events.empty:
        return
    ahead = series_to_micros(events["occurred_at"]) - series_to_micros(events["received_at"])
    share = float((ahead > _TOLERANCE_US).mean())
    if share < _FEW_SHARE:
        return
    yield Finding(
        "clock", "degrade",
        f"{share:.0%} of the events of the last 7 days happened after they arrived",
        f"less than {_FEW_SHARE:.0%}",
        "correct the clock or the time zone of the devices or the import that sent them",
    )  # fmt: skip


def check_hours(log: RecentLog) -> Iterator[Finding]:
    """Look for a time of day that moved by two hours or more: a wrong time zone.

    A profile counts people by the hour of the day (UTC), which single busy readers do not shape,
    and is compared with that of the same weekdays before. A day is kept, a week stops: ages and
    orders of events are then wrong in most of what is tested.
    """
    if not log.is_comparable:
        return
    people = _people_by_hour(log)
    usual_day = people[7 : 7 * (log.n_weeks + 1) : 7].sum(axis=0)
    usual_week = people[7 : 7 * (log.n_weeks + 1)].sum(axis=0)
    pairs = ((people[:7].sum(axis=0), usual_week), (people[0], usual_day))
    for (now, before), (span, least) in zip(pairs, reversed(_LEAST_PEOPLE.items()), strict=True):
        hours = _shift(now, before) if min(now.sum(), before.sum()) >= least else 0
        if hours:
            yield Finding(
                "clock", "stop" if span == WEEK else "degrade",
                f"the time of day of {span} looks moved by {hours:+d} hours",
                "the hours of the weeks before",
                "see whether a source sends local times as UTC, or the zone of an import changed",
            )  # fmt: skip
            return


def _people_by_hour(log: RecentLog) -> npt.NDArray[np.float64]:
    """Return people by window of 24 hours and hour of the day, shape (63, 24)."""
    n_cells = 7 * (WEEKS_BACK + 1) * 24
    cell = log.day * 24 + (log.at // HOUR_US) % 24
    person = pd.factorize(log.events["employee_id"])[0].astype(np.int64)
    once = pd.unique(person * n_cells + cell)
    counts = np.bincount(once % n_cells, minlength=n_cells)
    return counts.reshape(-1, 24).astype(np.float64)


def _shift(now: npt.NDArray[np.float64], before: npt.NDArray[np.float64]) -> int:
    """Return by how many hours a profile moved, -11 to 12; 0 where that is not plain."""
    smooth = _smoothed(now)
    moved = np.array([_likeness(smooth, np.roll(_smoothed(before), h)) for h in range(24)])
    hours = int(moved.argmax())
    signed = hours - 24 if hours > 12 else hours
    is_plain = moved[hours] >= _ALIKE and moved[0] < _UNLIKE
    return signed if is_plain and abs(signed) >= _LEAST_HOURS else 0


def _smoothed(profile: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return (np.roll(profile, 1) + 2.0 * profile + np.roll(profile, -1)) / 4.0


def _likeness(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0.0 else 0.0
