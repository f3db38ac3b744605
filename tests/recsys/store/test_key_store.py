"""Keys of the HTTP API, in both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from recsys.store.database import Database
from recsys.store.key_store import KeyStore, StoredKey
from recsys.store.sql_store import SqlStore

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = StoredKey("key-1", "hash-1", "portal", NOW, NOW + HOUR)


def test_keys_are_found_by_hash_and_listed_by_age(database: Database) -> None:
    keys = KeyStore(database)
    older = StoredKey("key-2", "hash-2", "admin", NOW - HOUR)
    keys.add(KEY)
    keys.add(older)
    assert keys.find("hash-1") == KEY
    assert keys.find("hash") is None
    assert keys.all() == [older, KEY]


def test_a_revocation_is_for_good(database: Database) -> None:
    keys = KeyStore(database)
    keys.add(KEY)
    assert keys.revoke("key-2", NOW) is None
    revoked = keys.revoke("key-1", NOW)
    assert revoked == keys.find("hash-1") == keys.revoke("key-1", NOW + HOUR)
    assert revoked is not None
    assert revoked.revoked_at == NOW
    assert not revoked.is_valid(NOW)


def test_validity_ends_with_the_expiry() -> None:
    assert KEY.is_valid(NOW + HOUR - timedelta(microseconds=1))
    assert not KEY.is_valid(NOW + HOUR)


def test_a_replaced_key_ends_and_its_successor_begins(database: Database) -> None:
    keys = KeyStore(database)
    keys.add(KEY)
    successor = StoredKey("key-2", "hash-2", "portal", NOW)
    soon = NOW + HOUR / 2
    assert keys.replace(KEY, successor, soon) == keys.get("key-1") == replace(KEY, expires_at=soon)
    assert keys.get("key-2") == successor
    later = StoredKey("key-3", "hash-3", "portal", NOW)
    assert keys.replace(KEY, later, NOW + 2 * HOUR) == KEY, "a rotation never prolongs a key"


def test_a_successor_that_cannot_be_kept_leaves_the_key_alone(database: Database) -> None:
    keys = KeyStore(database)
    keys.add(KEY)
    with pytest.raises(IntegrityError):
        keys.replace(KEY, KEY, NOW)
    assert keys.all() == [KEY]


def test_every_process_reads_the_same_secret(database: Database, new_store: SqlStore) -> None:
    secret = KeyStore(database).token_secret()
    assert len(secret) == 32
    assert KeyStore(database).token_secret() == secret
    assert KeyStore(new_store._database).token_secret() != secret, "of another database"
