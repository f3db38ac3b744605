"""Lists of units, as files that people have at hand."""

import csv
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import DatasetError

__all__ = ["UnitList", "read_units"]

_KNOWN_HEADERS = (
    "employee_id",
    "unit",
    "unit_id",
    "user_id",
    "id",
    "team_id",
    "department",
    "site",
)
"""Columns looked for, in this order, where none is named."""


@dataclass(frozen=True)
class UnitList:
    """The ids in the file's order, and how many rows had none."""

    units: tuple[str, ...]
    n_empty: int


def read_units(path: Path, column: str | None = None) -> UnitList:
    """Read ids from a CSV or Parquet file with a header, or from a plain list, one id a line.

    A file of one column is a plain list unless its first line is one of the usual headers
    (``employee_id``, ``unit``, ``id`` …) or ``column``. Ids are text: ``007`` stays ``007``;
    blanks around an id do not belong to it.

    Raises
    ------
    DatasetError
        If the file holds nothing, is not UTF-8, or it is unclear which column holds the ids.
    """
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    if not rows:
        raise DatasetError(f"{path} is empty, expected one unit a line")
    header = [name.strip() for name in rows[0]]
    place = _place(path, header, column)
    body = rows if place is None else rows[1:]
    ids = [row[place or 0].strip() if len(row) > (place or 0) else "" for row in body]
    units = tuple(unit for unit in ids if unit)
    return UnitList(units, len(ids) - len(units))


def _place(path: Path, header: list[str], column: str | None) -> int | None:
    """Return which column holds the ids; None: the file has no header."""
    if column is not None:
        if column in header:
            return header.index(column)
        raise DatasetError(f"{path} has no column {column!r}; it has {', '.join(header)}")
    for name in _KNOWN_HEADERS:
        if name in header:
            return header.index(name)
    if len(header) == 1:
        return None
    raise DatasetError(
        f"{path} has the columns {', '.join(header)}; name the one that holds the units (--unit)"
    )


def _csv_rows(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row for row in csv.reader(file) if row]  # an empty line is no row
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read as CSV in UTF-8: {error}") from None


def _parquet_rows(path: Path) -> list[list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise DatasetError(f"{path} cannot be read as Parquet: {error}") from None
    columns = [["" if v is None else str(v) for v in c.to_pylist()] for c in table.columns]
    return [list(table.column_names), *(list(row) for row in zip(*columns, strict=True))]
