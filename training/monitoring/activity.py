"""What arrives: events by type and surface; what is missing, doubled or silent."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from recsys.reports.suppression import DEFAULT_K
from recsys.schema import EVENT_TYPES
from training.monitoring.drift import drift_of, rows_of
from training.monitoring.figures import (
    Fact,
    Finding,
    Measured,
    drift_figure,
    figure,
    is_moved,
    rounded_events,
)
from training.monitoring.kinds import SURFACE_NAMES, Kinds
from training.monitoring.watched import Watched

__all__ = ["Expected", "event_mix", "expected_count", "silence", "volume"]

_LEAST_EVENTS = 20
"""A kind of event that comes less often in a week is no sign of anything when it is missing."""
_LOST_SHARE = 0.5
"""A healthy week may be quiet; half of the usual is not explained by a few people on leave."""
_MANY_SHARE = 2.0
_TAIL = 0.0005
"""Of healthy weeks outside each end, by the negative binomial distribution."""
_LEAST_SPREAD = 1 / 6
"""Of healthy weeks in parts of their mean; three weeks may look more alike than they are."""
_SILENT_EACH, _SILENT_MEAN = 5, 15
"""People that every, and the mean, week of reference has in the hours that are silent now. People,
not events: one visit on a Sunday leaves dozens of impressions."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How many events a week should have, from those of the reference."""

    mean: float
    low: float
    high: float

    def judged(self, now: float) -> str | None:
        """Return ``few``, ``many`` or None."""
        if now < min(self.low, _LOST_SHARE * self.mean):
            return "few"
        return "many" if now > max(self.high, _MANY_SHARE * self.mean) else None


def expected_count(weekly: npt.NDArray[np.float64]) -> Expected:
    """Return the range of one more week like these, shape (R,), R ≥ 2.

    Negative binomial with their mean m and variance, which is at least m + (m / 6)²; that one more
    week is compared with a mean of R widens it by 1 + 1 / R.

    Examples
    --------
    >>> expected_count(np.array([100.0, 110.0, 90.0])).mean
    100.0
    """
    mean = float(weekly.mean())
    if mean <= 0:
        return Expected(0.0, 0.0, 0.0)
    least = mean + (mean * _LEAST_SPREAD) ** 2
    variance = max(float(weekly.var(ddof=1)), least) * (1 + 1 / len(weekly))
    size = mean**2 / (variance - mean)
    law = stats.nbinom(size, size / (size + mean))
    return Expected(mean, float(law.ppf(_TAIL)), float(law.isf(_TAIL)))


def volume(watched: Watched) -> Measured:
    """Return events by surface, and what is far fewer or more than expected.

    Too few are judged kind by kind, too many only by surface: a campaign that asks everybody for
    one thing doubles that kind, but not all of them.
    """
    measured, kinds = Measured(), Kinds.of(watched)
    for surface, name in enumerate(SURFACE_NAMES):
        weekly = kinds.counts[:, :, surface].sum(axis=1)
        if not weekly[1:].any():
            continue
        people = watched.people((kinds.surface == surface) & (watched.week > 0))
        usual = expected_count(weekly[1:])
        measured.figures.append(
            figure(
                "events", rounded_events(weekly[0]), people, low=rounded_events(usual.low),
                high=rounded_events(usual.high), labels={"surface": name},
                weeks=tuple(map(rounded_events, weekly[:0:-1])),
            )
        )  # fmt: skip
        if people >= DEFAULT_K and usual.mean >= _LEAST_EVENTS:
            verdict = usual.judged(float(weekly[0]))
            if verdict == "many":
                found = _finding("many", None, surface, float(weekly[0]), usual)
                measured.findings.append(found)
    for code, surface in np.argwhere(kinds.people >= DEFAULT_K).tolist():
        usual, now = expected_count(kinds.counts[1:, code, surface]), kinds.counts[0, code, surface]
        verdict = usual.judged(float(now))
        if usual.mean >= _LEAST_EVENTS and verdict == "few":
            measured.findings.append(_finding("few", code, surface, float(now), usual))
    return measured


def silence(watched: Watched) -> Measured:
    """Find kinds of events that have stopped since some moment of the week, however lately.

    Silent is a kind of which nothing came since then, while every week of the reference had events
    in the same hours of the week.
    """
    kinds, log, weeks = Kinds.of(watched), watched.log, watched.weeks
    measured = Measured()
    for code, surface in np.argwhere(kinds.people >= DEFAULT_K).tolist():
        is_kind = (log.event_type == code) & (kinds.surface == surface)
        times, week = log.occurred_at[is_kind], watched.week[is_kind]
        last = int(times[week == 0].max(initial=weeks.since))
        left = np.array([weeks.ends(w) for w in range(weeks.n + 1)])[week] - times
        is_as_late = (week > 0) & (left < weeks.until - last)
        employee = log.employee[is_kind][is_as_late].astype(np.int64)
        visits = np.unique(employee * (weeks.n + 1) + week[is_as_late])
        as_late = np.bincount(visits % (weeks.n + 1), minlength=weeks.n + 1)[1:]
        if as_late.min() >= _SILENT_EACH and as_late.mean() >= _SILENT_MEAN:
            usual = Expected(float(as_late.mean()), float(as_late.min()), float(as_late.max()))
            newest = int(times.max(initial=0))
            measured.findings.append(_finding("silent", code, surface, 0.0, usual, newest))
    return measured


def event_mix(watched: Watched) -> Measured:
    """Return how far the mix of event types and surfaces has moved."""
    kinds, log, n_surfaces = Kinds.of(watched), watched.log, len(SURFACE_NAMES)
    category = log.event_type.astype(np.int64) * n_surfaces + kinds.surface
    used, place = np.unique(category, return_inverse=True)
    employee = log.employee.astype(np.int64)
    rows = rows_of(employee, watched.week, watched.day, place, len(used))
    drift = drift_of(rows, watched.weeks.n, watched.rng(), skipped=watched.weeks.skipped)
    people = min(rows.people(0), rows.people())
    measured = Measured([drift_figure("event_mix_psi", drift, people)])
    if drift is not None and is_moved(drift, people):
        most = int(np.abs(drift.now - drift.before).argmax())
        event_type, surface = divmod(int(used[most]), n_surfaces)
        facts: dict[str, Fact] = {
            "value": drift.psi, "high": drift.high, "event_type": EVENT_TYPES[event_type],
            "of_surface": SURFACE_NAMES[surface], "now_share": float(drift.now[most]),
            "before_share": float(drift.before[most]),
        }  # fmt: skip
        measured.findings.append(Finding("event_mix", facts))
    return measured


def _finding(
    verdict: str, code: int | None, surface: int, now: float, usual: Expected,
    since: int | None = None,
) -> Finding:  # fmt: skip
    facts: dict[str, Fact] = {
        "event_type": "" if code is None else EVENT_TYPES[code],
        "surface": SURFACE_NAMES[surface], "value": rounded_events(now),
        "mean": rounded_events(usual.mean), "low": rounded_events(usual.low),
        "high": rounded_events(usual.high),
    }  # fmt: skip
    return Finding(verdict, facts if since is None else facts | {"since": since})
