"""Writing events: append-only, the first write of an ``event_id`` wins."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from recsys.plain_events import PlainEvent
from recsys.schema import TABLES
from recsys.store.bulk import insert_rows, present
from recsys.store.change_log import draw_numbers
from recsys.store.port import Appended, Fate, WriteReport
from recsys.store.rows import Row, to_columns
from recsys.store.tables import EVENTS, database_table, stored_columns
from recsys.store.tombstones import erased
from recsys.times import from_micros, to_micros

__all__ = ["append_events", "count_parked", "events_of", "write_events"]

_NAMES = tuple(column.name for column in stored_columns(EVENTS))


def write_events(
    connection: sa.Connection, frame: pd.DataFrame, *, received_at: datetime
) -> WriteReport:
    """Insert the events of ``frame`` that are new; the writer's turn has been taken."""
    events = database_table(EVENTS)
    fresh = frame.drop_duplicates("event_id")
    known = present(connection, events.c.event_id, fresh["event_id"])
    fresh = _received(fresh[~fresh["event_id"].isin(known)], received_at)
    if not fresh.empty:
        numbers = draw_numbers(connection, len(fresh))
        rows = zip(numbers, *to_columns(EVENTS, fresh), strict=True)
        insert_rows(connection, events, rows)
    return WriteReport(
        inserted=len(fresh),
        unchanged=len(frame) - len(fresh),
        parked=_parked_among(connection, fresh["content_id"].dropna()),
    )


def append_events(connection: sa.Connection, events: Sequence[PlainEvent]) -> Appended:
    """Insert the events that are new; the writer's turn has been taken."""
    table = database_table(EVENTS)
    gone = erased(connection, {event["employee_id"] for event in events})
    seen = present(connection, table.c.event_id, (event["event_id"] for event in events))
    fates: list[Fate] = []
    fresh: list[PlainEvent] = []
    for event in events:
        if event["employee_id"] in gone:
            fates.append("refused")
        elif event["event_id"] in seen:
            fates.append("duplicate")
        else:
            seen.add(event["event_id"])
            fresh.append(event)
            fates.append("inserted")
    numbers = draw_numbers(connection, len(fresh)) if fresh else range(0)
    if fresh:
        insert_rows(connection, table, map(_row, numbers, fresh))
    return Appended(fates, numbers)


def events_of(frame: pd.DataFrame) -> list[PlainEvent]:
    """Return the rows of a canonical frame one by one, attributes included."""
    rows = zip(*to_columns(EVENTS, frame), strict=True)
    return [
        {name: value for name, value in zip(_NAMES, row, strict=True) if value is not None}
        for row in rows
    ]


def _row(number: int, event: PlainEvent) -> Row:
    position = event.get("position")
    if type(position) is float:  # the column holds whole numbers
        event = event | {"position": int(position)}
    return (number, *map(event.get, _NAMES))


def _received(frame: pd.DataFrame, received_at: datetime) -> pd.DataFrame:
    arrival = pd.Timestamp(from_micros(to_micros(received_at)))
    return frame.assign(received_at=frame["received_at"].fillna(arrival))


def _parked_among(connection: sa.Connection, content_ids: "pd.Series[str]") -> int:
    known = present(connection, _contents().c.content_id, content_ids.unique())
    return int((~content_ids.isin(known)).sum())


def count_parked(connection: sa.Connection) -> int:
    """Return how many stored events wait for a content that has not arrived.

    Computed, not kept: a mark on the events would have to be kept true by every catalogue write.
    """
    events, contents = database_table(EVENTS), _contents()
    arrived = sa.exists().where(contents.c.content_id == events.c.content_id)
    query = sa.select(sa.func.count()).where(events.c.content_id.is_not(None), ~arrived)
    parked: int = connection.execute(query).scalar_one()
    return parked


def _contents() -> sa.Table:
    return database_table(TABLES["contents"])
