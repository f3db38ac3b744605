"""Who looked at what names people, why and when; it names no employee itself."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from recsys.store.database import Database
from recsys.store.tables import AUDITS
from recsys.times import from_micros, to_micros

__all__ = ["Audit", "AuditLog"]


@dataclass(frozen=True, slots=True)
class Audit:
    """One look at the people who have not acknowledged a must-read."""

    at: datetime
    key_id: str
    """Whose key it was."""
    purpose: str
    """Why, in the caller's own words."""
    content_id: str
    people: int
    """How many were named in the answer."""


class AuditLog:
    """Audits in a migrated database, in their order; safe for concurrent use, never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, audit: Audit) -> None:
        """Keep an audit; when this returns it would survive a power failure."""
        row = {
            "at": to_micros(audit.at), "key_id": audit.key_id, "purpose": audit.purpose,
            "content_id": audit.content_id, "people": audit.people,
        }  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(AUDITS.insert().values(row))

    def page(self, before: int | None, limit: int) -> list[tuple[int, Audit]]:
        """Return audits and their numbers, the latest first; ``before``: only smaller numbers."""
        query = sa.select(AUDITS).order_by(AUDITS.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(AUDITS.c.number < before)
        with self._database.reading() as connection:
            return [(row.number, _audit(row)) for row in connection.execute(query)]


def _audit(row: sa.Row[tuple[object, ...]]) -> Audit:
    return Audit(from_micros(row.at), row.key_id, row.purpose, row.content_id, row.people)
