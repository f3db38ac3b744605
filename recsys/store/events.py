"""Writing events: append-only, the first write of an ``event_id`` wins."""

from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from recsys.schema import TABLES
from recsys.store.bulk import insert_rows, present
from recsys.store.change_log import draw_numbers
from recsys.store.port import WriteReport
from recsys.store.rows import to_columns
from recsys.store.tables import EVENTS, database_table
from recsys.times import from_micros, to_micros

__all__ = ["count_parked", "write_events"]


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
