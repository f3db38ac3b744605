"""When employees look at the intranet: days, hours by work style and zone, pages per visit."""

import numpy as np
import numpy.typing as npt

from recsys.simulator.config import Scenario
from recsys.simulator.organisation import SITES, Organisation
from recsys.simulator.traits import Character, Records
from recsys.times import DAY_US, HOUR_US, SECOND_US, to_micros

__all__ = ["MORE_PAGES_SHARE", "VISITS", "draw_visits"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BREAKS: dict[str, dict[float, float]] = {
    "desk": {8.7: 3, 9.5: 2, 10.5: 1, 12.3: 3, 13.2: 1, 15.0: 2, 17.0: 1, 18.2: 0.7, 21.5: 0.2},
    "field": {7.8: 3, 12.2: 3, 15.5: 0.5, 18.3: 2, 21.0: 0.5},
    "early": {5.8: 1, 8.0: 2, 11.0: 3, 14.3: 1.5},
    "late": {13.7: 1, 16.0: 2, 19.0: 3, 22.3: 1},
    "night": {21.7: 1, 25.0: 2, 27.0: 2, 30.2: 1},
}
"""Local hours at which people look, with weights; hours past 24 belong to the next morning."""

_SPREAD_HOURS = {"desk": 0.9, "field": 0.6, "early": 0.2, "late": 0.2, "night": 0.2}
_SHIFTS = ("early", "late", "night")
_WEEKDAY_RHYTHM = np.array([1.15, 1.05, 1.0, 1.0, 0.85])
_WEEKEND_RHYTHM = np.array([0.06, 0.10, 0.6])
"""Desk, field and shift work on a Saturday or Sunday."""
MORE_PAGES_SHARE = 0.25
_QUIET_US = 45 * 60 * SECOND_US
"""Looking again sooner than this is the same visit; the usual session gap is 30 minutes, and a
visit may last a quarter of an hour."""


VISITS = np.dtype(
    [
        ("start", np.int64),  # microseconds since 1970; records are in this order
        ("employee", np.int64),
        ("mobile", np.int64),
        ("pages", np.int64),  # slates looked at, 1 to 3
        ("direct", np.int64),  # 1 if the visit began with a link from mail or chat
    ]
)
"""One record per visit."""


def draw_visits(
    scenario: Scenario,
    organisation: Organisation,
    character: Character,
    rng: np.random.Generator,
) -> Records:
    """Draw all visits of the run; people without a device have none."""
    counts = rng.poisson(_expected_visits(scenario, organisation, character))
    employee, day = np.nonzero(counts)
    repeats = counts[employee, day]
    employee, day = np.repeat(employee, repeats), np.repeat(day, repeats)
    offsets = np.array([site.utc_hours for site in SITES])[organisation.site[employee]]
    hours = _draw_hours(organisation.style[employee], employee, day, rng) - offsets
    midnight = to_micros(scenario.start) // DAY_US * DAY_US
    start = midnight + day * DAY_US + (hours * HOUR_US).astype(np.int64)
    # Zones east of UTC start their first day before the run does.
    start = np.maximum(start, midnight + rng.integers(0, HOUR_US, len(start)))
    chosen = _apart(start, employee)
    n = len(chosen)
    more = rng.random(n)
    visits = np.zeros(n, VISITS)
    visits["start"], visits["employee"] = start[chosen], employee[chosen]
    visits["mobile"] = rng.random(n) < organisation.mobile_share[employee[chosen]]
    visits["pages"] = 1 + (more < MORE_PAGES_SHARE) + (more < MORE_PAGES_SHARE**2)
    visits["direct"] = rng.random(n) < scenario.world.direct_share
    return visits


def _expected_visits(
    scenario: Scenario, organisation: Organisation, character: Character
) -> FloatArray:
    """Return (employees, days)."""
    days = np.arange(scenario.days)
    weekday = (scenario.start.weekday() + days) % 7
    workday = np.append(_WEEKDAY_RHYTHM, [0.0, 0.0])[weekday]
    weekend = _WEEKEND_RHYTHM[organisation.style][:, None]
    rhythm = np.where(weekday >= 5, weekend, workday)
    left, back = organisation.leave[:, :1], organisation.leave[:, 1:]
    # Newcomers get their account on the first day and look from the second.
    begins = organisation.first_day[:, None] + (organisation.first_day[:, None] > 0)
    present = (days >= begins) & ((days < left) | (days >= back))
    return np.asarray(character.visits_per_workday[:, None] * rhythm * present)


def _draw_hours(
    style: IntArray, employee: IntArray, day: IntArray, rng: np.random.Generator
) -> FloatArray:
    """Return local hours; shift workers rotate weekly between early, late and night."""
    rota = np.where(style == 2, 2 + (employee + day // 7) % len(_SHIFTS), style)
    hours = np.empty(len(style))
    for index, name in enumerate(("desk", "field", *_SHIFTS)):
        rows = np.flatnonzero(rota == index)
        breaks = np.array(list(_BREAKS[name]))
        weights = np.array(list(_BREAKS[name].values()))
        centre = rng.choice(breaks, len(rows), p=weights / weights.sum())
        hours[rows] = centre + _SPREAD_HOURS[name] * (rng.random(len(rows)) - 0.35)
    return hours


def _apart(start: IntArray, employee: IntArray) -> IntArray:
    """Return indices in order of time without visits that follow an own one too soon."""
    by_person = np.lexsort((start, employee))
    same = np.diff(employee[by_person], prepend=-1) == 0
    soon = np.diff(start[by_person], prepend=0) < _QUIET_US
    kept = by_person[~(same & soon)]
    return np.asarray(kept[np.lexsort((employee[kept], start[kept]))])
