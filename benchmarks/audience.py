"""How long audience rules take: a thousand over 100,000 employees, beside pandas.

Run ``python -m benchmarks.audience``. Both must mean the same people; pandas evaluates fewer rules,
as expressions that a reader of its manual would write, and the table gives milliseconds a rule.
"""

import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.audience.audience import Audiences
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.times import NO_TIME, to_micros

__all__: list[str] = []

_N_EMPLOYEES, _N_RULES, _N_PANDAS, _N_CONTENTS = 100_000, 1_000, 50, 10_000
_SEED = 1
_AT = datetime(2026, 5, 1, tzinfo=UTC)
_FREQUENT = 40  # different comparisons of each kind: a company targets the same groups again

Drawn = tuple[dict[str, Any], Callable[[pd.DataFrame], "pd.Series[bool]"], str]
"""A rule, the same as a pandas mask, and as a pandas query."""


def main() -> None:
    """Print a line per task."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; seed {_SEED}; {_N_EMPLOYEES:,} employees, {_N_RULES:,} rules, one thread")
    rng = np.random.default_rng(_SEED)
    people, catalogue = _company(rng)
    audiences, at = Audiences(catalogue), to_micros(_AT)
    for name, alike in (("of frequent comparisons", True), ("without equal comparisons", False)):
        drawn = [_rule(rng, alike=alike) for _ in range(_N_RULES)]
        audiences.population(at)  # compiles
        begin, busy = time.perf_counter(), time.thread_time()
        now = audiences.population(at)
        masks = [audiences.people(audiences.compile(rule), now) for rule, _, _ in drawn]
        taken, busy = time.perf_counter() - begin, time.thread_time() - busy
        print(f"{name}: {taken:.2f} s in all (target < 1), {busy:.2f} s of it at work")
        _compare(people, drawn[:_N_PANDAS], masks)
    _one_person(catalogue, audiences, at)


def _company(rng: np.random.Generator) -> tuple[pd.DataFrame, Catalogue]:
    def some(letter: str, n: int) -> "npt.NDArray[np.str_]":
        return np.array([f"{letter}{i}" for i in range(n)])[rng.integers(0, n, _N_EMPLOYEES)]

    months = [f"{year}-{month:02}" for year in range(1990, 2026) for month in range(1, 13)]
    people = pd.DataFrame(
        {
            "employee_id": [f"e{i}" for i in range(_N_EMPLOYEES)],
            "department": some("d", 40), "team_id": some("t", 5_000), "site": some("s", 30),
            "hire_month": np.array(months)[rng.integers(0, len(months), _N_EMPLOYEES)],
            "has_pc": rng.random(_N_EMPLOYEES) < 0.8,
            "floor": rng.integers(1, 30, _N_EMPLOYEES),
        }
    )  # fmt: skip
    catalogue = Catalogue()
    begin = time.perf_counter()
    frame = checked_rows("employees", people)[0]
    checked = time.perf_counter() - begin
    catalogue.upsert("employees", frame, valid_from=NO_TIME)
    taken = time.perf_counter() - begin - checked
    print(f"taking in the employees: {checked:.2f} s to check, {taken:.2f} s to insert")
    return people, catalogue


def _rule(rng: np.random.Generator, *, alike: bool) -> Drawn:
    own = np.random.default_rng(int(rng.integers(_FREQUENT))) if alike else rng
    departments = [f"d{i}" for i in own.integers(0, 40, 4)]
    teams = [f"t{i}" for i in own.integers(0, 5_000, 20)]
    month, site = f"{rng.integers(1990, 2026)}-04", f"s{rng.integers(30)}"
    floor = int(rng.integers(1, 30))
    rule = {
        "all": [
            {"department": departments},
            {"any": [{"hire_month": {"gte": month}}, {"site": site}]},
            {"not": {"any": [{"team_id": teams}, {"floor": {"lt": floor}, "has_pc": False}]}},
        ]
    }
    query = (
        f"department in {departments} and (hire_month >= {month!r} or site == {site!r}) and not "
        f"(team_id in {teams} or (floor < {floor} and has_pc == False))"
    )

    def mask(p: pd.DataFrame) -> "pd.Series[bool]":
        either = (p["hire_month"] >= month) | (p["site"] == site)
        without = p["team_id"].isin(teams) | ((p["floor"] < floor) & ~p["has_pc"])
        return p["department"].isin(departments) & either & ~without

    return rule, mask, query


def _compare(people: pd.DataFrame, drawn: list[Drawn], masks: list[npt.NDArray[np.bool_]]) -> None:
    begin = time.perf_counter()
    by_mask = [mask(people).to_numpy() for _, mask, _ in drawn]
    masked = time.perf_counter() - begin
    begin = time.perf_counter()
    by_query = [people.query(query).index.to_numpy() for _, _, query in drawn]
    queried = time.perf_counter() - begin
    for ours, other, rows in zip(masks, by_mask, by_query, strict=False):
        np.testing.assert_array_equal(ours, other)
        np.testing.assert_array_equal(np.flatnonzero(ours), rows)
    per_mask, per_query = 1e3 * masked / len(drawn), 1e3 * queried / len(drawn)
    print(f"  pandas {pd.__version__}: masks {per_mask:.1f} ms a rule, query {per_query:.1f} ms")


def _one_person(catalogue: Catalogue, audiences: Audiences, at: int) -> None:
    """Print what one employee's feed pays for audiences among many live contents."""
    rows = [{"content_id": f"c{i}", "title": "t", "published_at": _AT} for i in range(_N_CONTENTS)]
    catalogue.upsert("contents", checked_rows("contents", rows)[0], valid_from=NO_TIME)
    contents = np.arange(_N_CONTENTS, dtype=np.int32)
    print(f"one employee, {_N_CONTENTS:,} contents: {_micros(audiences, at, contents):.0f} µs")
    for row in rows[::100]:
        row["audience"] = {"department": [f"d{int(str(row['content_id'])[1:]) % 40}"]}
    catalogue.upsert("contents", checked_rows("contents", rows)[0], valid_from=NO_TIME)
    print(f"  one of a hundred with a rule: {_micros(audiences, at, contents):.0f} µs")


def _micros(audiences: Audiences, at: int, contents: npt.NDArray[np.int32]) -> float:
    """Return the median over employees, none of whom was asked about before."""
    taken = []
    for employee in range(200):
        begin = time.perf_counter()
        audiences.includes(employee, at, contents)
        taken.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(taken))


if __name__ == "__main__":
    main()
