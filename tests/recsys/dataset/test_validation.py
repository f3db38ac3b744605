"""Checking raw frames: one bad value at a time, then anything at all."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from recsys.dataset.dataset import canonical_dtypes
from recsys.dataset.texts import to_texts
from recsys.dataset.validation import Checked, Reject, frame_of, validate
from recsys.errors import ConfigurationError, DatasetError
from recsys.schema import TABLES, Kind, Table

EVENTS, CONTENTS, EMPLOYEES = TABLES["events"], TABLES["contents"], TABLES["employees"]

GOOD: dict[str, object] = {
    "event_id": "1",
    "event_type": "open",
    "employee_id": "ann",
    "occurred_at": "2026-05-01T09:00:00Z",
    "content_id": "c",
}


def check_event(**values: object) -> Checked:
    """Check a good event, then the same with ``values``, then a good one."""
    rows = [GOOD, GOOD | values, GOOD]
    return validate(EVENTS, frame_of(rows))


def only_reject(checked: Checked) -> Reject:
    assert list(checked.frame.index) == [0, 2], "a bad row must not take others with it"
    (reject,) = checked.rejects
    assert reject.row == 1
    return reject


def accepted(column: str, value: object) -> object:
    """Return what becomes of a value that is accepted."""
    checked = check_event(**{column: value})
    assert checked.rejects == ()
    return checked.frame[column].iloc[1]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("event_id", "", "a value; event_id must not be empty"),
        ("event_id", None, "a value; event_id must not be empty"),
        ("event_id", "   ", "a value; event_id must not be empty"),
        ("event_id", 1.23e18, "an id as text"),
        ("event_id", 5.0, "an id as text"),
        ("event_id", True, "an id as text"),
        ("event_id", "1.23E+18", "an id as text"),
        ("event_id", {"a": 1}, "an id as text"),
        ("event_id", "\ud800", "an id as text"),
        ("employee_id", "a\0b", "NUL"),
        ("event_type", "opened", "one of impression, open,"),
        ("event_type", "Open", "one of impression, open,"),
        ("surface", "fax", "one of portal, newsletter"),
        ("occurred_at", "2026-05-01T09:00:00", "a time with a zone, ISO 8601"),
        ("occurred_at", datetime(2026, 5, 1), "this one has no zone"),  # noqa: DTZ001
        ("occurred_at", "2026-05-01", "a time with a zone, ISO 8601"),
        ("occurred_at", "1777626000", "a time with a zone, ISO 8601"),
        ("occurred_at", 1777626000, "a time with a zone, ISO 8601"),
        ("occurred_at", 1777626000.5, "a time with a zone, ISO 8601"),
        ("occurred_at", "2026-02-30T09:00:00Z", "a time with a zone, ISO 8601"),
        ("occurred_at", "2026-05-01T24:00:00Z", "a time with a zone, ISO 8601"),
        ("occurred_at", "yesterday", "a time with a zone, ISO 8601"),
        ("occurred_at", "1969-12-31T23:59:59Z", "1970 to 2200"),
        ("occurred_at", "2201-01-01T00:00:00Z", "1970 to 2200"),
        ("occurred_at", "9999-12-31T23:59:59-23:59", "a time with a zone, ISO 8601"),
        ("position", "0", "a whole number of at least 1"),
        ("position", "1.5", "a whole number of at least 1"),
        ("position", "1e400", "a whole number of at least 1"),
        ("position", "first", "a whole number of at least 1"),
        ("propensity", "1.01", "a finite number between 0 and 1"),
        ("propensity", "0,5", "a finite number between 0 and 1"),
        ("progress_share", -0.1, "a finite number between 0 and 1"),
        ("dwell_seconds", 1.1e9, "a finite number between 0 and 1000000000"),
        ("content_id", "x" * 401, "an id of at most 400 characters"),
        ("dwell_seconds", "-1", "a finite number between 0 and 1000000000"),
        ("dwell_seconds", float("inf"), "a finite number between 0 and 1000000000"),
        ("value", "inf", "a finite number"),
        ("value", True, "a finite number"),
        ("content_id", "", "a content_id; only newsletter"),
    ],
)
def test_a_bad_value_is_rejected_with_its_sentence(
    column: str, value: object, expected: str
) -> None:
    reject = only_reject(check_event(**{column: value}))
    assert reject.column == column
    assert expected in reject.expected


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("event_id", -3499919498720038879, "-3499919498720038879"),
        ("event_id", " 007 ", "007"),
        ("event_id", "nan", "nan"),
        ("device", " as it is ", " as it is "),
        ("position", "3", 3),
        ("position", 3.0, 3),
        ("position", Decimal(3), 3),
        ("dwell_seconds", "+.5e1", 5.0),
        ("value", 1e300, 1e300),
        ("content_id", 12, "12"),
    ],
)
def test_a_good_value_becomes_canonical(column: str, value: object, expected: object) -> None:
    assert accepted(column, value) == expected


@pytest.mark.parametrize("nothing", [None, "", " ", float("nan"), np.nan, pd.NA, pd.NaT])
@pytest.mark.parametrize("column", ["position", "value", "reason", "session_id", "received_at"])
def test_nothing_is_nothing_in_every_spelling(column: str, nothing: object) -> None:
    checked = check_event(**{column: nothing})
    assert checked.rejects == ()
    assert checked.frame[column].isna().all()


@pytest.mark.parametrize(
    "same_instant",
    [
        "2026-05-01T09:00:00Z",
        "2026-05-01t09:00:00z",
        "2026-05-01 18:00:00+09:00",
        "2026-05-01T18:00+0900",
        "2026-05-01T18:00+09",
        "2026-05-01T09:00:00.000000999Z",
        " 2026-05-01T09:00:00.000Z ",
        datetime(2026, 5, 1, 9, tzinfo=UTC),
        datetime(2026, 5, 1, 18, tzinfo=timezone(timedelta(hours=9))),
        pd.Timestamp("2026-05-01T18:00:00", tz="Asia/Tokyo"),
    ],
)
def test_one_instant_has_many_spellings(same_instant: object) -> None:
    assert accepted("occurred_at", same_instant) == pd.Timestamp("2026-05-01T09:00:00Z")


def times(*values: str, timezone: str | None) -> Checked:
    raw = pd.DataFrame([GOOD | {"occurred_at": value} for value in values])
    return validate(EVENTS, raw, timezone=timezone)


def test_a_timezone_dates_naive_times_only() -> None:
    checked = times("2026-05-01T09:00:00", "2026-05-01T09:00:00Z", timezone="Asia/Tokyo")
    assert [t.isoformat() for t in checked.frame["occurred_at"]] == [
        "2026-05-01T00:00:00+00:00",
        "2026-05-01T09:00:00+00:00",
    ]


def test_local_times_that_do_not_exist_are_rejected_and_double_ones_are_the_first() -> None:
    checked = times("2026-03-29T02:30:00", "2026-10-25T02:30:00", timezone="Europe/Berlin")
    assert checked.rejects[0].expected == (
        "a time that exists in Europe/Berlin; the clocks jump over this one"
    )
    assert checked.frame["occurred_at"].tolist() == [pd.Timestamp("2026-10-25T00:30:00Z")]


@pytest.mark.parametrize("name", ["Asia/Kyouto", "America", "../etc/passwd", ""])
def test_an_unknown_timezone_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no time zone"):
        times("2026-05-01T09:00:00Z", timezone=name)


def test_naive_typed_times_need_a_timezone_too() -> None:
    raw = pd.DataFrame([GOOD]).assign(occurred_at=pd.to_datetime(["2026-05-01T09:00:00"]))
    assert len(validate(EVENTS, raw).rejects) == 1
    (at,) = validate(EVENTS, raw, timezone="Asia/Tokyo").frame["occurred_at"]
    assert at == pd.Timestamp("2026-05-01T00:00:00Z")


@pytest.mark.parametrize("day", ["2026-04-01", "2026-04-01T00:00:00Z", date(2026, 4, 1)])
@pytest.mark.parametrize("timezone", [None, "Asia/Tokyo"])
def test_a_day_is_its_midnight_in_utc(day: object, timezone: str | None) -> None:
    raw = pd.DataFrame({"employee_id": ["ann"], "valid_from": [day]})
    (at,) = validate(EMPLOYEES, raw, timezone=timezone).frame["valid_from"]
    assert at == pd.Timestamp("2026-04-01T00:00:00Z")


def test_a_day_that_is_none_is_rejected() -> None:
    raw = pd.DataFrame({"employee_id": ["a", "b"], "valid_from": ["2026-04-31", "April"]})
    assert [r.expected[:28] for r in validate(EMPLOYEES, raw).rejects] == 2 * [
        "a day such as 2026-05-01, or"
    ]


def test_flags_in_every_spelling() -> None:
    given_flags: list[object] = ["TRUE", "no", "1", "0", True, 0, 1.0, None, "y"]
    raw = pd.DataFrame({"employee_id": list("abcdefghi"), "active": given_flags})
    checked = validate(EMPLOYEES, raw)
    assert checked.frame["active"].tolist() == [
        True, False, True, False, True, False, True, pd.NA,
    ]  # fmt: skip
    assert [(r.row, r.expected) for r in checked.rejects] == [
        (8, "true or false (also yes/no, 1/0)")
    ]


def content(**values: object) -> Checked:
    row = {"content_id": "c", "title": "t", "published_at": "2026-05-01T09:00:00Z"} | values
    return validate(CONTENTS, pd.DataFrame({name: [value] for name, value in row.items()}))


@pytest.mark.parametrize(
    ("given_list", "expected"),
    [
        ("a; b ;;c;", "a;b;c"),
        (["a", "b"], "a;b"),
        (np.array(["a"]), "a"),
        ([], None),
        (";", None),
        ([1, "b"], "1;b"),
    ],
)
def test_lists(given_list: object, expected: str | None) -> None:
    (topics,) = content(topics=given_list).frame["topics"]
    assert (None if pd.isna(topics) else topics) == expected


def test_json_may_be_text_or_an_object_and_is_kept_compact() -> None:
    for rule in ('{ "department": ["é"] }', {"department": ["é"]}):
        assert content(audience=rule).frame["audience"].tolist() == ['{"department":["é"]}']


@pytest.mark.parametrize(
    "rule", ["{", "sales", "5", '{"a": NaN}', "[" * 100_000, {"a": object()}, '{"a":"\\ud800"}']
)
def test_malformed_json_is_rejected(rule: object) -> None:
    (reject,) = content(audience=rule).rejects
    assert reject.column == "audience"
    assert reject.expected.startswith("a JSON object")
    assert len(reject.value) <= 80


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"work_style": "remote"}, "'work_style': work_style cannot be 'remote'; expected desk or"),
        ({"hire_month": {"after": "2024-04"}}, "'hire_month': 'after'; expected bounds (gt, gte,"),
        ({"mode": "snapshot", "rule": {"segment": "watcher"}}, "segments are known as of now only"),
    ],
)
def test_a_rule_that_cannot_be_is_rejected_with_what_is_wrong(rule: object, told: str) -> None:
    (reject,) = content(audience=rule).rejects
    assert reject.column == "audience"
    assert told in reject.expected
    assert reject.expected.startswith("an audience rule such as")


def test_each_of_several_wrong_rules_gets_its_own_message() -> None:
    rules: list[object] = [{"has_pc": f"x{i}"} for i in range(60)] + [{}, None]
    rows = [
        {"content_id": f"c{i}", "title": "t", "published_at": "2026-01-01T00:00:00Z", "audience": r}
        for i, r in enumerate(rules)
    ]
    checked = validate(TABLES["contents"], frame_of(rows))
    assert [reject.row for reject in checked.rejects] == list(range(60))
    assert "'x49'" in checked.rejects[49].expected
    assert "'x50'" not in checked.rejects[50].expected  # fifty kinds of fault are told apart
    assert len(checked.frame) == 2


def test_the_status_of_a_content_defaults_to_published() -> None:
    assert content().frame["status"].tolist() == ["published"]
    assert content(status="draft").frame["status"].tolist() == ["draft"]


@pytest.mark.parametrize(
    ("event_type", "reason", "is_good"),
    [
        ("share", "company", True),
        ("share", "no_time", False),
        ("dismiss", "no_time", True),
        ("dismiss", "company", False),
        ("share", None, True),
        ("action", "apply", True),
        ("open", "anything", True),
    ],
)
def test_reasons_belong_to_their_event_type(
    event_type: str, reason: str | None, is_good: bool
) -> None:
    checked = check_event(event_type=event_type, reason=reason)
    assert bool(checked.rejects) is not is_good
    if not is_good:
        assert only_reject(checked).column == "reason"


def test_some_events_need_no_content() -> None:
    assert check_event(event_type="search", content_id=None).rejects == ()


def test_the_first_bad_column_is_the_one_that_is_named() -> None:
    assert only_reject(check_event(surface="fax", occurred_at="x")).column == "occurred_at"
    assert only_reject(check_event(surface="fax", content_id=None)).column == "content_id"


def test_a_missing_required_column_stops_with_the_columns_that_are_there() -> None:
    raw = pd.DataFrame({"id": ["1"], "title": ["t"], "published_at": ["2026-05-01T09:00:00Z"]})
    with pytest.raises(DatasetError, match=r"required column content_id.*found: id, title, pub"):
        validate(CONTENTS, raw)


def test_undeclared_columns_become_attributes() -> None:
    raw = pd.DataFrame(
        {
            "employee_id": ["a", "b", "c"],
            "floor": ["3", None, ""],
            'odd "name"': ['say "é"\n', None, 5],
            "nested": [{"k": [1, np.int64(2)]}, None, None],
        }
    )
    first, second, third = validate(EMPLOYEES, raw).frame["attributes"]
    assert json.loads(first) == {
        "floor": "3",
        'odd "name"': 'say "é"\n',
        "nested": {"k": [1, 2]},
    }
    assert pd.isna(second)
    assert json.loads(third) == {'odd "name"': 5}


def test_attributes_survive_a_second_check_and_take_new_columns_in() -> None:
    raw = pd.DataFrame({"employee_id": ["a", "b"], "floor": ["3", None]})
    again = validate(EMPLOYEES, validate(EMPLOYEES, raw).frame.assign(desk=["7", "8"]))
    assert again.frame["attributes"].tolist() == ['{"floor":"3","desk":"7"}', '{"desk":"8"}']


def test_the_first_row_with_a_key_wins() -> None:
    raw = pd.DataFrame(
        {
            "content_id": ["a", "b", "a", "", "a"],
            "title": ["first", "b", "second", "x", "first"],
            "published_at": "2026-05-01T09:00:00Z",
        }
    )
    checked = validate(CONTENTS, raw)
    assert checked.frame["title"].tolist() == ["first", "b"]
    assert [(r.row, r.first_row) for r in checked.rejects] == [(2, 0), (3, None), (4, 0)]
    assert checked.rejects[0].expected == "a content_id that occurs once; first seen in row 0"


def test_versions_of_an_employee_are_no_repeats_but_two_undated_ones_are() -> None:
    raw = pd.DataFrame(
        {"employee_id": list("aaaa"), "valid_from": ["2026-01-01", "2026-04-01", None, None]}
    )
    checked = validate(EMPLOYEES, raw)
    assert list(checked.frame.index) == [0, 1, 2]
    assert checked.rejects[0].expected.startswith("employee_id, valid_from that occur together")


def test_whole_numbers_in_json_rows_never_pass_through_a_float() -> None:
    big = 2**63 - 1
    checked = validate(EVENTS, frame_of([GOOD | {"content_id": big}, GOOD | {"content_id": None}]))
    assert checked.frame["content_id"].tolist() == [str(big)]


def test_repeated_events_are_kept() -> None:
    assert len(validate(EVENTS, pd.DataFrame([GOOD, GOOD])).frame) == 2


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_an_empty_frame_gives_an_empty_canonical_frame(table: Table) -> None:
    checked = validate(table, pd.DataFrame({name: [] for name in table.required_names}))
    assert checked.rejects == ()
    assert {k: str(v) for k, v in checked.frame.dtypes.items()} == canonical_dtypes(table)


def test_typed_columns_give_what_their_text_gives() -> None:
    n = 50
    typed = pd.DataFrame(
        {
            "event_id": np.arange(n),
            "event_type": pd.Categorical(["open", "like"] * (n // 2)),
            "employee_id": pd.array(np.arange(n), dtype="Int64"),
            "occurred_at": pd.date_range("2026-05-01", periods=n, freq="min", tz="Asia/Tokyo"),
            "content_id": [f"c{i}" for i in range(n)],
            "dwell_seconds": np.linspace(0, 9, n),
            "position": np.arange(1, n + 1, dtype=np.int32),
        }
    )
    text = typed.astype(str).astype({"event_type": "str"})
    assert_frame_equal(validate(EVENTS, typed).frame, validate(EVENTS, text).frame)


ANYTHING = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=5),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.dates(),
    st.decimals(),
    st.binary(max_size=4),
    st.lists(st.one_of(st.text(max_size=4), st.integers(), st.none()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.floats(), max_size=2),
    st.complex_numbers(),
    st.timedeltas(),
)


@settings(max_examples=60, deadline=None)
@given(table=st.sampled_from(list(TABLES.values())), data=st.data())
def test_garbage_in_any_cell_never_raises_and_takes_no_good_row_along(
    table: Table, data: st.DataObject
) -> None:
    good = GOOD | {
        "title": "t", "published_at": "2026-05-01T09:00:00Z", "rendition_id": "r",
        "format": "video", "campaign_id": "k", "name": "n", "period": "p", "survey_id": "s",
    }  # fmt: skip
    column = data.draw(st.sampled_from([*table.column_names, "undeclared", "attributes"]))
    values = data.draw(st.lists(ANYTHING, min_size=1, max_size=4))
    names = {*table.required_names, "content_id"} & {*table.column_names}
    rows = [{name: good[name] for name in names} for _ in values]
    raw = pd.DataFrame(rows).assign(**{column: pd.Series(values, dtype=object)})
    fine = pd.DataFrame(rows[:1]).assign(**{table.key[0]: "the good one"} if table.key else {})
    checked = validate(table, pd.concat([raw, fine], ignore_index=True), timezone="Asia/Tokyo")

    assert len(values) in checked.frame.index
    assert sorted([*checked.frame.index, *(r.row for r in checked.rejects)]) == list(
        range(len(values) + 1)
    )
    assert {k: str(v) for k, v in checked.frame.dtypes.items()} == canonical_dtypes(table)
    json.dumps([r.value for r in checked.rejects]).encode()


_OBJECTS = st.one_of(
    st.text(max_size=6), st.text(st.characters(categories=["Cs", "Lu"]), max_size=3),
    st.sampled_from([None, float("nan"), pd.NaT, pd.NA, np.float64("nan"), np.datetime64("NaT")]),
    st.sampled_from([0.5, 1, True, b"x", np.str_("x"), ["x"], np.float64(2), Decimal("NaN")]),
)  # fmt: skip


@given(st.lists(_OBJECTS, min_size=1, max_size=5), st.sampled_from(list(Kind)))
def test_text_with_gaps_reads_the_same_at_once_and_one_by_one(
    values: list[object], kind: Kind
) -> None:
    together = to_texts(pd.Series(values, dtype=object), kind)
    alone = [to_texts(pd.Series([value, 7], dtype=object), kind) for value in values]
    assert together.values.to_pylist() == [texts.values[0].as_py() for texts in alone]
    assert together.unsuitable.tolist() == [bool(texts.unsuitable[0]) for texts in alone]


def test_a_number_without_end_is_reported_by_its_type() -> None:
    (reject,) = validate(EVENTS, frame_of([GOOD | {"value": 10**5000}])).rejects
    assert (reject.column, reject.value) == ("value", "<int>")
    (attributes,) = validate(EVENTS, frame_of([GOOD | {"floor": 10**5000}])).frame["attributes"]
    assert attributes == '{"floor":"<int>"}'
