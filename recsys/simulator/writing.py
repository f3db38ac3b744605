"""Rows to files: whole tables at once, events in pieces, as Parquet or CSV."""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from recsys.schema import EVENT_TYPES, TABLES, Kind, Table
from recsys.simulator.log import REASONS
from recsys.simulator.traits import Records

__all__ = ["EventNames", "FileFormat", "TableFile", "arrow_schema", "event_table", "write_frame"]

FileFormat = Literal["parquet", "csv"]

_TIME = pa.timestamp("us", tz="UTC")
_TYPES: dict[Kind, pa.DataType] = {
    Kind.FLAG: pa.bool_(),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.TIME: _TIME,
    Kind.DATE: _TIME,
}
_SURFACES = ("portal", "mobile")
_DEVICES = ("desktop", "mobile")


def arrow_schema(table: Table) -> pa.Schema:
    """Return the types of a canonical file of ``table``; all kinds of text are strings."""
    return pa.schema([(c.name, _TYPES.get(c.kind, pa.string())) for c in table.columns])


class TableFile:
    """One file that takes a table in pieces. Use as a context manager."""

    def __init__(self, stem: Path, schema: pa.Schema, file_format: FileFormat) -> None:
        self.path = stem.with_name(f"{stem.name}.{file_format}")
        self._schema = schema
        self._writer: pq.ParquetWriter | pa_csv.CSVWriter
        if file_format == "parquet":
            # Without the stored Arrow schema a reader sees plain strings, not dictionaries.
            self._writer = pq.ParquetWriter(
                self.path, schema, compression="zstd", store_schema=False
            )
        else:
            self._writer = pa_csv.CSVWriter(self.path, _as_text(schema.empty_table()).schema)
        self._is_csv = file_format == "csv"

    def write(self, piece: pa.Table) -> None:
        """Append the rows of ``piece``."""
        piece = piece.cast(self._schema)
        self._writer.write_table(_as_text(piece) if self._is_csv else piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()


def _as_text(piece: pa.Table) -> pa.Table:
    """Return the table with instants as ISO 8601 text; Arrow's CSV would leave out the T."""
    for index, field in enumerate(piece.schema):
        if field.type == _TIME:
            text = pc.replace_substring(piece.column(index).cast(pa.string()), " ", "T")
            piece = piece.set_column(index, field.name, text)
    return piece


def write_frame(directory: Path, name: str, frame: pd.DataFrame, file_format: FileFormat) -> None:
    """Write a whole canonical table: the declared columns ``frame`` has, then its own, as texts."""
    declared = arrow_schema(TABLES[name])
    fields = [field for field in declared if field.name in frame.columns]
    own = [c for c in frame.columns if c not in declared.names]
    schema = pa.schema(fields + [pa.field(c, pa.string()) for c in own])
    columns = {field.name: _column(frame[field.name], field.type) for field in schema}
    with TableFile(directory / name, schema, file_format) as file:
        file.write(pa.table(columns, schema))


def _column(values: "pd.Series[Any]", kind: pa.DataType) -> pa.Array:
    if kind == _TIME:
        values = values.dt.tz_convert(None)
    return pa.array(values.to_numpy(), from_pandas=True).cast(kind)


class EventNames:
    """External ids of what a log refers to by index."""

    def __init__(
        self,
        employees: Iterable[str],
        contents: Iterable[str],
        renditions: Iterable[str],
        mobile: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    ) -> None:
        self.employees = pa.array(employees, pa.string())
        self.contents = pa.array(contents, pa.string())
        self.renditions = pa.array(renditions, pa.string())
        self.mobile = mobile
        """Whether each visit was made on a phone."""


def event_table(
    rows: Records, first_number: int, names: EventNames, *, prefix: str = "ev-"
) -> pa.Table:
    """Return log rows as a piece of ``events``, numbered on from ``first_number``."""
    n = len(rows)
    visit, page, mobile = rows["visit"], rows["page"], names.mobile[rows["visit"]]
    session = _numbered("visit-", visit, 8)
    on_page = page >= 0
    request = pc.binary_join_element_wise(session, pa.array(page).cast(pa.string()), ".")
    columns = {
        "event_id": _numbered(prefix, np.arange(first_number, first_number + n), 9),
        "event_type": _named(rows["kind"], pa.array(EVENT_TYPES)),
        "employee_id": _named(rows["employee"], names.employees),
        "occurred_at": pa.array(rows["time"]).cast(_TIME),
        "content_id": _named(rows["content"], names.contents),
        "rendition_id": _named(rows["rendition"], names.renditions),
        "surface": _named(mobile, pa.array(_SURFACES)),
        "device": _named(mobile, pa.array(_DEVICES)),
        "session_id": session,
        "position": pa.array(rows["position"].astype(np.int64), mask=rows["position"] == 0),
        "request_id": pc.if_else(pa.array(on_page), request, pa.scalar(None, pa.string())),
        "propensity": _number(rows["propensity"]),
        "rendition_propensity": _number(rows["rendition_propensity"]),
        "dwell_seconds": _number(rows["dwell"]),
        "progress_share": _number(rows["progress"]),
        "reason": _named(rows["reason"], pa.array(REASONS)),
    }
    schema = arrow_schema(TABLES["events"])
    empty = {f.name: pa.nulls(n, f.type) for f in schema if f.name not in columns}
    return pa.table({f.name: (columns | empty)[f.name] for f in schema})


def _named(
    codes: "np.ndarray[tuple[int], np.dtype[np.signedinteger]]", values: pa.Array
) -> pa.Array:
    """Return the values at ``codes``, null for −1."""
    return pc.take(values, pa.array(codes, mask=codes < 0))


def _number(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> pa.Array:
    return pa.array(values, from_pandas=True)


def _numbered(
    prefix: str, numbers: "np.ndarray[tuple[int], np.dtype[np.signedinteger]]", width: int
) -> pa.Array:
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")
