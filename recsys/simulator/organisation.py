"""The visible side of the staff: departments, teams, sites, work styles, reporting lines."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.simulator.config import LANGUAGES, Scenario

__all__ = ["DEPARTMENTS", "SITES", "STYLES", "Department", "Organisation", "Site", "organise"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Department(NamedTuple):
    """``styles``: shares of desk, field and shift work; ``home``: topics of its daily work."""

    name: str
    share: float
    styles: tuple[float, float, float]
    home: tuple[str, ...]


class Site(NamedTuple):
    """``utc_hours`` is the zone's fixed offset: only zones without daylight saving are used."""

    name: str
    share: float
    timezone: str
    utc_hours: int
    japanese_share: float


DEPARTMENTS: tuple[Department, ...] = (
    Department("sales", 0.16, (0.3, 0.7, 0.0), ("sales", "customers")),
    Department("marketing", 0.06, (1.0, 0.0, 0.0), ("customers", "events")),
    Department("engineering", 0.16, (0.95, 0.05, 0.0), ("product", "research")),
    Department("manufacturing", 0.20, (0.15, 0.0, 0.85), ("safety", "facilities")),
    Department("logistics", 0.08, (0.2, 0.3, 0.5), ("safety", "sustainability")),
    Department("service", 0.10, (0.3, 0.6, 0.1), ("customers", "product")),
    Department("it", 0.06, (1.0, 0.0, 0.0), ("it", "learning")),
    Department("hr", 0.05, (1.0, 0.0, 0.0), ("benefits", "learning")),
    Department("finance", 0.05, (1.0, 0.0, 0.0), ("finance", "strategy")),
    Department("research", 0.05, (1.0, 0.0, 0.0), ("research", "sustainability")),
    Department("planning", 0.03, (1.0, 0.0, 0.0), ("strategy", "culture")),
)

SITES: tuple[Site, ...] = (
    Site("tokyo", 0.42, "Asia/Tokyo", 9, 0.95),
    Site("osaka", 0.18, "Asia/Tokyo", 9, 0.98),
    Site("nagoya-plant", 0.18, "Asia/Tokyo", 9, 0.95),
    Site("singapore", 0.12, "Asia/Singapore", 8, 0.05),
    Site("bangkok-plant", 0.10, "Asia/Bangkok", 7, 0.05),
)

STYLES: tuple[str, ...] = ("desk", "field", "shift")

_PC_SHARE = np.array([1.0, 0.75, 0.2])
_MOBILE_SHARE = np.array([0.7, 0.75, 0.5])
_TEAM_SIZE = 9


