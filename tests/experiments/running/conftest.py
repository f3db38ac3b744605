"""A company of some teams, in a database, and experiments in it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.running.definition import Definition, Guardrail, Variant
from experiments.running.lifecycle import Experiments
from recsys.dataset.dataset import Dataset, canonical_dtypes
from recsys.schema import TABLES
from recsys.store.database import Database
from recsys.store.experiment_store import ExperimentStore
from recsys.store.migration import migrate

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HALVES = (Variant("a", 0.5), Variant("b", 0.5, parameters={"colour": "green"}))


def design(**columns: Any) -> Definition:
    """An experiment of two halves; ``columns`` replace what it has."""
    given: dict[str, Any] = {
        "key": "digest", "hypothesis": "More is opened.", "variants": HALVES, "primary": "opens",
    }  # fmt: skip
    return Definition(**(given | columns))


GUARDED = {"guardrails": (Guardrail("opens"),), "primary": "completions"}


def frame(table: str, rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in rows], dtype=object).astype(dtype)  # type: ignore[call-overload]  # a type known at run time only
            for name, dtype in canonical_dtypes(TABLES[table]).items()
        }
    )


def person(number: int) -> dict[str, object]:
    return {
        "employee_id": f"e{number:03d}", "team_id": f"t{number % 24:02d}",
        "department": f"d{number % 3}", "site": ("tokyo", "osaka")[number % 2],
        "work_style": "desk", "active": True, "valid_from": NOW - timedelta(days=100),
    }  # fmt: skip


def event(number: int, who: str, kind: str, at: datetime, **columns: object) -> dict[str, object]:
    return {
        "event_id": f"v{number}", "event_type": kind, "employee_id": who, "occurred_at": at,
        "received_at": at, "surface": "portal", "content_id": "c0",
    } | columns  # fmt: skip


def company(
    events: Sequence[dict[str, object]] = (), n: int = 240, **people: dict[str, object]
) -> Dataset:
    """Employees, three contents and events; ``people`` replaces columns by employee id."""
    employees = [person(i) for i in range(n)]
    employees = [one | people.get(str(one["employee_id"]), {}) for one in employees]
    contents: list[dict[str, object]] = [
        {
            "content_id": f"c{i}", "title": "x", "published_at": NOW - timedelta(days=5),
            "author_id": f"author{i}", "owner_department": f"d{i}", "ack_required": i == 1,
            "topics": ("safety;food", "food", "")[i], "content_type": "news",
        }
        for i in range(3)
    ]  # fmt: skip
    return Dataset(
        {
            "employees": frame("employees", employees), "contents": frame("contents", contents),
            "events": frame("events", events),
        }
    )  # fmt: skip


@pytest.fixture
def new_experiments(tmp_path: Path) -> Iterator[Callable[[], Experiments]]:
    with closing(Database(f"sqlite:///{tmp_path}/x.db")) as database:
        migrate(database)
        yield lambda: Experiments(ExperimentStore(database), tmp_path)


@pytest.fixture
def experiments(new_experiments: Callable[[], Experiments]) -> Experiments:
    return new_experiments()
