"""One number line over everything that changes.

A writer first waits for its turn: it locks the one row of ``change_counter`` until it commits.
Numbers are therefore given out in the order in which they become visible, and a follower may ask
for "above n" without ever missing a slower transaction. A database sequence would not do: it
hands out 1 and 2 to two open transactions, and whoever reads 2 first never looks for 1 again.

Events carry their number themselves; every other change is a row of ``catalogue_log``, which
keeps each version as JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
import orjson
import pandas as pd
import sqlalchemy as sa

from recsys.schema import Table
from recsys.store.bulk import CHANGE_NUMBER, insert_rows, read_frame
from recsys.store.port import Changes
from recsys.store.rows import Row, to_frame
from recsys.store.tables import (
    CATALOGUE_LOG,
    CHANGE_COUNTER,
    EVENTS,
    STORED,
    database_table,
    stored_columns,
    subject_column,
)
from recsys.times import to_micros

__all__ = [
    "LAST_NUMBER",
    "TAKE_TURN",
    "draw_numbers",
    "last_number",
    "read_changes",
    "record",
    "take_turn",
]


def take_turn(connection: sa.Connection) -> None:
    """Wait until no other writer is open, and keep others waiting until the commit.

    On SQLite, which knows no row locks, the write transaction itself has done so.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(CHANGE_COUNTER.c.last).with_for_update())


LAST_NUMBER = "SELECT last FROM change_counter"
TAKE_TURN = f"{LAST_NUMBER} FOR UPDATE"
"""What :func:`last_number` and :func:`take_turn` ask, for a :class:`recsys.store.line.Line`."""


def draw_numbers(connection: sa.Connection, count: int) -> range:
    """Return the next ``count`` numbers; they exist only if the transaction commits."""
    statement = CHANGE_COUNTER.update().values(last=CHANGE_COUNTER.c.last + count)
    last: int = connection.execute(statement.returning(CHANGE_COUNTER.c.last)).scalar_one()
    return range(last - count + 1, last + 1)


def last_number(connection: sa.Connection) -> int:
    """Return the highest committed number."""
    last: int = connection.execute(sa.select(CHANGE_COUNTER.c.last)).scalar_one()
    return last


def record(
    connection: sa.Connection, table: Table, rows: Sequence[Row], *, recorded_at: datetime
) -> range:
    """Append versions of rows of ``table`` to the catalogue log and return their numbers."""
    names = [column.name for column in stored_columns(table)]
    subject = names.index(subject_column(table))
    numbers = draw_numbers(connection, len(rows))
    at = to_micros(recorded_at)
    entries: Iterator[Row] = (
        (number, table.name, row[subject], _dump(names, row), at)
        for number, row in zip(numbers, rows, strict=True)
    )
    insert_rows(connection, CATALOGUE_LOG, entries)
    return numbers


def _dump(names: Sequence[str], row: Row) -> str:
    filled = {name: value for name, value in zip(names, row, strict=True) if value is not None}
    return orjson.dumps(filled).decode()


def read_changes(connection: sa.Connection, after: int, limit: int) -> list[Changes]:
    """Return the changes numbered above ``after``, at most ``limit``, as runs in number order.

    Events and catalogue are read apart, but in one snapshot: neither is ahead of the other.
    """
    number = database_table(EVENTS).c.number
    events = read_frame(connection, EVENTS, number > after, limit=limit)
    return _runs({EVENTS.name: events} | _read_catalogue(connection, after, limit), limit)


def _read_catalogue(connection: sa.Connection, after: int, limit: int) -> dict[str, pd.DataFrame]:
    log = CATALOGUE_LOG.c
    query = sa.select(log.number, log.table_name, log.row).where(log.number > after)
    entries: dict[str, list[tuple[int, str]]] = {}
    for number, table_name, row in connection.execute(query.order_by(log.number).limit(limit)):
        entries.setdefault(table_name, []).append((number, row))
    return {name: _decode(STORED[name], found) for name, found in entries.items()}


def _decode(table: Table, entries: Sequence[tuple[int, str]]) -> pd.DataFrame:
    rows = [orjson.loads(row) for _, row in entries]
    columns = [[row.get(column.name) for row in rows] for column in stored_columns(table)]
    numbers = np.array([number for number, _ in entries], np.int64)
    return to_frame(table, columns).assign(**{CHANGE_NUMBER: numbers})


def _runs(frames: Mapping[str, pd.DataFrame], limit: int) -> list[Changes]:
    """Merge frames, each in number order, into runs of one table; at most ``limit`` rows."""
    names = list(frames)
    sizes = [len(frames[name]) for name in names]
    numbers = np.concatenate([frames[name][CHANGE_NUMBER].to_numpy(np.int64) for name in names])
    sources = np.repeat(np.arange(len(names)), sizes)
    places = np.concatenate([np.arange(size) for size in sizes])
    order = np.argsort(numbers)[:limit]
    if len(order) == 0:
        return []
    runs: list[Changes] = []
    for run in np.split(order, np.flatnonzero(np.diff(sources[order])) + 1):
        name, first, last = names[sources[run[0]]], places[run[0]], places[run[-1]]
        frame = frames[name].iloc[first : last + 1].reset_index(drop=True)
        runs.append(Changes(name, frame, int(numbers[run[-1]])))
    return runs
