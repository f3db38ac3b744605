"""Numbers of a funnel add up, none below ten is shown, and none can be computed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from recsys.reach.fates import CAUSES, FATES, NOT_DELIVERABLE, STAGES, Codes
from recsys.reach.funnel import COLUMNS, Funnel, Groups, draw_funnel, groups_of
from recsys.reach.sheet import Sheet
from tests.recsys.reach.conftest import state_of

OPENED = STAGES[2:]


def codes_of(counts: dict[str, int]) -> Codes:
    return np.repeat([FATES.index(f) for f in counts], list(counts.values())).astype(np.int8)


def test_a_funnel_by_hand() -> None:
    counts = dict.fromkeys(FATES, 10) | {"delivered": 40, "seen": 30, "opened": 20}
    people = sum(counts.values())
    half = np.arange(people) % 2
    funnel = draw_funnel(codes_of(counts), {"department": Groups(("a", "b"), half)}, k=1)
    assert funnel.audience == people == 180
    assert [(s.furthest, s.at_least) for s in funnel.stages] == [
        (40, 110), (30, 70), (20, 40), (10, 20), (10, 10),
    ]  # fmt: skip
    assert funnel.not_reached == dict.fromkeys(CAUSES, 10)
    assert (funnel.not_deliverable, funnel.not_delivered) == (40, 70)
    for row in funnel.by["department"]:
        assert (row.people, row.opened, row.seen, row.delivered, row.not_delivered) == (
            90, 20, 15, 20, 35,
        )  # fmt: skip


def test_nobody_is_said_only_of_what_is_no_secret() -> None:
    codes = codes_of({"opened": 40, "seen": 30})
    known = {"on_leave", "no_device", "muted", "language"}
    funnel = draw_funnel(codes, {}, known)
    assert {cause: n for cause, n in funnel.not_reached.items() if n == 0} == dict.fromkeys(
        known, 0
    )
    assert funnel.not_deliverable == 0
    assert draw_funnel(codes, {}).not_reached["on_leave"] is None


def test_a_small_audience_tells_nothing() -> None:
    funnel = draw_funnel(codes_of({"opened": 9}), {"department": Groups(("a",), np.zeros(9, int))})
    assert funnel.audience is None
    assert {s.furthest for s in funnel.stages} | {s.at_least for s in funnel.stages} == {None}
    assert set(funnel.not_reached.values()) == {None}
    assert funnel.by == {}


def shown(funnel: Funnel) -> dict[Any, int | None]:
    """Return all numbers of a funnel by a key of our own."""
    found: dict[Any, int | None] = {("all",): funnel.audience}
    for s in funnel.stages:
        found["fate", s.stage] = s.furthest
        found["from", s.stage] = s.at_least
    found |= {("fate", cause): n for cause, n in funnel.not_reached.items()}
    found["sum", "not_deliverable"] = funnel.not_deliverable
    found["sum", "not_delivered"] = funnel.not_delivered
    for attribute, rows in funnel.by.items():
        for place, row in enumerate(rows):
            found[attribute, place] = row.people
            found |= {(attribute, place, c): getattr(row, c) for c in COLUMNS}
    return found


def meaning(key: Any, n_groups: dict[str, int]) -> set[tuple[str, str, int]]:
    """Return which cells (attribute, column or fate, group) a number adds up, for the oracle."""
    match key:
        case ("all",):
            return {("fate", f, 0) for f in FATES}
        case ("fate", fate):
            return {("fate", fate, 0)}
        case ("from", stage):
            return {("fate", s, 0) for s in STAGES[STAGES.index(stage) :]}
        case ("sum", name):
            return {("fate", c, 0) for c in (NOT_DELIVERABLE if "able" in name else CAUSES)}
        case (attribute, place):
            return {(attribute, c, place) for c in COLUMNS}
        case (attribute, place, column):
            return {(attribute, column, place)}
    raise AssertionError(key)


def columns_of(fate: str) -> str:
    return "opened" if fate in OPENED else fate if fate in STAGES else "not_delivered"


@given(
    st.lists(st.tuples(st.sampled_from(FATES), st.integers(0, 2), st.integers(0, 1),
                       st.integers(1, 25)), min_size=1, max_size=14)
)  # fmt: skip
@settings(max_examples=8)
def test_nothing_small_is_shown_or_follows(rows: list[tuple[str, int, int, int]]) -> None:
    many = [n for *_, n in rows]
    codes = np.repeat([FATES.index(f) for f, *_ in rows], many).astype(np.int8)
    groups = {
        "department": Groups(("a", "b", None), np.repeat([d for _, d, *_ in rows], many)),
        "work_style": Groups(("desk", None), np.repeat([w for _, _, w, _ in rows], many)),
    }
    funnel = draw_funnel(codes, groups)
    found = shown(funnel)
    assert all(n is None or n >= 10 for n in found.values())
    if funnel.audience is None:
        return
    # Oracle: linear programming over the cells themselves instead of the totals.
    sizes = {name: len(g.names) for name, g in groups.items()}
    cells = [("fate", f, 0) for f in FATES]
    cells += [(a, c, g) for a, n in sizes.items() for c in COLUMNS for g in range(n)]
    place = {cell: i for i, cell in enumerate(cells)}
    lines, values = [], []
    for key, value in found.items():
        if value is not None:
            lines.append([float(cell in meaning(key, sizes)) for cell in cells])
            values.append(float(value))
    for attribute, n in sizes.items():
        for column in COLUMNS:
            line = [0.0] * len(cells)
            for fate in FATES:
                line[place["fate", fate, 0]] = float(columns_of(fate) == column)
            for group in range(n):
                line[place[attribute, column, group]] = -1.0
            lines.append(line)
            values.append(0.0)
    for key, value in found.items():
        if value is None:
            wanted = np.array([float(cell in meaning(key, sizes)) for cell in cells])
            low = linprog(wanted, A_eq=lines, b_eq=values, bounds=(0, 1000)).fun
            high = -linprog(-wanted, A_eq=lines, b_eq=values, bounds=(0, 1000)).fun
            assert high - low > 0.5, key


def test_small_groups_are_put_together_and_the_others_come_last() -> None:
    sizes = {"a": 12, "b": 30, "c": 9, "d": 1}
    people = [
        {"employee_id": f"{name}{i}", "department": name}
        for name, n in sizes.items()
        for i in range(n)
    ]
    people.append({"employee_id": "x"})
    table = state_of(people, []).catalogue.employees
    versions = np.arange(len(people))
    groups = groups_of(table, "department", np.append(versions, -1))
    assert groups.names == ("b", "a", None)
    assert np.bincount(groups.code).tolist() == [30, 12, 12]
    assert groups_of(table, "department", versions[:12]).names == ("a",)
    assert groups_of(table, "site", versions).names == (None,)


def test_a_sheet_takes_a_total_that_is_there() -> None:
    sheet = Sheet()
    for key, count in (("a", 30), ("b", 4), ("x", 20), ("y", 14)):
        sheet.put(key, count)
    sheet.add_up("all", ["a", "b", "nothing of this"])
    sheet.add_up("all", ["x", "y"])
    sheet.add_up("nothing", ["nothing of this"])
    assert sheet.shown() == {"a": None, "b": None, "x": 20, "y": 14, "all": 34}
    assert sheet.shown(k=1) == {"a": 30, "b": 4, "x": 20, "y": 14, "all": 34}


@pytest.mark.parametrize("n", [0, 30])
def test_an_audience_of_nobody_or_of_one_fate(n: int) -> None:
    funnel = draw_funnel(codes_of({"opened": n}), {"department": Groups((), np.zeros(0, int))}
                         if n == 0 else {})  # fmt: skip
    assert funnel.audience == (n or None)
