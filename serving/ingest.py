"""Rows from callers into the store, and from there at once into the engine."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from recsys.answers import Rejected, SlateItem
from recsys.borders import checked_rows
from recsys.store.port import WriteReport
from recsys.store.slate_log import SlateLog
from serving.models import BatchReport, EventReport, RejectedRow
from serving.services import Services

__all__ = ["write_events", "write_rows"]


def write_events(services: Services, events: Sequence[object]) -> EventReport:
    """Store events; when this returns, those of known contents count in the next feed.

    ``received_at`` is the server's. A client's clock may be fast: what it says happened later
    than it was received, happened when it was received.
    """
    received_at = services.clock.now()
    rows = [_without(row, "received_at") for row in events]
    frame, rejects = checked_rows("events", rows)
    latest = pd.Timestamp(received_at)
    occurred_at = frame["occurred_at"]
    frame = frame.assign(occurred_at=occurred_at.where(occurred_at <= latest, latest))
    frame = _with_logged_propensities(frame, services.slates)
    report = _write(services, "events", frame, received_at)
    return EventReport(
        accepted=report.inserted,
        duplicate=report.unchanged,
        refused=report.refused,
        rejected=_named(rejects),
    )


def write_rows(services: Services, table: str, rows: Sequence[object]) -> BatchReport:
    """Upsert catalogue rows; when this returns they count."""
    frame, rejects = checked_rows(table, [_without(row) for row in rows])
    report = _write(services, table, frame, services.clock.now())
    return BatchReport(
        inserted=report.inserted,
        updated=report.updated,
        unchanged=report.unchanged,
        refused=report.refused,
        rejected=_named(rejects),
    )


def _named(rejects: Sequence[Rejected]) -> list[RejectedRow]:
    return [RejectedRow(index=r.index, column=r.column, expected=r.expected) for r in rejects]


def _without(row: object, *columns: str) -> Mapping[str, Any]:
    """Return a row without ``columns``; what is no object has no columns at all, a bad row."""
    if not isinstance(row, dict):
        return {}
    return {name: value for name, value in row.items() if name not in columns}


def _write(
    services: Services, table: str, frame: pd.DataFrame, received_at: datetime
) -> WriteReport:
    if frame.empty:
        return WriteReport()
    report = services.store.write(table, frame, received_at=received_at)
    services.worker.catch_up()
    return report


def _with_logged_propensities(frame: pd.DataFrame, slates: SlateLog) -> pd.DataFrame:
    """Replace position and propensities of events on known slates by what was logged.

    A content that was not in the slate had neither; another rendition of it than the one that was
    drawn had no rendition propensity.
    """
    named = frame[frame["request_id"].notna()]
    pairs = list(zip(named["employee_id"], named["request_id"], strict=True))
    known = slates.slots(pairs)
    logged: dict[object, tuple[int | None, float | None, float | None]] = {}
    for row, pair in zip(named.index, pairs, strict=True):
        if pair in known:
            event = named.loc[row]
            logged[row] = _logged(known[pair].get(event["content_id"]), event["rendition_id"])
    if not logged:
        return frame
    rows = list(logged)
    frame = frame.copy()
    for place, column in enumerate(("position", "propensity", "rendition_propensity")):
        values = pd.Series([logged[row][place] for row in rows], index=rows)
        frame.loc[rows, column] = values.astype(frame[column].dtype)
    return frame


def _logged(
    slot: SlateItem | None, rendition_id: str | float | None
) -> tuple[int | None, float | None, float | None]:
    if slot is None:
        return None, None, None
    is_drawn = pd.isna(rendition_id) or rendition_id == slot.rendition_id
    return slot.position, slot.propensity, slot.rendition_propensity if is_drawn else None
