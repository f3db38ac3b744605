"""Known limits follow from the data, and none is claimed where nothing is missing."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import frame_of, validate
from recsys.evaluation.bootstrap import Estimates
from recsys.evaluation.summary import Slice, Summary
from recsys.schema import TABLES
from training.limits import known_limits
from training.material import Material

_START = datetime(2026, 1, 1, tzinfo=UTC)
_UNTIL = _START + timedelta(days=9)


def _tables() -> dict[str, list[dict[str, Any]]]:
    """Return a company about which everything is known."""
    event = {"employee_id": "e0", "content_id": "c0", "occurred_at": _START}
    return {
        "employees": [{"employee_id": f"e{i}", "department": "sales"} for i in range(4)],
        "contents": [
            {"content_id": f"c{i}", "title": "t", "body": "more", "language": language,
             "published_at": _START}
            for i, language in enumerate(("ja", "en"))
        ],
        "renditions": [
            {"rendition_id": f"r{i}", "content_id": "c0", "format": name}
            for i, name in enumerate(("video", "article"))
        ],
        "events": [
            event | {"event_id": "1", "event_type": "impression", "rendition_propensity": 0.5},
            event | {"event_id": "2", "event_type": "read"},
        ],
    }  # fmt: skip


def _limits(tables: dict[str, list[dict[str, Any]]], n_targets: int = 900) -> list[str]:
    frames = {name: validate(TABLES[name], frame_of(rows)).frame for name, rows in tables.items()}
    material = Material(Dataset(frames), _START, _UNTIL - timedelta(days=2), _UNTIL)
    figure = Estimates(np.array([[0.5]]), np.array([[0.44]]), np.array([[0.56]]))
    overall = Slice("overall", n_targets, 4, figure)
    none = Estimates(*(np.zeros((0, 1)) for _ in range(3)))
    return known_limits(material, Summary(("recsys",), ("ndcg@10",), overall, (), none, 0))


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert _limits(_tables()) == []


@pytest.mark.parametrize(
    ("table", "column", "values", "said"),
    [
        ("events", "event_type", ["open", "read"], "No impression was logged"),
        ("events", "rendition_propensity", [None, None], "preferred topic in disguise"),
        ("renditions", "format", ["video", "video"], r"\(all renditions are of the format video\)"),
        ("employees", "department", [None, " ", "", None], "No department is known"),
        ("employees", "department", ["x", None, None, None], "department of only 25% of the"),
        ("contents", "body", [None, " "], "Only 0% of the contents have more text than a title"),
        ("contents", "language", [None, None], "The language of no content is known"),
        ("contents", "language", ["ja", None], r"in one language \(ja\)"),
    ],
)
def test_what_is_missing_is_said(table: str, column: str, values: list[Any], said: str) -> None:
    tables = _tables()
    tables[table] = [
        row | {column: value} for row, value in zip(tables[table], values, strict=True)
    ]
    (limit,) = _limits(tables)
    assert re.search(said, limit), limit


def test_events_after_the_end_tell_nothing() -> None:
    tables = _tables()
    tables["events"][0]["occurred_at"] = _UNTIL
    assert any("No impression" in limit for limit in _limits(tables))


def test_without_renditions_there_is_no_format() -> None:
    (limit,) = _limits({name: rows for name, rows in _tables().items() if name != "renditions"})
    assert "(no renditions)" in limit


def test_few_choices_are_told_with_what_they_are_worth() -> None:
    (limit,) = _limits(_tables(), n_targets=60)
    assert limit == "The figures rest on only 60 choices: NDCG@10 is known to about ±0.06"
