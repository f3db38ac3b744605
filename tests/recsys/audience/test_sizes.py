"""Sizes of audiences: right to ten, and silent about few people."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsys.audience.audience import Audiences
from recsys.audience.rules import RuleError
from recsys.audience.sizes import AudienceSize, estimate
from recsys.errors import DatasetError
from tests.recsys.audience.companies import AT_US, company_of


def _people(**n_by_department: int) -> list[dict[str, Any]]:
    return [
        {"employee_id": f"{department}{i}", "department": department}
        for department, n in n_by_department.items()
        for i in range(n)
    ]


def _size(
    people: list[dict[str, Any]], rule: Any, by: str | None = None, out: range = range(0)
) -> AudienceSize:
    preferences = [
        {"employee_id": people[i]["employee_id"], "personalization_opt_out": True} for i in out
    ]
    catalogue = company_of(employees=people, preferences=preferences)
    return estimate(Audiences(catalogue), catalogue, rule, AT_US, by)


def test_a_hand_worked_audience() -> None:
    people = _people(sales=60, it=30, hr=5)
    for i, person in enumerate(people):
        person["has_pc"] = person["has_mobile"] = i >= 20
        person["active"] = not 30 <= i < 40
        if 40 <= i < 50:
            person["leave_from"], person["leave_until"] = "2026-02-01", "2026-03-02"
    size = _size(people, {"department": ["sales", "it"]}, "department", range(50, 60))
    assert (size.people, size.active, size.reachable, size.unreachable) == (90, 80, 60, 20)
    assert (size.on_leave, size.opted_out) == (10, 10)
    assert [(g.value, g.people) for g in size.groups] == [("sales", 50), ("it", 30)]
    assert (size.message, size.warnings, size.is_suppressed) == (None, (), False)


def test_leave_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    for first, last, expected in (
        ("2026-03-01", "2026-03-02", 20),
        ("2026-02-01", "2026-03-01", None),
        ("2026-03-02", None, None),
        (None, "2026-04-01", None),
        ("2026-02-01", None, 20),
    ):
        people = _people(it=50)
        for person in people[:20]:
            person |= {"leave_from": first, "leave_until": last}
        assert _size(people, {}).on_leave == expected


@pytest.mark.parametrize("n", range(10))
def test_fewer_than_ten_cannot_be_told_from_nobody(n: int) -> None:
    size = _size(_people(it=n, sales=50), {"department": "it"}, "department")
    nobody = _size(_people(sales=50), {"department": "it"}, "department")
    assert size == nobody
    assert size.is_suppressed
    assert "fewer than 10 people" in (size.message or "")
    assert "maybe nobody" in (size.message or "")


@pytest.mark.parametrize("few", range(10))
def test_few_others_cannot_be_told_from_none(few: int) -> None:
    """Of 40 people nearly all can be reached: which of them cannot, and whether any, is hidden."""
    people = _people(it=40)
    for person in people[:few]:
        person |= {"has_pc": False, "has_mobile": False}
    size = _size(people, {})
    assert (size.people, size.active, size.reachable, size.unreachable) == (40, 40, None, None)


def test_a_small_group_hides_the_next_one() -> None:
    size = _size(_people(sales=60, it=30, hr=5), {}, "department")
    assert [g.value for g in size.groups] == ["sales"]  # it is hidden with hr
    size = _size(_people(sales=60, it=30, hr=5, law=6), {}, "department")
    assert [g.value for g in size.groups] == ["sales", "it"]  # eleven others


def test_a_split_by_many_values_is_quick_and_short() -> None:
    people = [{"employee_id": f"e{i}", "team_id": f"t{i // 11}"} for i in range(11 * 600)]
    size = _size(people, {}, "team_id")
    assert len(size.groups) == 500
    assert {group.people for group in size.groups} <= {10, 20}


def test_who_is_known_by_events_only_is_not_counted() -> None:
    catalogue = company_of(employees=_people(it=40))
    for i in range(30):
        catalogue.employees.ids.add(f"stranger{i}")
    assert estimate(Audiences(catalogue), catalogue, {}, AT_US).people == 40


@example([("a", False, False)] + 11 * [("a", True, True)], {})  # all but one, who left
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.booleans(), st.booleans()), min_size=5, max_size=90
    ),
    st.sampled_from([{}, {"department": ["a", "b"]}, {"not": {"department": "a"}}]),
)
def test_numbers_are_tens_near_the_truth_and_never_of_few(
    told: list[tuple[str, bool, bool]], rule: Any
) -> None:
    people = [
        {"employee_id": f"e{i}", "department": d, "has_pc": pc, "has_mobile": pc, "active": active}
        for i, (d, pc, active) in enumerate(told)
    ]
    size = _size(people, rule, "department")
    in_it = {(): "abcd", ("department",): "ab", ("not",): "bcd"}[tuple(rule)]
    meant = [(d, pc, active) for d, pc, active in told if d in in_it]
    truth = {
        "people": len(meant),
        "active": sum(active for *_, active in meant),
        "reachable": sum(pc and active for _, pc, active in meant),
        "unreachable": sum(not pc and active for _, pc, active in meant),
    } | {f"group {x}": sum(active and d == x for d, _, active in meant) for x in "abcd"}
    shown = {name: getattr(size, name) for name in truth if not name.startswith("group")}
    shown |= {f"group {group.value}": group.people for group in size.groups}
    for name, number in shown.items():
        if number is not None:
            assert truth[name] >= 10
            assert number % 10 == 0
            assert abs(number - truth[name]) < 10
    if size.people is not None:
        left = truth["people"] - truth["active"]
        assert size.active is None or not 0 < left < 10
        assert size.reachable is None or truth["unreachable"] + left >= 10


def test_wrong_questions_are_named() -> None:
    people = _people(it=40)
    with pytest.raises(RuleError, match="cannot be 'remote'"):
        _size(people, {"work_style": "remote"})
    with pytest.raises(RuleError, match="no segment 'x'; known: "):
        _size(people, {"segment": "x"})
    with pytest.raises(DatasetError, match="attribute 'flor'; known: department"):
        _size(people, {}, "flor")


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ({"department": "slaes"}, "department 'slaes'; known: sales, it"),
        ({"in": {"department": ["sales", "hr"]}}, "department 'hr'; known: sales, it"),
        ({"flor": 3}, "no employee has an attribute 'flor'; known attributes: department"),
        ({"not": {"floor": {"gt": 20}}}, "a floor in this range; known: 3"),
        ({"badge": "b1"}, "badge 'b1'; known: no value that 10 employees share"),
        ({"any": [{}, {"segment": "watcher"}]}, "are in the segment 'watcher'"),
        ({"mode": "snapshot", "rule": {"site": "x"}}, "site 'x'; known: no value"),
    ],
)
def test_warnings_say_what_hardly_anybody_has(rule: Any, warning: str) -> None:
    people = _people(it=20, sales=30, hr=9)
    for i, person in enumerate(people):
        person |= {"floor": 3 + i // 50, "badge": f"b{i}"}
    (found,) = _size(people, rule).warnings
    assert warning in found


def test_there_is_an_end_to_warnings() -> None:
    found = _size(_people(it=20), {"department": [f"d{i}" for i in range(400)]}).warnings
    assert len(found) == 21
    assert found[-1] == "380 more comparisons that fit hardly anybody"
