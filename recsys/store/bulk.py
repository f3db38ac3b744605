"""Many rows in and out of a table at the speed of the driver."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import orjson
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from recsys.schema import Table
from recsys.store.rows import Row, Value, to_frame
from recsys.store.tables import database_table, stored_columns

__all__ = [
    "CHANGE_NUMBER",
    "among",
    "count_rows",
    "delete_numbers",
    "insert_rows",
    "present",
    "read_frame",
    "rows_where",
]

CHANGE_NUMBER = "change_number"
"""Column of a frame that came out of the change log: int64."""

_PARTITION = 50_000
"""Rows held as Python objects at a time while reading."""


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    """Insert rows whose values are in the order of the table's columns.

    SQLAlchemy's own insert takes dictionaries and looks at every value; at a million events that
    is most of an import. SQLite takes the tuples as they are; PostgreSQL copies a stream.
    """
    if connection.dialect.name == "sqlite":
        batch = list(rows)
        if batch:
            connection.exec_driver_sql(_insert_text(table, connection.dialect.paramstyle), batch)
        return
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.columns)
    driver_connection: Any = connection.connection.driver_connection
    with (
        driver_connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


@cache
def _insert_text(table: sa.Table, paramstyle: Any) -> str:  # noqa: ANN401  (a literal of SQLAlchemy)
    return str(table.insert().compile(dialect=sqlite.dialect(paramstyle=paramstyle)))


def present(
    connection: sa.Connection, column: sa.Column[str], values: Iterable[Value]
) -> set[Value]:
    """Return those of ``values`` that occur in ``column``."""
    return set(connection.scalars(sa.select(column).where(among(connection, column, values))))


def rows_where(
    connection: sa.Connection, table: sa.Table, column: str, values: Iterable[Value]
) -> list[Row]:
    """Return the whole rows, ``number`` first, whose ``column`` is one of ``values``."""
    query = sa.select(table).where(among(connection, table.c[column], values))
    return [tuple(row) for row in connection.execute(query)]


def delete_numbers(connection: sa.Connection, table: sa.Table, numbers: Iterable[Value]) -> None:
    """Delete the rows that were written by the changes ``numbers``."""
    connection.execute(table.delete().where(among(connection, table.c.number, numbers)))


def among(
    connection: sa.Connection, column: sa.Column[Any], values: Iterable[Value]
) -> sa.ColumnElement[bool]:
    """Return "column is one of values" with all values in one parameter.

    An IN list has one parameter per value: too many for a chunk of an import, and slow to render.
    """
    distinct = list(dict.fromkeys(values))
    if connection.dialect.name == "sqlite":
        listed = sa.func.json_each(orjson.dumps(distinct).decode()).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    return column == sa.any_(sa.literal(distinct, sa.ARRAY(column.type)))


def count_rows(connection: sa.Connection, table: Table) -> int:
    """Return the number of stored rows."""
    query = sa.select(sa.func.count()).select_from(database_table(table))
    rows: int = connection.execute(query).scalar_one()
    return rows


def read_frame(
    connection: sa.Connection,
    table: Table,
    *conditions: sa.ColumnElement[bool],
    limit: int | None = None,
) -> pd.DataFrame:
    """Return rows of ``table`` in the order they were written, with their ``change_number``."""
    stored = database_table(table)
    query = sa.select(stored).where(*conditions).order_by(stored.c.number).limit(limit)
    options = {"stream_results": True, "max_row_buffer": _PARTITION}
    result = connection.execute(query, execution_options=options)
    parts = [
        _numbered(table, list(zip(*part, strict=True))) for part in result.partitions(_PARTITION)
    ]
    return pd.concat(parts, ignore_index=True) if parts else _numbered(table, _no_columns(table))


def _numbered(table: Table, columns: Sequence[Sequence[Any]]) -> pd.DataFrame:
    numbers, *values = columns
    return to_frame(table, values).assign(**{CHANGE_NUMBER: np.array(numbers, np.int64)})


def _no_columns(table: Table) -> list[list[Any]]:
    return [[] for _ in (CHANGE_NUMBER, *stored_columns(table))]
