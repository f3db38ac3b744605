"""Which feeds were answered: every slot with the probability it had of being there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from recsys.answers import Slate, SlateItem
from recsys.store.database import Database
from recsys.store.tables import CHANGE_COUNTER, SLATE_SLOTS, SLATES
from recsys.store.tombstones import erased
from recsys.times import from_micros, to_micros

__all__ = ["LoggedSlate", "SlateLog"]


@dataclass(frozen=True, slots=True)
class LoggedSlate:
    """A slate, whom it was for, where and when."""

    employee_id: str
    surface: str
    at: datetime
    slate: Slate


class SlateLog:
    """Slates by employee and request id, in a migrated database; safe for concurrent use.

    What :meth:`keep` returned survives a power failure. Erasing an employee
    (:meth:`recsys.store.port.Store.erase`) deletes their slates.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, logged: LoggedSlate) -> LoggedSlate:
        """Keep a slate and return the one that is kept: of two with one request id the first.

        Nothing is kept of an employee who was erased.
        """
        with self._database.writing() as connection:
            # Shared with other slates, not with an erasure: none may slip in behind its back.
            connection.execute(sa.select(CHANGE_COUNTER.c.last).with_for_update(read=True))
            if erased(connection, [logged.employee_id]):
                return logged
            if connection.scalar(_insert_first(connection, logged)) is None:
                kept = _read(connection, logged.employee_id, logged.slate.request_id)
                return kept or logged
            if logged.slate.items:
                connection.execute(SLATE_SLOTS.insert(), _slot_rows(logged))
        return logged

    def find(self, employee_id: str, request_id: str) -> LoggedSlate | None:
        """Return the slate an employee got for a request id, None if there is none."""
        with self._database.reading() as connection:
            return _read(connection, employee_id, request_id)

    def slots(
        self, requests: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], dict[str, SlateItem]]:
        """Return the slots by content id for each known pair of (employee id, request id)."""
        found: dict[tuple[str, str], dict[str, SlateItem]] = {}
        with self._database.reading() as connection:
            for employee_id, request_id in set(requests):
                logged = _read(connection, employee_id, request_id)
                if logged is not None:
                    items = {item.content_id: item for item in logged.slate.items}
                    found[employee_id, request_id] = items
        return found


def _insert_first(connection: sa.Connection, logged: LoggedSlate) -> ReturningInsert[tuple[str]]:
    """Return an insert that returns nothing if the slate is there already."""
    slate = logged.slate
    row = {
        "employee_id": logged.employee_id,
        "request_id": slate.request_id,
        "surface": logged.surface,
        "at": to_micros(logged.at),
        "model_version": slate.model_version,
        "policy_version": slate.policy_version,
        "degraded": slate.degraded,
        "must_reads_waiting": slate.must_reads_waiting,
    }
    if connection.dialect.name == "sqlite":
        unless_there = sqlite.insert(SLATES).values(row).on_conflict_do_nothing()
        return unless_there.returning(SLATES.c.request_id)
    return (
        postgresql.insert(SLATES)
        .values(row)
        .on_conflict_do_nothing()
        .returning(SLATES.c.request_id)
    )


def _slot_rows(logged: LoggedSlate) -> list[dict[str, Any]]:
    return [
        {
            "employee_id": logged.employee_id,
            "request_id": logged.slate.request_id,
            "position": item.position,
            "content_id": item.content_id,
            "rendition_id": item.rendition_id,
            "format": item.format,
            "score": item.score,
            "slot_type": item.slot_type,
            "propensity": item.propensity,
            "rendition_propensity": item.rendition_propensity,
            "reasons": ";".join(item.reasons),
        }
        for item in logged.slate.items
    ]


def _read(connection: sa.Connection, employee_id: str, request_id: str) -> LoggedSlate | None:
    head = connection.execute(_of(SLATES, employee_id, request_id)).first()
    if head is None:
        return None
    query = _of(SLATE_SLOTS, employee_id, request_id).order_by(SLATE_SLOTS.c.position)
    items = tuple(_item(row) for row in connection.execute(query))
    slate = Slate(
        request_id, head.model_version, head.policy_version, head.degraded, items,
        head.must_reads_waiting,
    )  # fmt: skip
    return LoggedSlate(employee_id, head.surface, from_micros(head.at), slate)


def _of(table: sa.Table, employee_id: str, request_id: str) -> sa.Select[Any]:
    mine = (table.c.employee_id == employee_id) & (table.c.request_id == request_id)
    return sa.select(table).where(mine)


def _item(row: sa.Row[Any]) -> SlateItem:
    return SlateItem(
        row.content_id, row.rendition_id, row.format, row.position, row.score, row.slot_type,
        row.propensity, row.rendition_propensity, tuple(filter(None, row.reasons.split(";"))),
    )  # fmt: skip
