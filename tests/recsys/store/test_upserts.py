"""Upserts by hand: rows in, rows to write out."""

from datetime import UTC, datetime

from recsys.dataset.dataset import empty_frame
from recsys.schema import TABLES
from recsys.store.rows import Row, to_columns
from recsys.store.tables import stored_columns
from recsys.store.upserts import keyed, plan, with_valid_from

EMPLOYEES = TABLES["employees"]


def person(department: str, valid_from: int | None, employee_id: str = "e") -> Row:
    given = {"employee_id": employee_id, "department": department, "valid_from": valid_from}
    return tuple(given.get(column.name) for column in stored_columns(EMPLOYEES))


def test_plan_counts_and_orders() -> None:
    rows: list[tuple[str, Row]] = [("a", (1,)), ("b", (2,)), ("a", (3,)), ("c", (4,)), ("a", (3,))]
    todo = plan(rows, {"b": (2,), "c": (0,)})
    assert todo.changed == [("a", (1,)), ("a", (3,)), ("c", (4,))]
    assert (todo.inserted, todo.updated, todo.unchanged) == (1, 2, 2)


def test_plan_of_nothing() -> None:
    assert plan([], {"a": (1,)}).changed == []


def test_rows_without_a_key_are_told_apart_by_counting() -> None:
    rows: list[Row] = [("s", 1.0), ("s", 2.0), ("s", 1.0)]
    keys = [key for key, _ in keyed(TABLES["survey_answers"], rows)]
    assert keys == [(rows[0], 1), (rows[1], 1), (rows[0], 2)]


def test_a_key_is_the_declared_columns() -> None:
    assert list(keyed(EMPLOYEES, [person("a", 5)])) == [(("e", 5), person("a", 5))]


def test_undated_versions_by_hand() -> None:
    stored = [person("a", 10), person("b", 20), person("c", 40)]

    def dated(*rows: Row, at: int) -> list[Row]:
        return list(with_valid_from(rows, stored, at))

    assert dated(person("b", None), at=30) == [person("b", 20)]  # repeats the one in force
    assert dated(person("a", None), at=30) == [person("a", 30)]  # an earlier one is not in force
    assert dated(person("c", None), at=30) == [person("c", 30)]  # nor is a later one
    assert dated(person("c", None), at=40) == [person("c", 40)]  # in force from its first moment
    assert dated(person("a", None), at=5) == [person("a", 5)]  # nothing was in force yet
    assert dated(person("b", None, "f"), at=30) == [person("b", 30, "f")]
    assert dated(person("z", 7), at=30) == [person("z", 7)]
    follow = dated(person("z", 25), person("z", None), person("b", None), at=30)
    assert follow == [person("z", 25), person("z", 25), person("b", 30)]


def test_times_are_microseconds() -> None:
    """Guards the unit the rows above leave open."""
    frame = empty_frame(EMPLOYEES)
    frame.loc[0, "employee_id"] = "e"
    frame.loc[0, "valid_from"] = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    place = EMPLOYEES.column_names.index("valid_from")
    assert to_columns(EMPLOYEES, frame)[place] == [1_000_000]
