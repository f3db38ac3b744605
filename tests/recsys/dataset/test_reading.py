"""Reading directories: every way in which a file can be odd, and where the bad rows are."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from recsys.dataset import csv_file
from recsys.dataset.csv_file import CsvFile, iter_csv, iter_records
from recsys.dataset.dataset import canonical_dtypes
from recsys.dataset.reading import read_dataset
from recsys.dataset.validation import validate
from recsys.errors import ConfigurationError, DatasetError
from recsys.schema import TABLES, Kind, Table

EVENTS_HEADER = "event_id,event_type,employee_id,occurred_at,content_id"
CONTENTS = "content_id,title,published_at\nc,ソース,2026-05-01T09:00:00Z\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files, ``name__suffix="text"`` or bytes, and return their folder."""

    def files(**contents: str | bytes) -> Path:
        for name, content in contents.items():
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name.replace("__", ".")).write_bytes(data)
        return tmp_path

    return files


def event(number: int, *, at: str = "2026-05-01T09:00:00Z", kind: str = "open") -> str:
    return f"{number},{kind},ann,{at},c"


def test_events_come_in_time_order_and_ties_in_file_order(write: Write) -> None:
    rows = [event(1, at="2026-05-02T00:00:00Z"), event(3), event(2)]
    events = read_dataset(write(events__csv="\n".join([EVENTS_HEADER, *rows]))).dataset["events"]
    assert events["event_id"].tolist() == ["3", "2", "1"]
    assert list(events.index) == [0, 1, 2]


def test_bad_rows_are_found_by_line_however_many_lines_a_row_has(write: Write) -> None:
    text = (
        "\ufeffevent_id,event_type,employee_id,occurred_at,content_id,note\r\n"
        '1,open,ann,2026-05-01T09:00:00Z,c,"two\nlines"\r\n'
        "2,open\r\n"
        "\r\n"
        "3,opn,ann,2026-05-01T09:00:00Z,c,\r\n"
        '4,open,ann,"2026-05-01T09:00:00Z",c,"5"" screen"\r\n'
        "5,open,ann,2026-05-01T09:00:00Z,c,x,y,z\r\n"
        "6,open,,2026-05-01T09:00:00Z,c,x\r\n"
        "7\r\n"
    )
    result = read_dataset(write(events__csv=text))
    assert result.dataset["events"]["event_id"].tolist() == ["1", "4"]
    assert [(r.file, r.line, r.column, r.value) for r in result.rejects] == [
        ("events.csv", 4, "(row)", "2,open"),
        ("events.csv", 6, "event_type", "opn"),
        ("events.csv", 8, "(row)", "5,open,ann,2026-05-01T09:00:00Z,c,x,y,z"),
        ("events.csv", 9, "employee_id", ""),
        ("events.csv", 10, "(row)", "7"),
    ]
    assert result.rejects[0].expected == "6 fields as in the header, found 2"


def test_lines_are_right_across_chunks(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "_BLOCK_BYTES", 200)
    rows = [event(i, kind="opn" if i in {2, 40, 99} else "open") for i in range(100)]
    rows.insert(50, "too,short")
    result = read_dataset(write(events__csv="\n".join([EVENTS_HEADER, *rows]) + "\n"))
    assert len(result.dataset["events"]) == 97
    assert [reject.line for reject in result.rejects] == [4, 42, 52, 102]


def test_a_repeated_key_names_the_line_of_the_first(write: Write) -> None:
    text = f'{CONTENTS}d,"a\nb",2026-05-01T09:00:00Z\nd,x,2026-05-01T09:00:00Z\n'
    (reject,) = read_dataset(write(contents__csv=text)).rejects
    assert (reject.line, reject.value) == (5, "d")
    assert reject.expected == "a content_id that occurs once; first seen in line 3"


