"""Events from callers: the short way for plain dicts means what the check of columns means."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.answers import Rejected
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.devices import DEVICES
from recsys.errors import DatasetError
from recsys.event_columns import CODE_OF_TYPE, LAST_POSITION, EventColumns
from recsys.event_rows import encode_events
from recsys.plain_events import read_plain
from recsys.schema import EVENT_TYPES, SURFACES, TABLES, Column, Kind
from recsys.siphash import hash_texts
from recsys.times import to_micros

Row = dict[str, Any]

_EVENTS = TABLES["events"]
_AT = datetime(2026, 5, 1, 9, tzinfo=UTC)
_GOOD: Row = {
    "event_id": "1", "event_type": "open", "employee_id": "ann", "occurred_at": _AT,
    "content_id": "c",
}  # fmt: skip


class _Shouting(str, Enum):  # noqa: UP042  # a StrEnum prints as what it equals
    """Text that prints as something else than it equals."""

    OPEN = "open"


def _by_columns(
    rows: Sequence[Mapping[str, Any]], catalogue: Catalogue
) -> tuple[EventColumns, tuple[Rejected, ...]]:
    frame, rejects = checked_rows("events", rows)
    return catalogue.encode(frame), rejects


def _ids(catalogue: Catalogue) -> list[list[str]]:
    tables = (catalogue.employees, catalogue.contents, catalogue.renditions)
    return [list(table.ids.ids) for table in tables]


def _assert_equal(one: EventColumns, other: EventColumns) -> None:
    for name, values in one.arrays().items():
        expected = other.arrays()[name]
        assert values.dtype == expected.dtype, name
        np.testing.assert_array_equal(values, expected, err_msg=name)


def _assert_both_ways_agree(rows: list[Row]) -> None:
    catalogue, reference = Catalogue(), Catalogue()
    columns, rejects = encode_events(rows, catalogue)
    expected, expected_rejects = _by_columns(rows, reference)
    _assert_equal(columns, expected)
    assert rejects == expected_rejects
    assert _ids(catalogue) == _ids(reference)


_SPACES = st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zs", "Zl", "Zp", "Lu"]), max_size=4)
_ODD_TEXTS: list[object] = [
    "", " ", "  ", " padded ", "\tx", "x\n", "x\u3000", "\x1cx", "\x85x", "\u200bx", "a\0b",
    "\ud800", "日本", "e\u0301", "1.23E+18", "-5e+3", "xE+1", "a+b", "nan", "None", "open", " open",
    "Open", "share", "portal", "company", "no_time", b"bytes", ["a"], _Shouting.OPEN,
    np.str_("open"), "x" * 400, "x" * 401, " " + "é" * 400,
]  # fmt: skip
_ODD_NUMBERS: list[object] = [
    0, 1, -1, True, False, np.True_, -0.0, 0.5, 1.0, 1.5, 3, "3", " 4 ", "1e3", "-0", "x", 2**53,
    2**53 + 1, 2.0**53, 2**63, -(2**64), 2**127, 10**40, 10**5000, 1e300, 3.4e38, 3.5e38, math.inf,
    -math.inf, np.float64(0.5), np.float32(0.25), np.float64("nan"), np.int64(3), Decimal("0.5"),
]  # fmt: skip
_NOTHING: list[object] = [None, math.nan, np.nan, pd.NaT, pd.NA, "", " ", np.datetime64("NaT")]
_ODD_TIMES: list[object] = [
    _AT, pd.Timestamp(_AT), pd.Timestamp("2026-05-01T09:00:00.123456789Z"),
    pd.Timestamp("2026-05-01T18:00", tz="Asia/Tokyo"), pd.Timestamp("2026-05-01"),
    _AT.replace(tzinfo=None), _AT.astimezone(timezone(timedelta(hours=9, seconds=7))),
    np.datetime64("2026-05-01T09:00"), date(2026, 5, 1), 1777626000, 1777626000.5,
    "2026-05-01T09:00:00Z", "2026-05-01t09:00:00z", "2026-05-01 09:00:00Z", " 2026-05-01T09:00:00Z",
    "2026-05-01T09:00:00+09:00", "2026-05-01T09:00:00-14:59", "2026-05-01T09:00:00+15:00",
    "2026-05-01T09:00:00+0900", "2026-05-01T09:00:00+09", "2026-05-01T09:00:00-00:00",
    "2026-05-01T09:00:00+09:60", "2026-05-01T09:00:00.1Z", "2026-05-01T09:00:00.123456Z",
    "2026-05-01T09:00:00.1234567Z", "2026-05-01T09:00:00,5Z", "2026-05-01T09:00Z",
    "2026-05-01T09:00:00", "2026-05-01", "20260501T090000Z", "2026-W18-5T09:00:00Z",
    "2026-05-01T24:00:00Z", "2026-05-01T09:00:60Z", "2026-02-30T09:00:00Z", "2026-05-01T09:00:00Zx",
    "２０２６-05-01T09:00:00Z", "0000-05-01T09:00:00Z", "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z", "2200-12-31T23:59:59.999999Z", "2201-01-01T00:00:00Z",
    "2201-01-01T00:00:00+00:01", "9999-12-31T23:59:59-14:00",
    datetime.max.replace(tzinfo=timezone(-timedelta(hours=14))),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), "yesterday",
]  # fmt: skip

_TEXTS = st.one_of(
    st.text(max_size=8), _SPACES, st.integers(), st.sampled_from(_ODD_TEXTS),
    st.sampled_from(_ODD_NUMBERS), st.sampled_from(_NOTHING),
)  # fmt: skip
_NUMBERS = st.one_of(
    st.floats(), st.floats(0, 1), st.integers(), st.integers(1, 9), st.sampled_from(_ODD_NUMBERS),
    st.sampled_from(_NOTHING),
)  # fmt: skip
_TIMES = st.one_of(
    st.datetimes(timezones=st.timezones()), st.datetimes(),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.sampled_from(_ODD_TIMES), st.sampled_from(_NOTHING),
)  # fmt: skip


def _values(column: Column) -> st.SearchStrategy[object]:
    if column.choices:
        return st.one_of(st.sampled_from(column.choices), _TEXTS)
    if column.kind is Kind.TIME:
        return _TIMES
    return _NUMBERS if column.kind in (Kind.NUMBER, Kind.INTEGER) else _TEXTS


@st.composite
def _rows(draw: st.DrawFn) -> Row:
    """Draw a good event with up to three columns replaced, added or gone."""
    row = _GOOD | {"event_type": draw(st.sampled_from(EVENT_TYPES))}
    for column in draw(st.lists(st.sampled_from(_EVENTS.columns), max_size=3)):
        row[column.name] = draw(_values(column))
    if draw(st.integers(0, 9)) == 0:
        row.pop(draw(st.sampled_from(sorted(_GOOD))), None)
    if draw(st.integers(0, 4)) == 0:
        row[draw(st.sampled_from(["floor", "attributes"]))] = draw(st.one_of(_TEXTS, _NUMBERS))
    return row


def _assert_short_way_is_right(rows: list[Row]) -> None:
    """Check whatever the short way takes, all in one batch because the check takes long."""
    plain = [row for row in rows if read_plain([row]) is not None]
    columns, rejects = _by_columns(plain, reference := Catalogue())
    assert rejects == (), "the short way took what the check rejects"
    _assert_equal(encode_events(plain, catalogue := Catalogue())[0], columns)
    assert _ids(catalogue) == _ids(reference)


@settings(max_examples=150)
@given(rows=st.lists(_rows(), max_size=12))
def test_both_ways_agree_on_any_rows(rows: list[Row]) -> None:
    _assert_short_way_is_right(rows)


@pytest.mark.parametrize("column", _EVENTS.columns, ids=lambda column: column.name)
def test_both_ways_agree_on_every_odd_value(column: Column) -> None:
    numbers = column.kind in (Kind.NUMBER, Kind.INTEGER)
    own = _ODD_TIMES if column.kind is Kind.TIME else _ODD_NUMBERS if numbers else _ODD_TEXTS
    _assert_short_way_is_right(
        [
            _GOOD | {"event_type": event_type, column.name: value}
            for value in [*own, *_NOTHING]
            for event_type in ("open", "share", "search")
        ]
    )


_PLAIN: list[Row] = [
    {},
    {"occurred_at": "2026-05-01T09:00:00.5+09:00", "received_at": _AT},
    {"occurred_at": pd.Timestamp(_AT), "content_id": 12},
    {"event_type": "search", "content_id": None, "rendition_id": " r "},
    {"event_type": "share", "reason": "company", "device": "携帯", "floor": 3, "x": None},
    {"position": 3, "propensity": 1, "rendition_propensity": 0.25, "dwell_seconds": math.nan},
    {"event_id": "YWJj+/==", "surface": "mobile", "progress_share": 0.5, "session_id": ""},
]
_NUMBERED: Any = {1: "x", **_GOOD}
_NOT_PLAIN: list[Row] = [
    {"event_id": None}, {"event_id": " "}, {"event_id": "1.23E+18"}, {"event_id": 1.0},
    {"event_id": True}, {"event_type": "opened"}, {"event_type": " open"}, {"content_id": ""},
    {"occurred_at": None}, {"occurred_at": "2026-05-01T09:00:00"}, {"occurred_at": pd.NaT},
    {"occurred_at": "2201-01-01T00:00:00Z"}, {"event_type": "share", "reason": "no_time"},
    {"position": 0}, {"position": 1.5}, {"propensity": 1.01}, {"propensity": np.float64(1)},
    {"dwell_seconds": 1e300}, {"attributes": "{}"}, {"größe": 1}, {"floor": ["3"]},
]  # fmt: skip


@pytest.mark.parametrize("values", _PLAIN, ids=str)
def test_what_callers_usually_send_is_plain(values: Row) -> None:
    assert read_plain([_GOOD, _GOOD | values]) is not None
    _assert_both_ways_agree([_GOOD, _GOOD | values])


@pytest.mark.parametrize("values", _NOT_PLAIN, ids=str)
def test_what_may_be_bad_is_left_to_the_check(values: Row) -> None:
    assert read_plain([_GOOD | values, _GOOD]) is None
    _assert_both_ways_agree([_GOOD | values, _GOOD])


@pytest.mark.parametrize(
    "rows", [[MappingProxyType(_GOOD)], [_NUMBERED], _GOOD], ids=["view", "number", "no list"]
)
def test_what_is_no_list_of_plain_dicts_is_left_to_the_check(rows: Any) -> None:
    assert read_plain(list(rows)) is None
    columns, rejects = encode_events(rows, Catalogue())
    expected, expected_rejects = _by_columns(rows, Catalogue())
    _assert_equal(columns, expected)
    assert rejects == expected_rejects


def test_two_columns_of_one_name_stop_the_batch() -> None:
    with pytest.raises(DatasetError, match="more than once"):
        encode_events([_NUMBERED | {"1": "y"}], Catalogue())


def test_no_rows_are_no_events() -> None:
    _assert_both_ways_agree([])
    assert len(encode_events([], Catalogue())[0]) == 0


def test_a_rejected_row_gets_no_index() -> None:
    catalogue = Catalogue()
    _, rejects = encode_events([_GOOD | {"employee_id": "bob", "surface": "fax"}, _GOOD], catalogue)
    assert [(r.index, r.column, r.value) for r in rejects] == [(0, "surface", "fax")]
    assert _ids(catalogue) == [["ann"], ["c"], []]


def test_a_worked_example() -> None:
    rows = [
        _GOOD,
        _GOOD | {
            "event_id": "2", "event_type": "read", "employee_id": "bob", "rendition_id": "v",
            "received_at": _AT + timedelta(seconds=1), "device": "Mobile Safari", "position": 10**6,
            "surface": "newsletter", "dwell_seconds": 12.5, "progress_share": 0.5,
            "rendition_propensity": 0.25,
        },
    ]  # fmt: skip
    columns, _ = encode_events(rows, Catalogue())
    at, nan = to_micros(_AT), math.nan
    expected: dict[str, list[float]] = {
        "key": hash_texts(["1", "2"]).tolist(),
        "event_type": [CODE_OF_TYPE["open"], CODE_OF_TYPE["read"]],
        "employee": [0, 1],
        "content": [0, 0],
        "rendition": [-1, 0],
        "occurred_at": [at, at],
        "received_at": [at, at + 1_000_000],
        "dwell_seconds": [nan, 12.5],
        "progress_share": [nan, 0.5],
        "device": [-1, DEVICES.index("mobile")],
        "surface": [-1, SURFACES.index("newsletter")],
        "position": [0, LAST_POSITION],
        "rendition_propensity": [nan, 0.25],
        "reason": [-1, -1],
        "target": [-1, -1],
    }
    assert list(columns.arrays()) == list(expected)
    for name, values in columns.arrays().items():
        np.testing.assert_array_equal(values, np.array(expected[name], values.dtype), err_msg=name)
    _assert_equal(_by_columns(rows, Catalogue())[0], columns)


def _typed(rows: list[Row], texts: str, times: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    names = [n for n in frame if n not in ("occurred_at", "dwell_seconds", "position")]
    dtypes = dict.fromkeys(names, texts) | {"occurred_at": times, "position": "Int64"}
    return frame.astype(dtypes)


@pytest.mark.parametrize("texts", ["str", "object", "category", "string"])
@pytest.mark.parametrize("times", ["datetime64[ns, UTC]", "datetime64[ms, Asia/Tokyo]"])
def test_a_typed_frame_says_what_its_dicts_say(texts: str, times: str) -> None:
    rows: list[Row] = [
        _GOOD | {
            "event_id": f"x{n}", "occurred_at": _AT + timedelta(minutes=n),
            "employee_id": f"e{n % 7}", "device": ("pc", None, "iPad")[n % 3],
            "rendition_id": (None, "r1")[n % 2], "surface": ("portal", "mobile")[n % 2],
            "position": (n % 5 + 1, None)[n % 2], "dwell_seconds": (0.5, math.nan)[n % 2],
        }
        for n in range(60)
    ]  # fmt: skip
    columns, rejects = encode_events(_typed(rows, texts, times), Catalogue())
    assert rejects == ()
    assert read_plain(rows) is not None
    _assert_equal(columns, encode_events(rows, Catalogue())[0])
