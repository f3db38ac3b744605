"""Keys of the HTTP API: made, and recognised."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

from recsys.store.key_store import KeyStore, StoredKey

__all__ = ["SCOPES", "KeyCache", "NewKey", "Scope", "hash_key", "new_key", "successor_of"]

Scope = Literal["portal", "newsletter", "comms", "compliance", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_SECRET_BYTES = 32

_KEPT_SECONDS = 1.0
"""How long a revoked key may go on working: short enough for a leak, and long enough that a busy
caller costs the database one look-up a second instead of thousands."""

_KEPT_KEYS = 1024
"""A company has dozens of keys; what is beyond is looked up again."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key in clear, for its owner's eyes only, and what is stored of it."""

    key: str
    stored: StoredKey


def new_key(scope: str, *, at: datetime, expires_at: datetime | None = None) -> NewKey:
    """Return a random key that is valid from ``at``; ``scope`` is one of :data:`SCOPES`."""
    key = f"rk_{secrets.token_urlsafe(_SECRET_BYTES)}"
    key_id = f"key-{secrets.token_hex(6)}"
    return NewKey(key, StoredKey(key_id, hash_key(key), scope, at, expires_at))


def successor_of(old: StoredKey, *, at: datetime) -> NewKey:
    """Return a key of the same scope and length of life as ``old``, valid from ``at``."""
    expires_at = None if old.expires_at is None else at + (old.expires_at - old.created_at)
    return new_key(old.scope, at=at, expires_at=expires_at)


def hash_key(key: str) -> str:
    """Return what a key is stored and found by, hex SHA-256.

    No salt and no slow hash: a key has 256 random bits, there is nothing to guess.
    """
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class KeyCache:
    """The keys found within the last second, so that a request costs no look-up.

    A key that is revoked or made to expire stops within a second of it. Unknown keys are not
    remembered: a new one works at once. At most 1,024 keys are kept. Safe for concurrent use.

    Parameters
    ----------
    keys
        Where keys are looked up.
    clock
        Seconds that only grow.
    """

    def __init__(self, keys: KeyStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._found: dict[str, tuple[float, StoredKey]] = {}

    def remembered(self, key_hash: str) -> StoredKey | None:
        """Return a key that was found within the last second, valid or not; never blocks."""
        until, key = self._found.get(key_hash, (0.0, None))
        return key if self._clock() < until else None

    def find(self, key_hash: str) -> StoredKey | None:
        """Look a key up in the database, valid or not, and remember it; None if there is none."""
        until = self._clock() + _KEPT_SECONDS  # counted from before the look-up
        key = self._keys.find(key_hash)
        if key is not None:
            if len(self._found) >= _KEPT_KEYS:
                self._found.clear()
            self._found[key_hash] = (until, key)
        return key