def test_an_undecodable_file_is_named_with_byte_and_line_and_a_way_out(write: Write) -> None:
    folder = write(contents__csv=CONTENTS.encode("cp932"))
    with pytest.raises(DatasetError, match=r"not utf-8: byte 32 \(line 2\).*--encoding cp932"):
        read_dataset(folder)
    assert read_dataset(folder, encoding="cp932").dataset["contents"]["title"].tolist() == [
        "ソース"
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_encodings(write: Write, encoding: str) -> None:
    folder = write(contents__csv=f"{CONTENTS}x,表,bad".encode(encoding))
    result = read_dataset(folder, encoding=encoding)
    assert result.dataset["contents"]["title"].tolist() == ["ソース"]
    assert [(r.line, r.value) for r in result.rejects] == [(3, "bad")]


def test_an_unknown_encoding_is_named(write: Write) -> None:
    with pytest.raises(ConfigurationError, match="'klingon' is no text encoding"):
        read_dataset(write(contents__csv=CONTENTS), encoding="klingon")


def test_times_without_zone_need_one(write: Write) -> None:
    folder = write(events__csv=f"{EVENTS_HEADER}\n{event(1, at='2026-05-01 09:00')}\n")
    assert len(read_dataset(folder).rejects) == 1
    (at,) = read_dataset(folder, timezone="Asia/Tokyo").dataset["events"]["occurred_at"]
    assert at == pd.Timestamp("2026-05-01T00:00:00Z")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_header_alone_is_an_empty_table(write: Write, ending: str) -> None:
    result = read_dataset(write(events__csv=EVENTS_HEADER + ending))
    assert len(result.dataset["events"]) == 0
    assert result.rejects == ()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"events__csv": ""}, "is empty; expected a header line"),
        ({"events__csv": "\n\n"}, "is empty; expected a header line"),
        ({"other__csv": "x"}, "holds no known table.*found other.csv"),
        ({"events__csv": "x", "events__parquet": "x"}, "both events.csv and events.parquet"),
        ({"events__csv": "a,b\n"}, "required column event_id.*found: a, b"),
        ({"events__csv": f"{EVENTS_HEADER},event_id\n"}, "'event_id' more than once"),
        ({"events__parquet": "x"}, "no readable Parquet file"),
        (
            {"contents__csv": f'{CONTENTS}d,"opened,x\ne,good,2026-05-01T09:00:00Z\n'},
            "a quote that opens in the record at line 3 is never closed",
        ),
    ],
)
def test_a_file_that_cannot_be_used_stops_with_a_sentence(
    write: Write, files: dict[str, str], sentence: str
) -> None:
    with pytest.raises(DatasetError, match=sentence):
        read_dataset(write(**files))


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is no directory"):
        read_dataset(tmp_path / "nowhere")


def test_a_table_that_was_not_given_is_empty(write: Write) -> None:
    dataset = read_dataset(write(contents__csv=CONTENTS)).dataset
    assert {k: str(v) for k, v in dataset["events"].dtypes.items()} == canonical_dtypes(
        TABLES["events"]
    )


def test_a_parquet_file_without_rows_is_an_empty_table(tmp_path: Path) -> None:
    columns = {name: pa.array([], pa.string()) for name in TABLES["events"].required_names}
    pq.write_table(pa.table(columns), tmp_path / "events.parquet")
    assert len(read_dataset(tmp_path).dataset["events"]) == 0


def test_parquet_keeps_types_and_counts_rows_from_one(tmp_path: Path) -> None:
    big = 2**63 - 1
    table = pa.table(
        {
            "content_id": pa.array([big, None, 5]),
            "title": pa.array(["a", "b", "c"]).dictionary_encode(),
            "published_at": pa.array([1, 2, 3], pa.timestamp("ns", "Asia/Tokyo")),
            "topics": pa.array([["x", "y"], None, []]),
            "mandatory": pa.array([True, None, False]),
            "expires_at": pa.array([None, None, None]),
            "est_minutes": pa.array([1.5, None, float("nan")]),
            "audience": pa.array([{"department": ["sales"]}, None, None]),
            "note": pa.array([{"k": 1}, None, None]),
        }
    )
    pq.write_table(table, tmp_path / "contents.parquet")
    result = read_dataset(tmp_path)
    contents = result.dataset["contents"]
    assert contents["content_id"].tolist() == [str(big), "5"]
    assert contents["topics"].iloc[0] == "x;y"
    assert contents["audience"].iloc[0] == '{"department":["sales"]}'
    assert contents["attributes"].iloc[0] == '{"note":{"k":1}}'
    assert contents["mandatory"].tolist() == [True, False]
    assert [(r.file, r.line, r.column) for r in result.rejects] == [
        ("contents.parquet", 2, "content_id")
    ]


