"""Columns of a company's own as attributes."""

import json
from typing import Any

import numpy as np
import pytest

from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.employees import EmployeeTable
from recsys.catalogue.extras import MOST_EXTRAS
from recsys.times import NO_TIME


def _table(*uploads: list[dict[str, Any]]) -> EmployeeTable:
    catalogue = Catalogue()
    for rows in uploads:
        frame, rejects = checked_rows("employees", rows)
        assert not rejects
        catalogue.upsert("employees", frame, valid_from=NO_TIME)
    return catalogue.employees


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", "3"), (3, "3"), (3.0, "3"), (2.5, "2.5"), (True, "true"), (False, "false"),
        (["a", "b"], "a;b"), ([1, None, "b"], "1;b"), (2**70, str(2**70)), (-0.0, "0"),
        ({"city": "x"}, None), ([["a"]], None), ([], None), (None, None), ("", None),
        ("x" * 501, None), ("日本", "日本"), ("a;b", "a;b"),
    ],
)  # fmt: skip
def test_values_become_texts_as_rules_write_them(value: object, expected: str | None) -> None:
    table = _table([{"employee_id": "e", "own": value, "site": "a"}])
    assert table.attributes(0) == {"site": "a"} | ({} if expected is None else {"own": expected})
    assert table.text("own", 0) == (expected or "")


def test_attributes_come_and_go_with_the_versions_that_have_them() -> None:
    table = _table(
        [{"employee_id": "e", "floor": 1}, {"employee_id": "f", "site": "a"}],
        [{"employee_id": "g", "car": "yes"}, {"employee_id": "f", "floor": 1, "car": None}],
        [{"employee_id": "e", "floor": 2}],
    )
    versions = [table.version_at(table.ids.index(name), 0) for name in "efg"]
    assert [table.attributes(v) for v in versions] == [
        {"floor": "2"},
        {"floor": "1"},
        {"car": "yes"},
    ]
    assert table.text("floor", -1) == table.text("nothing", 0) == ""
    assert table.codes("nothing", np.array([0, 1, -1])).tolist() == [-1, -1, -1]


def test_names_have_an_end() -> None:
    row = {"employee_id": "e"} | {f"n{i:03}": "x" for i in range(MOST_EXTRAS + 50)}
    table = _table([row], [{"employee_id": "f", "late": "x", "n001": "y"}])
    names = set(table.attributes(table.version_at(0, 0)))
    assert len(names) == MOST_EXTRAS
    assert names == {f"n{i:03}" for i in range(MOST_EXTRAS)}
    assert table.attributes(table.version_at(1, 0)) == {"n001": "y"}


def test_a_declared_column_cannot_be_brought_a_second_time() -> None:
    own = json.dumps({"site": "b", "active": "no", "floor": "3"})
    table = _table([{"employee_id": "e", "site": "a", "attributes": own}])
    assert table.attributes(0) == {"site": "a", "floor": "3"}


def test_leave_is_text_that_orders_as_time_does() -> None:
    table = _table(
        [
            {
                "employee_id": "e",
                "leave_from": "2026-03-01",
                "leave_until": "2026-03-31T18:00:00+09:00",
            }
        ]
    )
    assert table.attributes(0) == {
        "leave_from": "2026-03-01", "leave_until": "2026-03-31T09:00:00Z",
    }  # fmt: skip
