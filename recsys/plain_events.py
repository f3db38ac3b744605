"""A few events in plain values, read one by one without a data frame.

Most callers send one event at a time, in strict JSON or with aware datetimes. This reads exactly
that much of the grammar of :mod:`recsys.dataset.parsing`, means the same by it, and passes on
whatever else it meets, be it bad or only spelled differently: it rejects nothing itself.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import ATTRIBUTES
from recsys.dataset.parsing import EARLIEST, END, LARGEST_WHOLE, LONGEST_ID
from recsys.dataset.validation import REASONS
from recsys.devices import device_code
from recsys.event_columns import CODE_OF_REASON, CODE_OF_TYPE, LAST_POSITION, EventColumns
from recsys.ids import UNKNOWN_INDEX, IdMap
from recsys.schema import EVENTS_WITHOUT_CONTENT, SURFACES, TABLES, Column, Kind
from recsys.siphash import hash_texts
from recsys.times import to_micros

__all__ = ["PlainEvent", "encode_plain", "read_plain", "read_plain_event"]

PlainEvent: TypeAlias = dict[str, Any]
"""The values of one good event by column, absent ones left out; times in microseconds."""

_Reader: TypeAlias = Callable[[object], str | float | None]
"""Gives a column's value in canonical form, None where it is absent."""

_PLAIN_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
)
_LARGEST_NUMBER = float(np.finfo(np.float32).max)
_SURFACE_CODES: dict[str | None, int] = {name: code for code, name in enumerate(SURFACES)}
_SCALARS = frozenset({str, int, float, bool, type(None)})


class _NotPlainError(Exception):
    """Here is something that the check of whole columns has to judge."""


def read_plain(rows: Sequence[object]) -> list[PlainEvent] | None:
    """Return what each row says, or None if one of them is not plain or may be bad."""
    try:
        return [_read_event(row) for row in rows]
    except _NotPlainError:
        return None


def read_plain_event(row: object) -> PlainEvent | None:
    """Return what a row says, or None if it is not plain or may be bad."""
    try:
        return _read_event(row)
    except _NotPlainError:
        return None


def encode_plain(events: Sequence[PlainEvent], catalogue: Catalogue) -> EventColumns:
    """Return events as columns, giving new ids their indices."""
    keys = hash_texts([event["event_id"] for event in events]).tolist()
    rows = [_encoded(key, event, catalogue) for key, event in zip(keys, events, strict=True)]
    return EventColumns.of_rows(rows)


def _encoded(key: int, event: PlainEvent, catalogue: Catalogue) -> tuple[float, ...]:
    get, occurred_at = event.get, int(event["occurred_at"])
    return (
        key,
        CODE_OF_TYPE[event["event_type"]],
        _index(catalogue.employees.ids, event["employee_id"]),
        _index(catalogue.contents.ids, get("content_id")),
        _index(catalogue.renditions.ids, get("rendition_id")),
        occurred_at,
        get("received_at", occurred_at),
        get("dwell_seconds", math.nan),
        get("progress_share", math.nan),
        device_code(get("device", "")),
        _SURFACE_CODES.get(get("surface"), UNKNOWN_INDEX),
        int(min(get("position", 0), LAST_POSITION)),
        get("rendition_propensity", math.nan),
        CODE_OF_REASON.get(get("reason", ""), UNKNOWN_INDEX),
        _index(catalogue.employees.ids, _shared_with(event)),
    )


def _shared_with(event: PlainEvent) -> str | None:
    is_personal = event["event_type"] == "share" and event.get("reason") == "person"
    return event.get("target_id") if is_personal else None


def _index(ids: IdMap, external_id: str | None) -> int:
    return UNKNOWN_INDEX if external_id is None else ids.add(external_id)


def _read_event(row: object) -> PlainEvent:
    if type(row) is not dict:
        raise _NotPlainError
    event: PlainEvent = {}
    for name, value in row.items():
        read = _READERS.get(name)
        if read is None:
            _check_undeclared(name, value)
        elif value is not None:
            found = read(value)
            if found is not None:
                event[name] = found
    _check_together(event)
    return event


def _check_undeclared(name: object, value: object) -> None:
    """Let through what becomes an attribute whatever it says; here attributes do not matter."""
    is_plain_name = type(name) is str and name.isascii() and name != ATTRIBUTES
    if not is_plain_name or type(value) not in _SCALARS:
        raise _NotPlainError


def _check_together(event: PlainEvent) -> None:
    if not event.keys() >= _REQUIRED:
        raise _NotPlainError
    event_type, reason = event["event_type"], event.get("reason")
    if "content_id" not in event and event_type not in EVENTS_WITHOUT_CONTENT:
        raise _NotPlainError
    if reason is not None and reason not in REASONS.get(event_type, (reason,)):
        raise _NotPlainError


def _check_absent(value: object) -> None:
    """Let through the values that stand for nothing."""
    is_blank = type(value) is str and not value
    is_nan = type(value) is float and math.isnan(value)
    if not is_blank and not is_nan:
        raise _NotPlainError


def _read_text(value: object) -> str | None:
    # Printable: no line breaks or exotic spaces to trim, no NUL, no half of a surrogate pair.
    if type(value) is not str or not value.isprintable():
        _check_absent(value)
        return None
    return value if value.strip(" ") else None


def _read_id(value: object) -> str | None:
    if type(value) is int and value.bit_length() <= 64:
        return str(value)
    text = _read_text(value)
    if text is None:
        return None
    if "E+" in text or "e+" in text:  # a long number that a spreadsheet has shortened?
        raise _NotPlainError
    text = text.strip(" ")
    if len(text) > LONGEST_ID:
        raise _NotPlainError
    return text


def _read_time(value: object) -> int | None:
    if type(value) is str and _PLAIN_TIME.fullmatch(value):
        at = _from_iso(value)
    elif isinstance(value, datetime) and type(value) in (datetime, pd.Timestamp):
        at = value
    else:
        _check_absent(value)
        return None
    if at.utcoffset() is None:
        raise _NotPlainError
    micros = to_micros(at)
    if not EARLIEST <= micros < END:
        raise _NotPlainError
    return micros


def _from_iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _NotPlainError from None


def _choice_reader(column: Column) -> _Reader:
    choices = frozenset(column.choices)

    def read(value: object) -> str | None:
        if type(value) is str and value in choices:
            return value
        _check_absent(value)
        return None

    return read


def _number_reader(column: Column) -> _Reader:
    is_whole = column.kind is Kind.INTEGER
    highest = LARGEST_WHOLE if is_whole else _LARGEST_NUMBER
    highest = highest if column.maximum is None else column.maximum
    lowest = -highest if column.minimum is None else column.minimum

    def read(value: object) -> float | None:
        if type(value) is int and value.bit_length() <= 53:
            value = float(value)
        if type(value) is not float or not lowest <= value <= highest:
            _check_absent(value)
            return None
        if is_whole and not value.is_integer():
            raise _NotPlainError
        return value

    return read


def _reader(column: Column) -> _Reader:
    if column.choices:
        return _choice_reader(column)
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        return _number_reader(column)
    return {Kind.ID: _read_id, Kind.TEXT: _read_text, Kind.TIME: _read_time}[column.kind]


_READERS: dict[object, _Reader] = {
    column.name: _reader(column) for column in TABLES["events"].columns
}
_REQUIRED = frozenset(TABLES["events"].required_names)