@dataclass(frozen=True, slots=True)
class Organisation:
    """What HR knows of everybody, by employee index; arrays of shape (n,) unless said."""

    departments: IntArray
    """(n, 2), the second −1 for people with one post."""
    site: IntArray
    style: IntArray
    team: IntArray
    manager: IntArray
    """Employee index; −1 for employee 0, who leads the company."""
    language: IntArray
    has_pc: BoolArray
    has_mobile: BoolArray
    first_day: IntArray
    """First working day counted from the start; 0 unless hired during the run."""
    leave: IntArray
    """(n, 2), first and one past the last day away; equal for nobody away."""

    @property
    def mobile_share(self) -> FloatArray:
        """Share of visits made on a phone, shape (n,)."""
        return np.where(self.has_pc, np.where(self.has_mobile, 0.25, 0.0), 1.0)

    def frame(self, scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
        """Return the ``employees`` table."""
        n = len(self.team)
        ids = pd.Series([f"sim-{i:06d}" for i in range(n)], dtype="str")
        names = np.array([d.name for d in DEPARTMENTS])
        start = pd.Timestamp(scenario.start).floor("D")
        joined = pd.Series(start + pd.to_timedelta(self.first_day, unit="D"))
        hired = joined - pd.to_timedelta(
            np.where(self.first_day > 0, 0, rng.integers(30, 365 * 25, n)), unit="D"
        )
        sites = [SITES[s] for s in self.site]
        return pd.DataFrame(
            {
                "employee_id": ids,
                "department": names[self.departments[:, 0]],
                "departments": [
                    ";".join(names[p] for p in row if p >= 0) for row in self.departments
                ],
                "team_id": [f"team-{t:03d}" for t in self.team],
                "manager_id": [ids[m] if m >= 0 else None for m in self.manager],
                "site": [s.name for s in sites],
                "job_family": rng.choice(["operations", "specialist"], n, p=[0.6, 0.4]),
                "grade_band": rng.choice(["junior", "middle", "senior"], n, p=[0.35, 0.45, 0.2]),
                "hire_month": hired.dt.strftime("%Y-%m"),
                "work_style": np.array(STYLES)[self.style],
                "language": np.array(LANGUAGES)[self.language],
                "timezone": [s.timezone for s in sites],
                "has_pc": self.has_pc,
                "has_mobile": self.has_mobile,
                "leave_from": self._leave_dates(start, 0),
                "leave_until": self._leave_dates(start, 1),
                "active": True,
                "valid_from": joined,
            }
        )

    def _leave_dates(self, start: pd.Timestamp, column: int) -> "pd.Series[pd.Timestamp]":
        dates = pd.Series(start + pd.to_timedelta(self.leave[:, column], unit="D"))
        return dates.where(self.leave[:, 1] > self.leave[:, 0])


def organise(scenario: Scenario, rng: np.random.Generator) -> Organisation:
    """Draw the staff of ``scenario``."""
    n = scenario.employees
    department = rng.choice(len(DEPARTMENTS), n, p=_normalised([d.share for d in DEPARTMENTS]))
    second = np.where(rng.random(n) < 0.05, rng.integers(0, len(DEPARTMENTS), n), -1)
    site = rng.choice(len(SITES), n, p=_normalised([s.share for s in SITES]))
    style = _draw_columns(np.array([d.styles for d in DEPARTMENTS])[department], rng)
    team, manager = _form_teams(department, site)
    first_day, leave = _draw_absences(scenario, rng)
    return Organisation(
        departments=np.column_stack([department, np.where(second == department, -1, second)]),
        site=site,
        style=style,
        team=team,
        manager=manager,
        language=(rng.random(n) >= np.array([s.japanese_share for s in SITES])[site]).astype(int),
        has_pc=rng.random(n) < _PC_SHARE[style],
        has_mobile=rng.random(n) < _MOBILE_SHARE[style],
        first_day=first_day,
        leave=leave,
    )


def _normalised(shares: list[float]) -> FloatArray:
    values = np.asarray(shares, float)
    return np.asarray(values / values.sum())


def _draw_columns(probabilities: FloatArray, rng: np.random.Generator) -> IntArray:
    """Draw one column index per row of ``probabilities``."""
    threshold = rng.random((len(probabilities), 1))
    passed = (probabilities.cumsum(axis=1) <= threshold).sum(axis=1)
    return np.asarray(np.minimum(passed, probabilities.shape[1] - 1))


def _form_teams(department: IntArray, site: IntArray) -> tuple[IntArray, IntArray]:
    """Cut departments into teams, people of one site together; return team and manager.

    The first of a team leads it and reports to the first of the department, who reports to
    employee 0.
    """
    employee = np.arange(len(department))
    order = np.lexsort((employee, site, department))
    head_rank = np.searchsorted(department[order], department[order])
    is_first = (employee - head_rank) % _TEAM_SIZE == 0
    team, lead, head = (np.empty_like(employee) for _ in range(3))
    team[order] = np.cumsum(is_first) - 1
    lead = order[is_first][team]
    head[order] = order[head_rank]
    manager = np.where(employee != lead, lead, np.where(employee != head, head, 0))
    manager[0] = -1
    return team, manager


def _draw_absences(scenario: Scenario, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return first days (4 % join during the run) and leaves (3 % are away for a while)."""
    n, days = scenario.employees, scenario.days
    joins = rng.random(n) < 0.04
    joins[0] = False
    away = (rng.random(n) < 0.03) & ~joins
    start = rng.integers(0, days, n)
    end = start + np.where(away, rng.integers(14, 61, n), 0)
    return np.where(joins, rng.integers(1, days, n), 0), np.column_stack([start, end])