@settings(max_examples=150, deadline=None)
@given(body=st.text('a",\n\r ', max_size=30))
def test_both_readers_agree_on_what_a_record_is(
    tmp_path_factory: pytest.TempPathFactory, body: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "records.csv"
    path.write_bytes(f"h,i\n{body}".encode())
    file = CsvFile.open(path, "utf-8")
    malformed: list[str] = []
    fast = [list(row) for frame in iter_csv(file, malformed) for row in frame.to_numpy()]
    slow = [record.fields for record in iter_records(file)]
    assert fast == [fields for fields in slow if len(fields) == 2]
    assert len(malformed) == len(slow) - len(fast)


# Whatever may stand in a column of each kind, as it looks after one check.
CLEAN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
WORD = CLEAN.map(str.strip).filter(bool)
INSTANT = st.datetimes(
    pd.Timestamp("1970-01-02").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime()
).map(lambda at: pd.Timestamp(at, tz="UTC"))
VALUES: dict[Kind, st.SearchStrategy[object]] = {
    Kind.ID: st.one_of(WORD, st.integers(-(2**63), 2**63 - 1).map(str)),
    Kind.TEXT: CLEAN.filter(str.strip),
    Kind.LIST: st.lists(st.sampled_from(["経営", "it", "a b"]), min_size=1).map(";".join),
    Kind.JSON: st.dictionaries(CLEAN, CLEAN),
    Kind.FLAG: st.booleans(),
    Kind.NUMBER: st.floats(0, 1),
    Kind.INTEGER: st.integers(1, 2**40),
    Kind.TIME: INSTANT,
    Kind.DATE: INSTANT,
}


@st.composite
def frames(draw: st.DrawFn, table: Table) -> pd.DataFrame:
    """Draw a valid raw frame with up to four rows, keys included."""
    n = draw(st.integers(0, 4))
    columns = {}
    for column in table.columns:
        values = st.sampled_from(column.choices) if column.choices else VALUES[column.kind]
        cell = values if column.required else st.one_of(st.none(), values)
        columns[column.name] = pd.Series(draw(st.lists(cell, min_size=n, max_size=n)), dtype=object)
    if table.name == "events":
        columns["content_id"] = columns["content_id"].fillna("c")
        columns["reason"] = pd.Series([None] * n, dtype=object)
    extra = draw(st.lists(st.one_of(st.none(), CLEAN), min_size=n, max_size=n))
    columns["extra"] = pd.Series(extra, dtype=object)
    return pd.DataFrame(columns)


@settings(max_examples=40, deadline=None)
@given(table=st.sampled_from(list(TABLES.values())), data=st.data())
def test_what_was_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, table: Table, data: st.DataObject
) -> None:
    canonical = validate(table, data.draw(frames(table))).frame.reset_index(drop=True)
    if table.name == "events":
        canonical = canonical.sort_values("occurred_at", kind="stable", ignore_index=True)
    folder = tmp_path_factory.mktemp("data")
    # With "\n" alone as line end Python's writer would leave a bare "\r" unquoted.
    canonical.to_csv(folder / f"{table.name}.csv", index=False, lineterminator="\r\n")
    from_csv = read_dataset(folder)
    (folder / f"{table.name}.csv").unlink()
    canonical.to_parquet(folder / f"{table.name}.parquet")
    from_parquet = read_dataset(folder)
    for result in (from_csv, from_parquet):
        assert result.rejects == ()
        assert_frame_equal(result.dataset[table.name], canonical)
