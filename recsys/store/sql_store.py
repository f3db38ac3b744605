"""The store on SQLite or PostgreSQL: one adapter of :class:`recsys.store.port.Store`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property

import pandas as pd
import sqlalchemy as sa

from recsys.dataset.dataset import Dataset
from recsys.plain_events import PlainEvent
from recsys.schema import TABLES
from recsys.store import migration
from recsys.store.bulk import CHANGE_NUMBER, among, count_rows, read_frame
from recsys.store.catalogue import upsert
from recsys.store.change_log import LAST_NUMBER, last_number, read_changes, take_turn
from recsys.store.database import Database
from recsys.store.events import append_events, count_parked, write_events
from recsys.store.port import Appended, Changes, EventCount, Store, WriteReport
from recsys.store.tables import EVENTS, STORED, TOMBSTONES, database_table, subject_column
from recsys.store.tombstones import erase, erased, read_salt, tombstone
from recsys.times import to_micros

__all__ = ["SqlStore", "open_store"]


def open_store(url: str) -> Store:
    """Return the store at a database URL; nothing is connected or created before its first use.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``.

    Raises
    ------
    ConfigurationError
        When the URL cannot be read or names another kind of database.
    """
    return SqlStore(Database(url))


class SqlStore:
    """A :class:`Store` over SQLAlchemy Core; the docstrings of the port hold."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking = database.line()
        self._is_current = False

    def migrate(self) -> None:
        """Run the missing Alembic revisions; programs that start together wait for each other."""
        migration.migrate(self._database)

    def write(self, table: str, frame: pd.DataFrame, *, received_at: datetime) -> WriteReport:
        """Write one frame in one transaction; callers cut large ones (50,000 rows do well)."""
        spec = TABLES[table]
        with self._writing() as connection:
            accepted = _without_erased(connection, frame)
            if spec is EVENTS:
                report = write_events(connection, accepted, received_at=received_at)
            else:
                report = upsert(connection, spec, accepted, received_at=received_at)
        return replace(report, refused=len(frame) - len(accepted))

    def append(self, events: Sequence[PlainEvent]) -> Appended:
        """Append in one transaction; some thousand events do well."""
        with self._writing() as connection:
            return append_events(connection, events)

    def load(self, *, until: datetime | None = None) -> Dataset:
        """Read all tables in one snapshot; about 7 s for a million events."""
        frames = {}
        with self._reading() as connection:
            for name, table in TABLES.items():
                conditions = _known_before(until) if table is EVENTS else ()
                frame = read_frame(connection, table, *conditions)
                frames[name] = frame.drop(columns=CHANGE_NUMBER)
        frames["events"] = _in_time_order(frames["events"])
        return Dataset(frames)

    def find(self, table: str, *subject_ids: str) -> pd.DataFrame:
        """Look up by the first column, which every key begins with."""
        spec = TABLES[table]
        column = database_table(spec).c[subject_column(spec)]
        with self._reading() as connection:
            frame = read_frame(connection, spec, among(connection, column, subject_ids))
        return frame.drop(columns=CHANGE_NUMBER)

    def page(
        self, table: str, *, after: str = "", limit: int, where: Mapping[str, str] | None = None
    ) -> pd.DataFrame:
        """Order by bytes of UTF-8, on both databases, which is the order of code points."""
        spec = TABLES[table]
        if len(spec.key) != 1:
            raise KeyError(table)
        stored = database_table(spec)
        subject = stored.c[subject_column(spec)]
        with self._reading() as connection:
            is_sqlite = connection.dialect.name == "sqlite"
            by_bytes = sa.collate(subject, "BINARY" if is_sqlite else "C")
            wanted = [stored.c[name] == value for name, value in (where or {}).items()]
            query = sa.select(subject).where(by_bytes > after, *wanted)
            chosen = list(connection.scalars(query.order_by(by_bytes).limit(limit)))
            frame = read_frame(connection, spec, subject.in_(chosen))
        rows = frame.set_index(subject.name, drop=False).loc[chosen]
        return rows.drop(columns=CHANGE_NUMBER).reset_index(drop=True)

    def event_counts(self, *, since: datetime) -> list[EventCount]:
        """Count in the database; there is no index by time, which every write would pay for."""
        events = database_table(EVENTS).c
        query = (
            sa.select(
                events.event_type, sa.func.count(), sa.func.count(events.employee_id.distinct())
            )
            .where(events.occurred_at >= to_micros(since))
            .group_by(events.event_type)
        )
        with self._reading() as connection:
            return [EventCount(*row) for row in connection.execute(query)]

    def changes(self, after: int, *, limit: int = 10_000) -> Iterator[Changes]:
        """Read one page of the log; no transaction stays open while the caller works on it."""
        with self._reading() as connection:
            runs = read_changes(connection, after, limit)
        yield from runs

    def last_change(self) -> int:
        """Read the change counter; quick enough to be asked before every answer."""
        if not self._is_current:
            with self._reading() as connection:
                return last_number(connection)
        return int(self._asking.ask(LAST_NUMBER))

    def erase(self, employee_id: str, *, at: datetime) -> dict[str, int]:
        """Delete from the tables and from the log, and record the tombstone."""
        with self._writing() as connection:
            return erase(connection, employee_id, at=at)

    def erased_since(self, number: int) -> bool:
        """Look for a tombstone."""
        stones = database_table(STORED[TOMBSTONES.name])
        with self._reading() as connection:
            found = connection.execute(sa.select(stones.c.number).where(stones.c.number > number))
            return found.first() is not None

    def tombstone_hash(self, employee_id: str) -> str:
        """Hash with the salt of this database, which is read once."""
        return tombstone(self._salt, employee_id)

    def counts(self) -> dict[str, int]:
        """Count in one snapshot."""
        with self._reading() as connection:
            rows = {name: count_rows(connection, table) for name, table in STORED.items()}
            return rows | {"parked": count_parked(connection)}

    def close(self) -> None:
        """Close the connection pool."""
        self._database.close()

    @cached_property
    def _salt(self) -> str:
        with self._reading() as connection:
            return read_salt(connection)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._database.reading() as connection:
            self._check_version(connection)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._database.writing() as connection:
            self._check_version(connection)
            take_turn(connection)
            yield connection

    def _check_version(self, connection: sa.Connection) -> None:
        if not self._is_current:
            migration.check_current(connection)
            self._is_current = True


def _without_erased(connection: sa.Connection, frame: pd.DataFrame) -> pd.DataFrame:
    if "employee_id" not in frame:
        return frame
    gone = erased(connection, frame["employee_id"].unique())
    return frame[~frame["employee_id"].isin(gone)] if gone else frame


def _known_before(until: datetime | None) -> tuple[sa.ColumnElement[bool], ...]:
    if until is None:
        return ()
    events, before = database_table(EVENTS), to_micros(until)
    return (events.c.occurred_at < before, events.c.received_at < before)


def _in_time_order(events: pd.DataFrame) -> pd.DataFrame:
    """Order by ``occurred_at``, ties as they were written (the order they come in)."""
    if events["occurred_at"].is_monotonic_increasing:
        return events
    return events.sort_values("occurred_at", kind="stable", ignore_index=True)
