"""Rows from callers into the store, and from there at once into the engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from recsys.answers import Rejected, SlateItem
from recsys.borders import checked_rows
from recsys.plain_events import PlainEvent, read_plain_event
from recsys.schema import TABLES
from recsys.store.events import events_of
from recsys.store.port import Store, WriteReport
from recsys.store.slate_log import Request, SlateLog
from recsys.times import to_micros
from serving.clock import Clock
from serving.models import BatchReport, EventReport, RejectedRow
from serving.worker import Worker

__all__ = ["Intake"]

_DECLARED = frozenset(column.name for column in TABLES["events"].columns)

Rows = Sequence[object]


class Intake:
    """Stores what callers send; when a method returns, it counts in the next feed."""

    def __init__(self, store: Store, slates: SlateLog, clock: Clock, worker: Worker) -> None:
        self._store, self._slates, self._clock, self._worker = store, slates, clock, worker

    def write_events(self, batches: Sequence[Rows]) -> list[EventReport]:
        """Store batches of events in one transaction; return a report for each.

        ``received_at`` is the server's. A client's clock may be fast: what it says happened later
        than it was received, happened when it was received. Position and propensities of events
        on a known slate are those that were logged.
        """
        received_at = to_micros(self._clock.now())
        read = [_read(rows) for rows in batches]
        events = [event for good, _ in read for event in good]
        for event in events:
            event["received_at"] = received_at
            event["occurred_at"] = min(event["occurred_at"], received_at)
        if not events:
            return [_report([], rejects) for _, rejects in read]
        self._complete(events)
        fates = iter(self._worker.append(events))
        return [_report([next(fates) for _ in good], rejects) for good, rejects in read]

    def write_rows(self, table: str, rows: Rows) -> BatchReport:
        """Upsert catalogue rows."""
        frame, rejects = checked_rows(table, [_without(row) for row in rows])
        report = WriteReport()
        if not frame.empty:
            report = self._store.write(table, frame, received_at=self._clock.now())
            self._worker.catch_up()
        return BatchReport(
            inserted=report.inserted,
            updated=report.updated,
            unchanged=report.unchanged,
            refused=report.refused,
            rejected=_named(rejects),
        )

    def _complete(self, events: Sequence[PlainEvent]) -> None:
        """Replace position and propensities of events on known slates by what was logged.

        A content that was not in the slate had neither; another rendition of it than the one that
        was drawn had no rendition propensity.
        """
        named = [event for event in events if "request_id" in event]
        known = self._slates.slots(map(_request, named))
        for event in named:
            slots = known.get(_request(event))
            if slots is None:
                continue
            for name in ("position", "propensity", "rendition_propensity"):
                event.pop(name, None)
            slot = slots.get(event.get("content_id", ""))
            if slot is not None:
                _put(event, slot)


def _put(event: PlainEvent, slot: SlateItem) -> None:
    event["position"], event["propensity"] = slot.position, slot.propensity
    if event.get("rendition_id", slot.rendition_id) == slot.rendition_id:
        event["rendition_propensity"] = slot.rendition_propensity


def _request(event: PlainEvent) -> Request:
    return event["employee_id"], event["request_id"]


def _read(rows: Rows) -> tuple[list[PlainEvent], Sequence[Rejected]]:
    """Return the good events in their order, and the bad rows with their places.

    Most rows are plain and read one by one in microseconds; the check of whole columns, which
    takes milliseconds to set out, judges the others together.
    """
    plain = [_plain(row) for row in rows]
    others = [place for place, event in enumerate(plain) if event is None]
    if not others:
        return [event for event in plain if event is not None], ()
    asked = [_without(rows[place], "received_at") for place in others]
    frame, rejects = checked_rows("events", asked)
    for place, event in zip(frame.index, events_of(frame), strict=True):
        plain[others[place]] = event
    moved = [Rejected(others[r.index], r.column, r.value, r.expected) for r in rejects]
    return [event for event in plain if event is not None], moved


def _plain(row: object) -> PlainEvent | None:
    # What is not declared becomes an attribute, and that is for the other way to write down.
    if not isinstance(row, dict) or not row.keys() <= _DECLARED:
        return None
    return read_plain_event(row)


def _report(fates: Sequence[str], rejects: Sequence[Rejected]) -> EventReport:
    return EventReport(
        accepted=fates.count("inserted"),
        duplicate=fates.count("duplicate"),
        refused=fates.count("refused"),
        rejected=_named(rejects),
    )


def _named(rejects: Sequence[Rejected]) -> list[RejectedRow]:
    return [RejectedRow(index=r.index, column=r.column, expected=r.expected) for r in rejects]


def _without(row: object, *columns: str) -> Mapping[str, Any]:
    """Return a row without ``columns``; what is no object has no columns at all, a bad row."""
    if not isinstance(row, dict):
        return {}
    return {name: value for name, value in row.items() if name not in columns}
