"""What an upsert changes: rows in, rows to write out; no database.

A row is the tuple of database values in the order of :func:`stored_columns`.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from recsys.schema import TABLES, Table
from recsys.store.rows import Row
from recsys.store.tables import stored_columns

__all__ = ["Plan", "keyed", "plan", "with_valid_from"]

_VALID_FROM = TABLES["employees"].column_names.index("valid_from")


@dataclass(frozen=True, slots=True)
class Plan:
    """Every row to write, in order, and how many rows met which fate."""

    changed: list[tuple[Hashable, Row]]
    inserted: int
    updated: int
    unchanged: int


def plan(rows: Iterable[tuple[Hashable, Row]], current: Mapping[Hashable, Row]) -> Plan:
    """Compare keyed rows, in order, with the current rows and with those before them."""
    state = dict(current)
    changed: list[tuple[Hashable, Row]] = []
    fates: Counter[str] = Counter()
    for key, row in rows:
        before = state.get(key)
        if before == row:
            fates["unchanged"] += 1
            continue
        fates["inserted" if before is None else "updated"] += 1
        state[key] = row
        changed.append((key, row))
    return Plan(changed, fates["inserted"], fates["updated"], fates["unchanged"])


def keyed(table: Table, rows: Iterable[Row]) -> Iterator[tuple[Hashable, Row]]:
    """Give each row its key.

    Rows of a table without a key (anonymous survey answers) are told apart by counting: the
    second of two equal rows is another answer, yet the same file again brings nothing new.
    """
    names = [column.name for column in stored_columns(table)]
    places = [names.index(name) for name in table.key]
    copies: Counter[Row] = Counter()
    for row in rows:
        if table.key:
            yield tuple(row[place] for place in places), row
        else:
            copies[row] += 1
            yield (row, copies[row]), row


def with_valid_from(rows: Iterable[Row], current: Iterable[Row], received_at: int) -> Iterator[Row]:
    """Date the employee versions that carry no ``valid_from``.

    One that repeats the version in force at ``received_at`` takes its date, hence is that version;
    any other begins at ``received_at`` (microseconds UTC). ``current`` are the stored versions.
    """
    histories: dict[object, dict[int, Row]] = {}
    for row in current:
        histories.setdefault(row[0], {})[_valid_from(row)] = row
    for row in rows:
        history = histories.setdefault(row[0], {})
        dated = row if row[_VALID_FROM] is not None else _date(row, history, received_at)
        history[_valid_from(dated)] = dated
        yield dated


def _valid_from(row: Row) -> int:
    valid_from = row[_VALID_FROM]
    assert isinstance(valid_from, int)
    return valid_from


def _date(row: Row, history: Mapping[int, Row], received_at: int) -> Row:
    in_force = max((begin for begin in history if begin <= received_at), default=None)
    if in_force is not None and history[in_force] == _beginning(row, in_force):
        return history[in_force]
    return _beginning(row, received_at)


def _beginning(row: Row, valid_from: int) -> Row:
    return (*row[:_VALID_FROM], valid_from, *row[_VALID_FROM + 1 :])
