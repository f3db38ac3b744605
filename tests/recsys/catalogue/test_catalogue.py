from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.contents import MAX_TOPICS
from recsys.catalogue.renditions import expected_seconds
from recsys.schema import FORMATS
from recsys.times import DAY_US, NO_TIME, to_micros

_AT = datetime(2026, 3, 1, tzinfo=UTC)


def _catalogue(**tables: list[dict[str, Any]]) -> Catalogue:
    catalogue = Catalogue()
    for table, rows in tables.items():
        catalogue.upsert(table, checked_rows(table, rows)[0], valid_from=NO_TIME)
    return catalogue


def _content(content_id: str, **more: Any) -> dict[str, Any]:  # any column
    return {"content_id": content_id, "title": "x", "published_at": _AT} | more


@given(
    st.dictionaries(st.text("ab\u0001人", min_size=1, max_size=4), st.integers(0, 3), max_size=12)
)
def test_live_contents_come_newest_first_then_by_id(days: dict[str, int]) -> None:
    rows = [
        _content(content_id, published_at=datetime(2026, 3, 1 + day, tzinfo=UTC))
        for content_id, day in days.items()
    ]
    accepted, rejects = checked_rows("contents", rows)
    catalogue = Catalogue()
    catalogue.upsert("contents", accepted, valid_from=NO_TIME)
    at = to_micros(datetime(2026, 3, 3, tzinfo=UTC))
    found = [catalogue.contents.ids.id(i) for i in catalogue.contents.live(at).tolist()]
    kept = set(accepted["content_id"])
    expected = sorted((c for c in kept if days.get(c, 9) <= 2), key=lambda c: (-days[c], c))
    assert [c for c in found if c in days] == expected
    assert len(kept) + len(rejects) == len(days)


def test_the_version_valid_at_a_moment_is_used_and_the_first_also_before() -> None:
    versions = [{"employee_id": "e", "department": d, "valid_from": f"2026-03-0{n}"}
                for n, d in ((5, "late"), (2, "early"), (3, "middle"))]  # fmt: skip
    employees = _catalogue(employees=[*versions, {"employee_id": "f", "department": "x"}]).employees
    days = np.array([to_micros(_AT) + n * DAY_US for n in range(6)])
    rows = employees.versions_at(np.zeros(6, np.int32), days)
    names = [employees.values["department"].id(c) for c in employees.codes("department", rows)]
    assert names == ["early", "early", "middle", "middle", "late", "late"]
    assert employees.version_at(7, 0) == employees.version_at(-1, 0) == -1
    assert employees.codes("department", np.array([-1])).tolist() == [-1]


def test_flags_are_attributes_as_rules_write_them() -> None:
    employees = _catalogue(
        employees=[{"employee_id": "e", "has_pc": True, "active": False}]
    ).employees
    assert employees.attributes(0) == {"has_pc": "true", "active": "false"}


def test_events_without_a_rendition_count_for_the_only_one() -> None:
    """None: article. One: it. Several: nobody knows, unless the event says which."""
    forms = [("one", "a", "video"), ("two", "b", "audio"), ("three", "b", "video")]
    catalogue = _catalogue(
        contents=[_content("a"), _content("b"), _content("c")],
        renditions=[{"rendition_id": r, "content_id": c, "format": f} for r, c, f in forms],
    )
    events = [
        {"event_id": f"{n}", "event_type": "open", "employee_id": "e", "occurred_at": _AT,
         "content_id": content, "rendition_id": rendition}
        for n, (content, rendition) in enumerate(
            [("a", None), ("b", None), ("b", "two"), ("c", None), ("a", "lost"), ("b", "lost")]
        )
    ]  # fmt: skip
    columns = catalogue.encode(checked_rows("events", events)[0])
    codes = catalogue.renditions.formats(columns.rendition, columns.content)
    assert [FORMATS[c] if c >= 0 else None for c in codes.tolist()] == [
        "video", None, "audio", "article", "video", None,
    ]  # fmt: skip
    assert np.isnan(catalogue.renditions.expected_seconds(columns.rendition)).all()


def test_a_rendition_can_move_to_another_content() -> None:
    catalogue = _catalogue(contents=[_content("a"), _content("b")])
    for content in ("a", "b"):
        row = {"rendition_id": "r", "content_id": content, "format": "video"}
        catalogue.upsert("renditions", checked_rows("renditions", [row])[0], valid_from=NO_TIME)
    assert [r.rendition_id for r in catalogue.renditions.of(0)] == [""]
    assert [r.rendition_id for r in catalogue.renditions.of(1)] == ["r"]


@pytest.mark.parametrize(
    ("words", "duration", "seconds"),
    [(240, np.nan, 60), (240, 90, 90), (np.nan, 90, 90), (np.nan, np.nan, np.nan), (0, np.nan, 0)],
)
def test_reading_takes_a_minute_for_240_words(
    words: float, duration: float, seconds: float
) -> None:
    expected = expected_seconds(np.array([words], np.float32), np.array([duration], np.float32))
    np.testing.assert_array_equal(expected, np.array([seconds], np.float32))


def test_topics_beyond_the_sixth_do_not_enter() -> None:
    catalogue = _catalogue(contents=[_content("a", topics=[f"t{n}" for n in range(9)])])
    assert catalogue.contents.topics.tolist() == [list(range(MAX_TOPICS))]


def test_of_several_upserts_the_last_is_kept_whatever_their_sizes() -> None:
    catalogue = Catalogue()
    for size in (5, 1, 1, 3, 1, 2):
        rows = [_content(f"c{n}", title=f"size {size}") for n in range(size)]
        catalogue.upsert("contents", checked_rows("contents", rows)[0], valid_from=NO_TIME)
    titles = catalogue.frames()["contents"].set_index("content_id")["title"].to_dict()
    assert titles == {
        "c0": "size 2",
        "c1": "size 2",
        "c2": "size 3",
        "c3": "size 5",
        "c4": "size 5",
    }


def test_somebody_is_on_leave_from_its_first_day_until_before_its_last() -> None:
    days = [("2026-03-05", "2026-03-09"), ("2026-03-05", None), (None, "2026-03-09"), (None, None)]
    rows = [
        {"employee_id": f"e{i}", "leave_from": start, "leave_until": end}
        for i, (start, end) in enumerate(days)
    ]
    table = _catalogue(employees=rows).employees
    versions = np.array([0, 1, 2, 3, -1])
    found = {
        day: table.on_leave(versions, to_micros(datetime(2026, 3, day, tzinfo=UTC))).tolist()
        for day in (4, 5, 8, 9)
    }
    assert found[4] == [False, False, True, False, False]
    assert found[5] == found[8] == [True, True, True, False, False]
    assert found[9] == [False, True, False, False, False]
    assert Catalogue().employees.on_leave(np.array([-1]), 0).tolist() == [False]
