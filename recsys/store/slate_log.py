"""Which feeds were answered: every slot with the probability it had of being there."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Any

import orjson
import sqlalchemy as sa

from recsys.answers import Slate, SlateItem
from recsys.store.bulk import insert_rows
from recsys.store.change_log import take_turn
from recsys.store.database import Database
from recsys.store.rows import Row
from recsys.store.tables import SLATE_SLOTS, SLATES
from recsys.store.tombstones import erased
from recsys.times import from_micros, to_micros

__all__ = ["LoggedSlate", "Request", "SlateLog"]

_MOST_RECENT = 2_000
"""Slates remembered, some 10 MB: those of the last seconds in a busy hour."""

Request = tuple[str, str]
"""Employee id and request id. Callers choose request ids, so each employee has their own."""


@dataclass(frozen=True, slots=True)
class LoggedSlate:
    """A slate, whom it was for, where and when."""

    employee_id: str
    surface: str
    at: datetime
    slate: Slate

    @property
    def request(self) -> Request:
        """Return what the slate is found by."""
        return self.employee_id, self.slate.request_id


class SlateLog:
    """Slates by employee and request id, in a migrated database; safe for concurrent use.

    What :meth:`write` returned survives a power failure. Erasing an employee
    (:meth:`recsys.store.port.Store.erase`) deletes their slates.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: OrderedDict[Request, dict[str, SlateItem]] = OrderedDict()
        self._lock = Lock()

    def keep(self, logged: LoggedSlate) -> LoggedSlate:
        """Keep one slate, as :meth:`write` does."""
        return self.write([logged])[0]

    def write(self, slates: Sequence[LoggedSlate]) -> list[LoggedSlate]:
        """Keep slates in one transaction and return, for each, the whole slate that is kept.

        Of two with one request id the first one counts, unless the later one continues it: its
        positions follow those that are kept. Nothing is kept of an employee who was erased.
        """
        with self._database.writing() as connection:
            take_turn(connection)
            gone = erased(connection, {logged.employee_id for logged in slates})
            kept = _read(connection, {logged.request for logged in slates})
            results, begun, grown = [], [], []
            for logged in slates:
                if logged.employee_id in gone:
                    results.append(logged)
                    continue
                known = kept.get(logged.request)
                if known is None:
                    begun.append(logged)
                    kept[logged.request] = logged
                elif _continues(logged, known):
                    grown.append(logged)
                    kept[logged.request] = _joined(known, logged)
                results.append(kept[logged.request])
            if begun:
                insert_rows(connection, SLATES, map(_head_row, begun))
            for logged in grown:
                connection.execute(_growth(logged))
            slots = [row for logged in (*begun, *grown) for row in _slot_rows(logged)]
            if slots:
                insert_rows(connection, SLATE_SLOTS, slots)
        self._remember(begun, {logged.request for logged in grown})
        return results

    def find(self, employee_id: str, request_id: str) -> LoggedSlate | None:
        """Return the slate an employee got for a request id, None if there is none."""
        request = employee_id, request_id
        with self._database.reading() as connection:
            return _read(connection, [request]).get(request)

    def slots(self, requests: Iterable[Request]) -> dict[Request, dict[str, SlateItem]]:
        """Return the slots by content id for each known pair of (employee id, request id).

        What this process wrote lately is remembered: most events follow their feed at once.
        """
        distinct = set(requests)
        with self._lock:
            found = {pair: self._recent[pair] for pair in distinct & self._recent.keys()}
        if missing := distinct - found.keys():
            with self._database.reading() as connection:
                read = _read(connection, missing)
            found |= {request: _by_content(logged) for request, logged in read.items()}
        return found

    def forget(self) -> None:
        """Forget what is remembered; call after somebody was erased."""
        with self._lock:
            self._recent.clear()

    def _remember(self, begun: Iterable[LoggedSlate], grown: Collection[Request]) -> None:
        with self._lock:
            for request in grown:  # to be read whole
                self._recent.pop(request, None)
            for logged in begun:
                if logged.request not in grown:
                    self._recent[logged.request] = _by_content(logged)
            while len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)


def _by_content(logged: LoggedSlate) -> dict[str, SlateItem]:
    return {item.content_id: item for item in logged.slate.items}


