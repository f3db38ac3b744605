"""Keys that were found are remembered for a second, no longer and no others."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recsys.store.database import Database
from recsys.store.key_store import KeyStore, StoredKey
from recsys.store.migration import migrate
from serving.keys import KeyCache, new_key
from tests.serving.conftest import Server, bearer

NOW = datetime(2026, 5, 1, tzinfo=UTC)
KEY = new_key("portal", at=NOW).stored


class Counted(KeyStore):
    """Counts look-ups, and runs what a test wants to happen during one."""

    looked_up = 0

    def find(self, key_hash: str) -> StoredKey | None:
        self.looked_up += 1
        return super().find(key_hash)


@pytest.fixture
def keys(tmp_path: Path) -> Counted:
    database = Database(f"sqlite:///{tmp_path}/keys.db")
    with closing(database):
        migrate(database)
        keys = Counted(database)
        keys.add(KEY)
    return keys


def test_a_found_key_is_remembered_for_a_second(keys: Counted) -> None:
    now = [100.0]
    cache = KeyCache(keys, lambda: now[0])
    assert cache.remembered(KEY.key_hash) is None
    assert cache.find(KEY.key_hash) == cache.remembered(KEY.key_hash) == KEY
    keys.revoke(KEY.key_id, NOW)
    now[0] = 100.999
    assert cache.remembered(KEY.key_hash) == KEY
    now[0] = 101.0
    assert cache.remembered(KEY.key_hash) is None
    found = cache.find(KEY.key_hash)
    assert found is not None
    assert not found.is_valid(NOW)


def test_the_second_begins_before_the_look_up(keys: Counted) -> None:
    """A revocation right after a slow look-up still counts within a second of it."""
    readings = iter([100.0, 101.0])
    cache = KeyCache(keys, lambda: next(readings))
    cache.find(KEY.key_hash)
    assert cache.remembered(KEY.key_hash) is None


def test_an_unknown_key_is_not_remembered(keys: Counted) -> None:
    cache = KeyCache(keys)
    late = new_key("portal", at=NOW).stored
    assert cache.find(late.key_hash) is None
    keys.add(late)
    assert cache.find(late.key_hash) == late


def test_only_so_many_are_remembered(keys: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.keys._KEPT_KEYS", 2)
    cache = KeyCache(keys)
    many = [new_key("portal", at=NOW).stored for _ in range(5)]
    for key in many:
        keys.add(key)
        cache.find(key.key_hash)
    assert len(cache._found) <= 2
    assert cache.remembered(many[-1].key_hash) == many[-1]


def test_many_requests_cost_few_look_ups(shared: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    find = KeyStore.find

    def counted(keys: KeyStore, key_hash: str) -> StoredKey | None:
        looked_up.append(key_hash)
        return find(keys, key_hash)

    monkeypatch.setattr(KeyStore, "find", counted)
    client = shared.client_with(bearer(shared.settings, "portal"))
    # Ended by time, so that a slow machine asks more than once but never for each request.
    began, answered = datetime.now(UTC), 0
    while datetime.now(UTC) < began + timedelta(seconds=1.5):
        client.post("/v1/events", json={"events": []})
        answered += 1
    assert answered > len(looked_up)
    assert 1 <= len(looked_up) <= 3


def test_a_remembered_key_expires_on_time(shared: Server) -> None:
    lifetime = timedelta(seconds=0.6)
    client = shared.client_with(bearer(shared.settings, "portal", lifetime=lifetime))
    expires = datetime.now(UTC) + lifetime
    last = 200
    while datetime.now(UTC) < expires:
        last = client.post("/v1/events", json={"events": []}).status_code
    assert client.post("/v1/events", json={"events": []}).status_code == 401
    assert last in {200, 401}
