"""Keys of the HTTP API: made, and recognised."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

from recsys.store.key_store import StoredKey

__all__ = ["SCOPES", "NewKey", "Scope", "hash_key", "new_key"]

Scope = Literal["portal", "newsletter", "comms", "compliance", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key in clear, for its owner's eyes only, and what is stored of it."""

    key: str
    stored: StoredKey


def new_key(scope: Scope, *, at: datetime, expires_at: datetime | None = None) -> NewKey:
    """Return a random key that is valid from ``at``."""
    key = f"rk_{secrets.token_urlsafe(_SECRET_BYTES)}"
    key_id = f"key-{secrets.token_hex(6)}"
    return NewKey(key, StoredKey(key_id, hash_key(key), scope, at, expires_at))


def hash_key(key: str) -> str:
    """Return what a key is stored and found by, hex SHA-256.

    No salt and no slow hash: a key has 256 random bits, there is nothing to guess.
    """
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