def _continues(logged: LoggedSlate, known: LoggedSlate) -> bool:
    items = logged.slate.items
    return bool(items) and items[0].position == len(known.slate.items) + 1


def _joined(known: LoggedSlate, more: LoggedSlate) -> LoggedSlate:
    slate = replace(
        known.slate, items=(*known.slate.items, *more.slate.items), is_whole=more.slate.is_whole,
        must_reads_waiting=more.slate.must_reads_waiting,
    )  # fmt: skip
    return replace(known, slate=slate)


def _head_row(logged: LoggedSlate) -> Row:
    slate = logged.slate
    return (
        logged.employee_id, slate.request_id, logged.surface, to_micros(logged.at),
        slate.model_version, slate.policy_version, slate.degraded, slate.must_reads_waiting,
        slate.is_whole,
    )  # fmt: skip


def _slot_rows(logged: LoggedSlate) -> Iterable[Row]:
    employee_id, request_id = logged.request
    for item in logged.slate.items:
        yield (
            employee_id, request_id, item.position, item.content_id, item.rendition_id,
            item.format, item.score, item.slot_type, item.propensity, item.rendition_propensity,
            ";".join(item.reasons),
        )  # fmt: skip


def _growth(logged: LoggedSlate) -> sa.Update:
    values = {
        "must_reads_waiting": logged.slate.must_reads_waiting,
        "is_whole": logged.slate.is_whole,
    }
    return SLATES.update().where(_is(SLATES, logged.request)).values(values)


def _is(table: sa.Table, request: Request) -> sa.ColumnElement[bool]:
    return (table.c.employee_id == request[0]) & (table.c.request_id == request[1])


def _read(connection: sa.Connection, requests: Collection[Request]) -> dict[Request, LoggedSlate]:
    """Return the slates that are kept, by request."""
    dialect = connection.dialect.name
    pairs = _pairs(requests, dialect)
    heads = connection.execute(_among(SLATES, dialect), pairs).all()
    if not heads:
        return {}
    items: dict[Request, list[SlateItem]] = {}
    for row in connection.execute(_among(SLATE_SLOTS, dialect), pairs):
        items.setdefault((row.employee_id, row.request_id), []).append(_item(row))
    found = {}
    for head in heads:
        request = head.employee_id, head.request_id
        slate = Slate(
            head.request_id, head.model_version, head.policy_version, head.degraded,
            tuple(items.get(request, ())), head.must_reads_waiting, head.is_whole,
        )  # fmt: skip
        found[request] = LoggedSlate(head.employee_id, head.surface, from_micros(head.at), slate)
    return found


@cache
def _among(table: sa.Table, dialect: str) -> sa.Select[Any]:
    """Return the rows of requests, to be run with :func:`_pairs`; made once, asked often."""
    if dialect == "sqlite":
        pairs = sa.func.json_each(sa.bindparam("pairs")).table_valued("value")
        wanted = sa.select(
            sa.func.json_extract(pairs.c.value, "$[0]"), sa.func.json_extract(pairs.c.value, "$[1]")
        )
    else:
        names = ("employee_id", "request_id")
        columns = [sa.bindparam(name, type_=sa.ARRAY(sa.Text)) for name in names]
        pairs = sa.func.unnest(*columns).table_valued(*names).render_derived()
        wanted = sa.select(pairs.c.employee_id, pairs.c.request_id)
    key = sa.tuple_(table.c.employee_id, table.c.request_id)
    return sa.select(table).where(key.in_(wanted)).order_by(*table.primary_key)


def _pairs(requests: Collection[Request], dialect: str) -> dict[str, Any]:
    if dialect == "sqlite":
        return {"pairs": orjson.dumps(list(requests)).decode()}
    employees, request_ids = zip(*requests, strict=True)
    return {"employee_id": list(employees), "request_id": list(request_ids)}


def _item(row: sa.Row[Any]) -> SlateItem:
    return SlateItem(
        row.content_id, row.rendition_id, row.format, row.position, row.score, row.slot_type,
        row.propensity, row.rendition_propensity, tuple(filter(None, row.reasons.split(";"))),
    )  # fmt: skip
