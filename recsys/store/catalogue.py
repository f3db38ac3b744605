"""Writing catalogue rows: a row replaces the one with its key, whole; the log keeps both."""

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from recsys.schema import TABLES, Table
from recsys.store.bulk import delete_numbers, insert_rows, rows_where
from recsys.store.change_log import record
from recsys.store.port import WriteReport
from recsys.store.rows import Row, to_columns
from recsys.store.tables import database_table, subject_column
from recsys.store.upserts import keyed, plan, with_valid_from
from recsys.times import to_micros

__all__ = ["upsert"]


def upsert(
    connection: sa.Connection, table: Table, frame: pd.DataFrame, *, received_at: datetime
) -> WriteReport:
    """Insert or replace the rows of ``frame``; the writer's turn has been taken.

    Writers are alone, so what is compared here is what is replaced.
    """
    stored, subject = database_table(table), subject_column(table)
    found = rows_where(connection, stored, subject, frame[subject])
    rows = _rows(table, frame, found, to_micros(received_at))
    current = list(keyed(table, (row[1:] for row in found)))
    todo = plan(keyed(table, rows), dict(current))
    if todo.changed:
        numbers = record(
            connection, table, [row for _, row in todo.changed], recorded_at=received_at
        )
        latest = {
            key: (number, *row) for number, (key, row) in zip(numbers, todo.changed, strict=True)
        }
        old = (row[0] for row, (key, _) in zip(found, current, strict=True) if key in latest)
        delete_numbers(connection, stored, old)
        insert_rows(connection, stored, latest.values())
    return WriteReport(todo.inserted, todo.updated, todo.unchanged)


def _rows(
    table: Table, frame: pd.DataFrame, found: Iterable[Row], received_at: int
) -> Iterable[Row]:
    rows = zip(*to_columns(table, frame), strict=True)
    if table is TABLES["employees"]:
        return with_valid_from(rows, (row[1:] for row in found), received_at)
    return rows
