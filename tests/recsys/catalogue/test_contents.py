"""Which contents are live, and where each stands in the stream of news."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.borders import checked_rows
from recsys.catalogue.contents import ContentTable
from recsys.times import HOUR_US, to_micros

_START = datetime(2026, 3, 1, tzinfo=UTC)
_START_US = to_micros(_START)


def _content(content_id: str, hour: int, **more: Any) -> dict[str, Any]:
    return {"content_id": content_id, "title": "x", "published_at": _hour(hour)} | more


def _hour(hour: int) -> str:
    return f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"


def _us(hour: int) -> int:
    return _START_US + hour * HOUR_US


def _upsert(table: ContentTable, *rows: dict[str, Any]) -> ContentTable:
    accepted, rejects = checked_rows("contents", list(rows))
    assert not rejects
    table.upsert(accepted)
    return table


def _table(*rows: dict[str, Any]) -> ContentTable:
    return _upsert(ContentTable(), *rows)


def _live(table: ContentTable, at: int) -> list[str]:
    return [table.ids.id(index) for index in table.live(at).tolist()]


def _steps(table: ContentTable) -> dict[str, int]:
    return dict(zip(table.ids.ids, table.steps.tolist(), strict=True))


@pytest.mark.parametrize(
    ("microseconds", "live"),
    [(_us(2) - 1, []), (_us(2), ["a"]), (_us(5) - 1, ["a"]), (_us(5), []), (_us(5) + 1, [])],
)
def test_a_content_is_live_from_its_publication_until_just_before_it_expires(
    microseconds: int, live: list[str]
) -> None:
    assert _live(_table(_content("a", 2, expires_at=_hour(5))), microseconds) == live


def test_only_published_contents_are_live() -> None:
    table = _table(
        _content("a", 2, status="draft"), _content("b", 2, status="withdrawn"),
        _content("c", 2, status="published"), _content("d", 2), _content("e", 4),
    )  # fmt: skip
    table.ids.add("of an event")
    assert _live(table, _us(3)) == ["c", "d"]
    assert _live(table, _us(3) - 3 * HOUR_US) == []
    _upsert(table, _content("a", 2), _content("d", 2, status="withdrawn"))
    assert _live(table, _us(3)) == ["a", "c"]


contents = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 6) | st.none(),
        st.sampled_from(["draft", "published", "withdrawn"]),
    ),
    max_size=12,
)  # fmt: skip


@given(contents, st.integers(-1, 7), st.randoms(use_true_random=False))
def test_live_and_steps_are_what_the_definitions_say(
    rows: list[tuple[int, int | None, str]], hour: int, random: Any
) -> None:
    names = [f"c{n:02}" for n in range(len(rows))]
    known = dict(zip(names, rows, strict=True))
    random.shuffle(names)
    table = ContentTable()
    for name in names:
        published, expires, status = known[name]
        more = {} if expires is None else {"expires_at": _hour(expires)}
        row = _content(name, published, status=status, **more)
        accepted, rejects = checked_rows("contents", [row])
        if rejects:  # one that ends before it begins
            del known[name]
            continue
        table.upsert(accepted)
    listed = {name: row for name, row in known.items() if row[2] == "published"}
    expected = sorted(
        (n for n, (p, e, _) in listed.items() if p <= hour and (e is None or hour < e)),
        key=lambda n: (-listed[n][0], n),
    )
    assert _live(table, _us(hour)) == expected
    assert _steps(table) == {
        name: sum(p < published for p, _, _ in listed.values())
        for name, (published, _, _) in known.items()
    }


def test_steps_count_what_came_before_and_equal_times_are_no_step_apart() -> None:
    table = _table(
        _content("b", 3), _content("a", 3), _content("first", 1), _content("last", 9),
        _content("draft", 2, status="draft"), _content("gone", 2, expires_at=_hour(4)),
    )  # fmt: skip
    # What has expired was news once; a draft never was, and stands where it would come.
    assert _steps(table) == {"first": 0, "gone": 1, "draft": 1, "a": 2, "b": 2, "last": 4}
    assert table.steps.dtype == np.int32


def test_steps_follow_the_catalogue() -> None:
    table = _table(_content("b", 3))
    assert _steps(table) == {"b": 0}
    _upsert(table, _content("a", 1))
    assert _steps(table) == {"a": 0, "b": 1}
    table.ids.add("of an event")
    assert _steps(table) == {"a": 0, "b": 1, "of an event": 0}
    _upsert(table, _content("a", 5))
    assert _steps(table) == {"a": 1, "b": 0, "of an event": 0}
    assert ContentTable().steps.shape == (0,)


def test_live_contents_are_kept_no_longer_than_they_are_the_same() -> None:
    table = _table(_content("a", 1, expires_at=_hour(4)), _content("b", 3), _content("c", 6))
    kept = table.live(_us(1))
    assert table.live(_us(3) - 1) is kept
    assert _live(table, _us(3)) == ["b", "a"]  # a publication
    assert _live(table, _us(4) - 1) == ["b", "a"]
    assert _live(table, _us(4)) == ["b"]  # an expiry
    assert _live(table, _us(6)) == ["c", "b"]
    assert _live(table, _us(1)) == ["a"]  # back in time
    _upsert(table, _content("a", 1, status="withdrawn"), _content("d", 1))
    assert _live(table, _us(1)) == ["d"]


hours = st.integers(0, 12)


@given(
    st.lists(st.tuples(hours, st.none() | hours), max_size=8), st.lists(hours, max_size=12)
)  # fmt: skip
def test_what_is_live_does_not_depend_on_what_was_asked_before(
    times: list[tuple[int, int | None]], asked: list[int]
) -> None:
    rows = [
        _content(f"c{i}", begins, expires_at=None if ends is None else _hour(ends))
        for i, (begins, ends) in enumerate(times)
        if ends is None or ends > begins
    ]
    table = _table(*rows) if rows else ContentTable()
    for hour in asked:
        fresh = _table(*rows) if rows else ContentTable()
        assert _live(table, _us(hour)) == _live(fresh, _us(hour))
