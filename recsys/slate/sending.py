"""Whether something may be sent to somebody now: nobody comes to a mail by choice."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from recsys.answers import Sending, SendingCause
from recsys.state.live import LiveState
from recsys.times import DAY_US, HOUR_US, NO_TIME, from_micros, to_micros

__all__ = ["SendingRules", "sending"]

_ONE_ISSUE_US = 6 * HOUR_US
"""Mails closer together belong to one issue: sending to a whole company takes hours."""

_DECLINED = ("never", "none", "off")
"""Values of ``newsletter_frequency`` that mean no."""
_LEAST_APART = {"weekly": 7 * DAY_US - 12 * HOUR_US, "monthly": 28 * DAY_US - 12 * HOUR_US}
"""Between two issues by ``newsletter_frequency``: an issue that is some hours early is the next."""


@dataclass(frozen=True, slots=True)
class SendingRules:
    """What the company thinks is considerate."""

    most_per_week: int = 3
    """Issues within seven days, however many contents each holds."""
    quiet_from: int = 19
    """Local hour at which quiet hours begin; SharePoint and Teams use the evening as well."""
    quiet_until: int = 8
    """Local hour at which they end."""


def sending(state: LiveState, rules: SendingRules, employee: int, at: int) -> Sending:
    """Return whether mail may go to ``employee`` at ``at`` (microseconds).

    The first cause that holds is named: no longer active, declined, on leave, weekly cap, had the
    last one more recently than they wish, quiet hours. Who unsubscribed has declined, unless they
    chose a frequency. Somebody unknown, without a time zone or without dates of leave, is not held
    back by what nobody knows; mandatory notices may go out whatever the cap says, which is the
    caller's to decide.
    """
    employees = state.catalogue.employees
    attributes = employees.attributes(employees.version_at(employee, at))
    frequency = _frequency(state, employee)
    if attributes.get("active") == "false" or frequency in _DECLINED:
        return _no("inactive" if attributes.get("active") == "false" else "declined")
    zone = _zone(attributes.get("timezone", ""))
    now = from_micros(at)
    today = now.astimezone(zone).date() if zone else now.date()
    if _is_on_leave(attributes.get("leave_from", ""), attributes.get("leave_until", ""), today):
        return _no("on_leave", _morning(attributes.get("leave_until", ""), zone, rules))
    is_full, free_at = _weekly(state, rules, employee, at)
    if is_full:
        return _no("weekly_cap", from_micros(free_at))
    wished_at = _wished(state, frequency, employee)
    if at < wished_at:
        return _no("own_frequency", from_micros(wished_at))
    local = now.astimezone(zone) if zone is not None else None
    if local is None or rules.quiet_until <= local.hour < rules.quiet_from:
        return Sending(True, None, None)
    return _no("quiet_hours", _quiet_end(local, rules))


def _no(cause: SendingCause, until: datetime | None = None) -> Sending:
    return Sending(False, cause, until)


@lru_cache(maxsize=1024)  # few zones in one company, any text from an upsert
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _is_on_leave(begins: str, ends: str, today: date) -> bool:
    """Whether ``today`` is from the first day of leave on and before the first day back."""
    first, back = _day(begins), _day(ends)
    if first is None:
        return False
    return first <= today and (back is None or today < back)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _morning(day: str, zone: tzinfo | None, rules: SendingRules) -> datetime | None:
    back = _day(day)
    if back is None:
        return None
    moment = datetime.combine(back, time(rules.quiet_until), zone or from_micros(0).tzinfo)
    return from_micros(to_micros(moment))


def _weekly(state: LiveState, rules: SendingRules, employee: int, at: int) -> tuple[bool, int]:
    """Return whether the week is full, and when one of its issues is a week old."""
    _, times = state.sends.of(employee)
    recent = np.sort(times[times > at - 7 * DAY_US])
    ends = recent[np.diff(recent, append=np.iinfo(np.int64).max) > _ONE_ISSUE_US]
    if len(ends) < rules.most_per_week:
        return False, at
    return True, int(ends[len(ends) - rules.most_per_week]) + 7 * DAY_US


def _frequency(state: LiveState, employee: int) -> str:
    """Return how often somebody wants mail, in small letters; empty if they never said."""
    chosen = state.catalogue.preferences.of(employee).newsletter_frequency
    unsubscribed = len(state.unsubscribed.of(employee)[0]) > 0
    return chosen.lower() if chosen else "never" if unsubscribed else ""


def _wished(state: LiveState, frequency: str, employee: int) -> int:
    """Return from when on the next issue is welcome."""
    _, times = state.sends.of(employee)
    apart = _LEAST_APART.get(frequency)
    return NO_TIME if apart is None or len(times) == 0 else int(times.max()) + apart


def _quiet_end(local: datetime, rules: SendingRules) -> datetime:
    end = local.replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    if local.hour >= rules.quiet_from:
        end += timedelta(days=1)
    return from_micros(to_micros(end))
