"""How old the latest event is, and how many come late, or about nobody and nothing known."""

import numpy as np

from recsys.reports.suppression import DEFAULT_K
from recsys.times import DAY_US, HOUR_US, SECOND_US
from training.monitoring.figures import Figure, Finding, Measured, figure
from training.monitoring.watched import Watched

__all__ = ["arrival"]

_LATE_US = 2 * DAY_US
"""The lateness window of the live state: what comes later waits for the next rebuild."""
_HIGH_SHARE = 0.05
"""One event in twenty that does not count makes a live ranking less than live."""


def arrival(watched: Watched) -> Measured:
    """Return age of the latest event and the shares of events that do not count, or not yet."""
    measured = _age(watched)
    log, catalogue, is_now = watched.log, watched.catalogue, watched.week == 0
    people = watched.people(is_now)
    about = is_now & (log.content >= 0)
    known = catalogue.contents["known"].view(np.bool_)
    employee, at = log.employee[is_now], log.occurred_at[is_now]
    shares = {
        "late_share": log.received_at[is_now] - at > _LATE_US,
        "unknown_content_share": ~known[log.content[about]],
        "unknown_employee_share": catalogue.employees.versions_at(employee, at) < 0,
    }
    for name, is_bad in shares.items():
        share = float(is_bad.mean()) if len(is_bad) else np.nan
        measured.figures.append(figure(name, share, people, high=_HIGH_SHARE))
        if share > _HIGH_SHARE and people >= DEFAULT_K:
            code = name.removesuffix("_share")
            measured.findings.append(Finding(code, {"value": share, "high": _HIGH_SHARE}))
    return measured


def _age(watched: Watched) -> Measured:
    """Compare the silence at the end with twice the longest of the reference, a day at least."""
    log, weeks = watched.log, watched.weeks
    newest, (since, until) = int(log.occurred_at.max(initial=0)), weeks.reference
    times = np.sort(log.occurred_at[(log.occurred_at >= since) & (log.occurred_at < until)])
    usual = 2 * max(int(np.diff(times).max(initial=0)), DAY_US)
    age = weeks.until - newest
    measured = Measured([Figure("last_event_age_seconds", age / SECOND_US, high=usual / SECOND_US)])
    if age > usual:
        facts = {"since": newest, "value": age / HOUR_US, "high": usual / HOUR_US}
        measured.findings.append(Finding("no_events", facts))
    return measured
