"""Whether the log still flows: how much, how recently, and every kind of event."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.times import DAY_US, to_micros
from training.data_checks.counts import usual
from training.data_checks.findings import DAY, WEEK, Effect, Finding
from training.data_checks.recent import RecentLog, Windows

__all__ = ["check_freshness", "check_streams", "check_volume"]

_UNLIKELY = 1e-4
"""Chance of a count like this in a healthy log; two are looked at every night."""

_LOW_SHARE, _HIGH_SHARE = 0.5, 3.0
"""Of the usual: less, or more, is worth a look, however sure the difference is."""

_STREAM_UNLIKELY = 1e-6
"""The same for one kind of event in a night that counts some thirty kinds."""

_LOST_SHARE = 0.1
"""A kind with less than a tenth of its usual events is called lost."""

_QUIET_DAYS = 4
"""A long weekend: Friday evening to Tuesday night."""

_CARRYING_SHARE = 0.5
"""Kinds with half of all interactions: without them there are no choices to learn from."""


def check_volume(log: RecentLog) -> Iterator[Finding]:
    """Compare the number of events with the same weekday, and the week with the weeks before.

    One low day may be a holiday, so it is only said; a week is kept.
    """
    if not log.is_comparable:
        yield Finding(
            "volume", "inform",
            f"the log is too short to tell what is usual: {log.n_weeks} whole weeks before the "
            "last one",
            "at least three to compare with", "nothing has to be done, it grows",
        )  # fmt: skip
        return
    for window in log.windows(log.by_day()):
        effect: Effect = "inform" if window.span == DAY else "degrade"
        level = usual(window.before)
        share = window.now / max(level.level, 1.0)
        counted = f"{window.now:,.0f} events in {window.span}"
        expected = f"about {level.level:,.0f}, {_compared(window)}"
        if share < _LOW_SHARE and level.chance_of_fewer(window.now) < _UNLIKELY:
            yield Finding(
                "volume", effect, f"only {counted}", expected,
                "if it was no holiday, look for a portal, an import or a network that failed",
            )  # fmt: skip
        elif share > _HIGH_SHARE and level.chance_of_more(window.now) < _UNLIKELY:
            yield Finding(
                "volume", effect, f"as many as {counted}", expected,
                "if nothing special happened, look for an import that ran twice, or a robot",
            )  # fmt: skip


def check_freshness(log: RecentLog, until: datetime, now: datetime) -> Iterator[Finding]:
    """Compare the last event with the clock, or with an end of the log that was asked for.

    A log that stopped is no reason not to learn from it, so this never stops.
    """
    if not len(log.at):
        return
    last = int(log.at[-1])
    is_end_asked_for = to_micros(until) > last + 1
    clock = min(to_micros(now), to_micros(until)) if is_end_asked_for else to_micros(now)
    quiet = clock - last
    longest = int(np.diff(log.at).max(initial=0))
    if quiet <= max(_QUIET_DAYS * DAY_US, longest):
        return
    days = timedelta(microseconds=quiet).days
    yield Finding(
        "freshness", "degrade", f"the newest event is {days} days old",
        f"one of the last {_QUIET_DAYS} days, or a pause no longer than earlier ones",
        "see whether events still reach the store; an old export is learned from all the same",
    )  # fmt: skip


def check_streams(log: RecentLog) -> Iterator[Finding]:
    """Look for event types and surfaces that have all but vanished.

    Each is compared with what the other events of the same window let expect, so a holiday, when
    all are rare, is no loss; types that come in bursts have a wide spread of their own. Where the
    day and the week are both too low, the week is told.
    """
    if not log.is_comparable:
        return
    lost: dict[str, Windows] = {}
    for column, word in (("event_type", "of the type"), ("surface", "on the surface")):
        for value, window in _lost(log, column):
            lost[value] = window
            level = usual(window.before).level
            effect: Effect = "degrade"
            if column == "event_type" and window.span == WEEK and _carries(log, lost):
                effect = "stop"
            yield Finding(
                "lost events", effect,
                f"{window.now:,.0f} events {word} {value} in {window.span}",
                f"about {level:,.0f}, {_compared(window)}, and all others still come",
                "see whether whatever sends them was switched off, renamed or blocked",
            )  # fmt: skip


def _lost(log: RecentLog, column: str) -> Iterator[tuple[str, Windows]]:
    codes, values = pd.factorize(log.events[column])
    everything = log.by_day()
    for code, value in enumerate(values):
        counts = log.by_day(codes == code)
        pairs = zip(log.windows(counts), log.windows(everything - counts), strict=True)
        found = [window for window, others in pairs if _is_lost(window, others)]
        if found:
            yield str(value), found[-1]


def _is_lost(window: Windows, others: Windows) -> bool:
    """Return whether a count is far below what it was in each of the earlier windows."""
    level = usual(window.before, others.before, others.now)
    is_low = window.now < _LOST_SHARE * level.level
    return is_low and level.chance_of_fewer(window.now) < _STREAM_UNLIKELY


def _carries(log: RecentLog, lost: dict[str, Windows]) -> bool:
    """Return whether the lost kinds made up half of the interactions of the earlier weeks."""
    before = log.is_interaction & ~log.last_week
    gone = before & log.events["event_type"].isin(list(lost)).to_numpy()
    return _count(gone) >= _CARRYING_SHARE * max(1, _count(before))


def _count(rows: npt.NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(rows))


def _compared(window: Windows) -> str:
    if window.span == DAY:
        return f"as on the same weekday of the last {len(window.before)} weeks"
    return f"as in each of the last {len(window.before)} weeks"
