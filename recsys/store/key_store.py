"""The keys that may call the HTTP API, without the keys themselves, and what signs its tokens."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from recsys.store.database import Database
from recsys.store.tables import API_KEYS, TOKEN_SECRET
from recsys.times import from_micros, to_micros

__all__ = ["KeyStore", "StoredKey"]


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is kept of a key; ``key_id`` names it in lists, ``key_hash`` finds it."""

    key_id: str
    key_hash: str
    scope: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Whether the key opens anything at ``at``."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class KeyStore:
    """Keys in a migrated database; safe for concurrent use, what was written is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: StoredKey) -> None:
        """Keep a new key."""
        with self._database.writing() as connection:
            connection.execute(API_KEYS.insert().values(_row(key)))

    def find(self, key_hash: str) -> StoredKey | None:
        """Return the key with this hash, valid or not; None if there is none."""
        return self._one(API_KEYS.c.key_hash == key_hash)

    def get(self, key_id: str) -> StoredKey | None:
        """Return the key with this id, valid or not; None if there is none."""
        return self._one(API_KEYS.c.key_id == key_id)

    def all(self) -> list[StoredKey]:
        """Return every key ever made, oldest first."""
        query = sa.select(API_KEYS).order_by(API_KEYS.c.created_at, API_KEYS.c.key_id)
        with self._database.reading() as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, key_id: str, at: datetime) -> StoredKey | None:
        """End a key for good; the first revocation counts. None if there is no such key."""
        key = self.get(key_id)
        if key is None or key.revoked_at is not None:
            return key
        update = API_KEYS.update().where(API_KEYS.c.key_id == key_id)
        with self._database.writing() as connection:
            connection.execute(update.values(revoked_at=to_micros(at)))
        return replace(key, revoked_at=at)

    def replace(self, key: StoredKey, successor: StoredKey, ends_at: datetime) -> StoredKey:
        """Keep ``successor`` and let ``key`` expire at ``ends_at``: both or neither.

        A key that ends earlier anyway keeps its own end. Returns the key that was replaced.
        """
        ends_at = ends_at if key.expires_at is None else min(key.expires_at, ends_at)
        update = API_KEYS.update().where(API_KEYS.c.key_id == key.key_id)
        with self._database.writing() as connection:
            connection.execute(API_KEYS.insert().values(_row(successor)))
            connection.execute(update.values(expires_at=to_micros(ends_at)))
        return replace(key, expires_at=ends_at)

    def token_secret(self) -> bytes:
        """Return the 32 random bytes of this database that sign the employees' tokens."""
        with self._database.reading() as connection:
            secret: str = connection.execute(sa.select(TOKEN_SECRET.c.secret)).scalar_one()
        return bytes.fromhex(secret)

    def _one(self, condition: sa.ColumnElement[bool]) -> StoredKey | None:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(API_KEYS).where(condition)).first()
        return None if row is None else _key(row)


def _row(key: StoredKey) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "key_hash": key.key_hash,
        "scope": key.scope,
        "created_at": to_micros(key.created_at),
        "expires_at": _micros(key.expires_at),
        "revoked_at": _micros(key.revoked_at),
    }


def _key(row: sa.Row[Any]) -> StoredKey:
    return StoredKey(
        row.key_id, row.key_hash, row.scope, from_micros(row.created_at),
        _instant(row.expires_at), _instant(row.revoked_at),
    )  # fmt: skip


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
