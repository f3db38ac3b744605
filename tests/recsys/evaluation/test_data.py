from datetime import UTC, datetime

import numpy as np
import pandas as pd

from recsys.dataset.dataset import Dataset, canonical_dtypes
from recsys.evaluation.data import prepare
from recsys.ids import IdMap
from recsys.schema import TABLES
from recsys.times import NO_TIME, to_micros

_MAY = datetime(2026, 5, 1, tzinfo=UTC)


def _frame(table: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    dtypes = canonical_dtypes(TABLES[table])
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=d) for name, d in dtypes.items()}
    )


def _event(kind: str, employee: str, content: str | None, day: int) -> dict[str, object]:
    at = datetime(2026, 4, day, tzinfo=UTC)
    return {
        "event_id": f"{kind}{employee}{day}",
        "event_type": kind,
        "employee_id": employee,
        "content_id": content,
        "occurred_at": at,
    }


def _dataset() -> Dataset:
    version: dict[str, object] = {"employee_id": "anna", "department": "sales", "valid_from": None}
    return Dataset(
        {
            "employees": _frame(
                "employees",
                [
                    version,
                    version
                    | {"department": "plant", "valid_from": datetime(2026, 4, 1, tzinfo=UTC)},
                    version
                    | {"department": "board", "valid_from": datetime(2026, 6, 1, tzinfo=UTC)},
                    {
                        "employee_id": "ben",
                        "department": "lab",
                        "valid_from": datetime(2026, 6, 1, tzinfo=UTC),
                    },
                ],
            ),
            "contents": _frame(
                "contents",
                [
                    {"content_id": "c1", "title": "t", "published_at": _MAY, "topics": "x;y"},
                    {"content_id": "c2", "title": "t", "published_at": _MAY, "language": "ja"},
                ],
            ),
            "events": _frame(
                "events",
                [
                    _event("impression", "anna", "c1", 1),
                    _event("open", "anna", "c2", 2),
                    _event("follow", "anna", "c2", 3),
                    _event("newsletter_click", "stranger", None, 4),
                    _event("open", "stranger", "c1", 5),
                    _event("open", "anna", "parked", 6),
                    _event("like", "ben", "c1", 7),
                ],
            ),
        }
    )


def test_interactions_attributes_and_departments() -> None:
    data = prepare(_dataset(), train_until=_MAY)
    assert list(data.employees.ids) == ["anna", "ben", "stranger"]
    assert data.log.employee.tolist() == [0, 2, 1]
    assert data.log.content.tolist() == [1, 0, 0]
    assert data.log.occurred_at[0] == to_micros(datetime(2026, 4, 2, tzinfo=UTC))
    assert [data.departments.id(i) for i in data.department[:2]] == ["plant", "lab"]
    assert data.department[2] == -1
    assert data.published_at.tolist() == [to_micros(_MAY)] * 2
    assert data.content_attributes.toarray().tolist() == [[1, 1], [0, 0]]
    assert data.employee_attributes.shape == (3, 2)
    assert np.diff(data.employee_attributes.indptr).tolist() == [1, 1, 0]


def test_maps_of_the_caller_keep_their_numbers() -> None:
    employees, contents = IdMap(["zoe", "ben"]), IdMap(["c2", "old"])
    data = prepare(_dataset(), train_until=_MAY, employees=employees, contents=contents)
    assert data.employees is employees
    assert list(employees.ids) == ["zoe", "ben", "anna", "stranger"]
    assert list(contents.ids) == ["c2", "old", "c1"]
    assert data.published_at.tolist() == [to_micros(_MAY), NO_TIME, to_micros(_MAY)]
    assert data.department[0] == -1


def test_an_empty_data_set_is_no_error() -> None:
    data = prepare(Dataset(), train_until=_MAY)
    assert len(data.log) == 0
    assert data.employee_attributes.shape == (0, 0)
