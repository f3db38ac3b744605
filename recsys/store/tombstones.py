"""Erasure: an employee's rows go, a salted hash stays that keeps them from coming back."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from recsys.schema import TABLES
from recsys.store.bulk import insert_rows, present
from recsys.store.change_log import record
from recsys.store.rows import Row
from recsys.store.tables import (
    CATALOGUE_LOG,
    DELIVERIES,
    EVENTS,
    EXPERIMENT_ASSIGNMENTS,
    EXPERIMENT_EXPOSURES,
    NEWSLETTER_PICKS,
    SLATES,
    TOMBSTONE_SALT,
    TOMBSTONES,
    database_table,
)
from recsys.times import to_micros

__all__ = ["erase", "erased", "read_salt", "tombstone"]

_PERSONAL = (EVENTS, TABLES["employees"], TABLES["preferences"])
"""Tables with rows of one employee."""


_ANY_STONE = sa.select(database_table(TOMBSTONES).c.number).limit(1)


def tombstone(salt: str, employee_id: str) -> str:
    """Return what stays of an erased employee: hex SHA-256 of salt and id."""
    return hashlib.sha256(f"{salt}:{employee_id}".encode()).hexdigest()


def read_salt(connection: sa.Connection) -> str:
    """Return the salt of this database."""
    salt: str = connection.execute(sa.select(TOMBSTONE_SALT.c.salt)).scalar_one()
    return salt


def erased(connection: sa.Connection, employee_ids: Iterable[str]) -> set[str]:
    """Return those of ``employee_ids`` that were erased."""
    stones = database_table(TOMBSTONES)
    if connection.execute(_ANY_STONE).first() is None:
        return set()
    salt = read_salt(connection)
    by_tombstone = {tombstone(salt, employee_id): employee_id for employee_id in employee_ids}
    found = present(connection, stones.c.tombstone, by_tombstone)
    return {by_tombstone[str(stone)] for stone in found}


def erase(connection: sa.Connection, employee_id: str, *, at: datetime) -> dict[str, int]:
    """Delete the rows of an employee and record the tombstone, once; return deletions per table.

    Other people's rows that name the employee (``manager_id``, an author) stay: they are
    theirs. The log forgets the versions too.
    """
    deleted = {}
    served = (
        SLATES, NEWSLETTER_PICKS, DELIVERIES, EXPERIMENT_ASSIGNMENTS, EXPERIMENT_EXPOSURES,
    )  # fmt: skip
    for table in (*map(database_table, _PERSONAL), *served):
        found = connection.execute(table.delete().where(table.c.employee_id == employee_id))
        deleted[table.name] = found.rowcount
    log = CATALOGUE_LOG.c
    theirs = (log.subject_id == employee_id) & log.table_name.in_([t.name for t in _PERSONAL])
    connection.execute(CATALOGUE_LOG.delete().where(theirs))
    if not erased(connection, [employee_id]):
        row: Row = (tombstone(read_salt(connection), employee_id), to_micros(at))
        numbers = record(connection, TOMBSTONES, [row], recorded_at=at)
        insert_rows(connection, database_table(TOMBSTONES), [(numbers[0], *row)])
    return deleted
