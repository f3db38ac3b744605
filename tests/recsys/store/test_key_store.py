"""Keys of the HTTP API, in both databases."""

from datetime import UTC, datetime, timedelta

from recsys.store.database import Database
from recsys.store.key_store import KeyStore, StoredKey

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
