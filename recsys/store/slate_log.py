"""Which feeds were answered: every slot with the probability it had of being there."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from itertools import count
from threading import Lock
from typing import Any

import orjson
import sqlalchemy as sa

from recsys.answers import Slate, SlateItem
from recsys.store.change_log import TAKE_TURN, take_turn
from recsys.store.database import Database
from recsys.store.rows import Row
from recsys.store.tables import SLATES
from recsys.store.tombstones import read_salt, tombstone
from recsys.times import from_micros, to_micros

__all__ = ["LoggedSlate", "Request", "SlateLog"]

_MOST_RECENT = 2_000
"""Slates remembered, some 10 MB: those of the last seconds in a busy hour."""

_AT_ONCE = 1_000
"""Slates read in one transaction: some 5 MB."""

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
        self._writing = database.line()
        self._recent: OrderedDict[Request, dict[str, SlateItem]] = OrderedDict()
        self._lock = Lock()

    def write(self, slates: Sequence[LoggedSlate]) -> list[LoggedSlate]:
        """Keep slates in one transaction and return, for each, the whole slate that is kept.

        Of two with one request id the first one counts, unless the later one continues it: its
        positions follow those that are kept. Nothing is kept of an employee who was erased.
        """
        rows = [(*_row(logged), tombstone(self._salt, logged.employee_id)) for logged in slates]
        statement = _insert_text(self._database.engine.dialect.name)
        n_new = self._writing.write(TAKE_TURN, statement, rows)
        if n_new == len(slates):
            self._remember(slates)
            return list(slates)
        return self._write_others(slates)

    @cached_property
    def _salt(self) -> str:
        with self._database.reading() as connection:
            return read_salt(connection)

    def _write_others(self, slates: Sequence[LoggedSlate]) -> list[LoggedSlate]:
        """Let slates grow; return what is kept where some could not be written as new ones."""
        with self._database.writing() as connection:
            take_turn(connection)
            kept = _read(connection, {logged.request for logged in slates})
            for logged in slates:
                known = kept.get(logged.request)
                if known is not None and _continues(logged, known):
                    kept[logged.request] = whole = _joined(known, logged)
                    connection.execute(_growth(whole))
        self._remember(kept.values())
        found = ((logged, kept.get(logged.request, logged)) for logged in slates)
        return [logged if logged == known else known for logged, known in found]

    def find(self, employee_id: str, request_id: str) -> LoggedSlate | None:
        """Return the slate an employee got for a request id, None if there is none."""
        request = employee_id, request_id
        with self._database.reading() as connection:
            return _read(connection, [request]).get(request)

    def between(self, since: datetime, until: datetime) -> Iterator[LoggedSlate]:
        """Yield the slates of ``since`` ≤ at < ``until`` in the order of time.

        They are read some at a time, each in a short transaction of its own, so that a long look
        holds up nobody; a slate that grows meanwhile comes once.
        """
        key = sa.tuple_(SLATES.c.at, SLATES.c.employee_id, SLATES.c.request_id)
        window = (SLATES.c.at >= to_micros(since)) & (SLATES.c.at < to_micros(until))
        query = sa.select(SLATES).where(window).order_by(*key).limit(_AT_ONCE)
        last: LoggedSlate | None = None
        while True:
            after = query
            if last is not None:
                after = query.where(key > sa.tuple_(to_micros(last.at), *last.request))
            with self._database.reading() as connection:
                found = [_logged(row) for row in connection.execute(after)]
            yield from found
            if len(found) < _AT_ONCE:
                return
            last = found[-1]

    def count_between(self, since: datetime, until: datetime) -> int:
        """Return how many slates :meth:`between` yields."""
        window = (SLATES.c.at >= to_micros(since)) & (SLATES.c.at < to_micros(until))
        with self._database.reading() as connection:
            query = sa.select(sa.func.count()).select_from(SLATES).where(window)
            return int(connection.execute(query).scalar_one())

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

    def _remember(self, slates: Iterable[LoggedSlate]) -> None:
        with self._lock:
            for logged in slates:
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


@cache
def _insert_text(dialect: str) -> str:
    """Return the insert of a row and a tombstone; nothing is kept of whom the tombstone is."""
    mark = "?" if dialect == "sqlite" else "%s"
    names = ", ".join(column.name for column in SLATES.columns)
    marks = ", ".join(mark for _ in SLATES.columns)
    return (
        f"INSERT INTO slates ({names}) SELECT {marks} "  # noqa: S608  (names of our own)
        f"WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tombstone = {mark}) "
        "ON CONFLICT DO NOTHING"
    )


def _row(logged: LoggedSlate) -> Row:
    slate = logged.slate
    return (
        logged.employee_id, slate.request_id, logged.surface, to_micros(logged.at),
        slate.model_version, slate.policy_version, slate.degraded, slate.must_reads_waiting,
        slate.is_whole, _slots_text(slate),
    )  # fmt: skip


def _slots_text(slate: Slate) -> str:
    slots = [
        (
            item.content_id, item.rendition_id, item.format, item.score, item.slot_type,
            item.propensity, item.rendition_propensity, ";".join(item.reasons),
        )
        for item in slate.items
    ]  # fmt: skip
    return orjson.dumps(slots).decode()


def _growth(logged: LoggedSlate) -> sa.Update:
    values = {
        "must_reads_waiting": logged.slate.must_reads_waiting,
        "is_whole": logged.slate.is_whole,
        "slots": _slots_text(logged.slate),
    }
    return SLATES.update().where(_is(SLATES, logged.request)).values(values)


def _is(table: sa.Table, request: Request) -> sa.ColumnElement[bool]:
    return (table.c.employee_id == request[0]) & (table.c.request_id == request[1])


def _read(connection: sa.Connection, requests: Collection[Request]) -> dict[Request, LoggedSlate]:
    """Return the slates that are kept, by request."""
    dialect = connection.dialect.name
    rows = connection.execute(_among(dialect), _pairs(requests, dialect))
    return {logged.request: logged for logged in map(_logged, rows)}


def _logged(row: sa.Row[Any]) -> LoggedSlate:
    slate = Slate(
        row.request_id, row.model_version, row.policy_version, row.degraded,
        tuple(map(_item, orjson.loads(row.slots), count(1))), row.must_reads_waiting,
        row.is_whole,
    )  # fmt: skip
    return LoggedSlate(row.employee_id, row.surface, from_micros(row.at), slate)


@cache
def _among(dialect: str) -> sa.Select[Any]:
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
    key = sa.tuple_(SLATES.c.employee_id, SLATES.c.request_id)
    return sa.select(SLATES).where(key.in_(wanted))


def _pairs(requests: Collection[Request], dialect: str) -> dict[str, Any]:
    if dialect == "sqlite":
        return {"pairs": orjson.dumps(list(requests)).decode()}
    employees, request_ids = zip(*requests, strict=True)
    return {"employee_id": list(employees), "request_id": list(request_ids)}


def _item(slot: list[Any], position: int) -> SlateItem:
    content_id, rendition_id, form, score, slot_type, propensity, of_rendition, reasons = slot
    return SlateItem(
        content_id, rendition_id, form, position, score, slot_type, propensity, of_rendition,
        tuple(filter(None, reasons.split(";"))),
    )  # fmt: skip
