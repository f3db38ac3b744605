"""`recsys keys`: who may call the HTTP API."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.commands._shared import (
    DatabaseOption,
    JsonOption,
    load_settings,
    write_json,
    write_table,
)
from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    from recsys.store.key_store import KeyStore, StoredKey

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Make, list, rotate and revoke the keys of the HTTP API."
)


KeyIdArgument = Annotated[str, typer.Argument(help="As `recsys keys list` shows it.")]


class ScopeName(StrEnum):
    """What a key opens."""

    PORTAL = "portal"
    NEWSLETTER = "newsletter"
    COMMS = "comms"
    COMPLIANCE = "compliance"
    ADMIN = "admin"


@app.command()
def create(
    *,
    scope: Annotated[ScopeName, typer.Option(help="What the key opens; admin opens every route.")],
    days: Annotated[
        int | None, typer.Option(min=1, help="Days until it expires; default: never.")
    ] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key. It is shown once; only a hash of it is stored.

    Example: recsys keys create --scope portal --json
    """
    from serving.keys import new_key

    now = datetime.now(UTC)
    made = new_key(
        scope.value, at=now, expires_at=None if days is None else now + timedelta(days=days)
    )
    with _keys(database) as keys:
        keys.add(made.stored)
    if as_json:
        write_json({"key": made.key} | _shown(made.stored))
    else:
        _show_once(made.key)


@app.command("list")
def list_keys(*, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List all keys ever made, without the keys themselves.

    Example: recsys keys list
    """
    with _keys(database) as keys:
        shown = [_shown(key) for key in keys.all()]
    if as_json:
        write_json({"keys": shown})
    else:
        header = ["key_id", "scope", "created_at", "expires_at", "revoked_at"]
        write_table("Keys", header, [[str(key[name] or "–") for name in header] for key in shown])


@app.command()
def rotate(
    key_id: KeyIdArgument,
    *,
    overlap_hours: Annotated[
        float,
        typer.Option(min=0, max=8760, help="Hours the old key still works; at most a year."),
    ] = 24,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new key of the same scope; the old one ends after the overlap.

    The new key is valid for as long as the old one was made for: a key for 90 days is followed
    by one for 90 days from now.

    Example: recsys keys rotate key-1f0c2a9b7d3e --overlap-hours 48
    """
    from serving.keys import successor_of

    now = datetime.now(UTC)
    with _keys(database) as keys:
        old = keys.get(key_id)
        if old is None:
            raise _no_key(key_id)
        if not old.is_valid(now):
            raise ConfigurationError(
                f"the key {key_id!r} has expired or was revoked, only a valid one is followed by "
                f"another; make one with `recsys keys create --scope {old.scope}`"
            )
        made = successor_of(old, at=now)
        old = keys.replace(old, made.stored, now + timedelta(hours=overlap_hours))
    if as_json:
        write_json({"key": made.key} | _shown(made.stored) | {"replaces": _shown(old)})
    else:
        _show_once(made.key)
        typer.echo(f"{key_id} works until {_shown(old)['expires_at']}.", err=True)


@app.command()
def revoke(
    key_id: KeyIdArgument,
    *,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key for good; running servers notice within a second.

    Example: recsys keys revoke key-1f0c2a9b7d3e
    """
    with _keys(database) as keys:
        revoked = keys.revoke(key_id, datetime.now(UTC))
    if revoked is None:
        raise _no_key(key_id)
    if as_json:
        write_json(_shown(revoked))
    else:
        typer.echo(f"{key_id} opens nothing any more")


@contextmanager
def _keys(url: str | None) -> Iterator["KeyStore"]:
    from recsys.store.database import Database
    from recsys.store.key_store import KeyStore
    from recsys.store.migration import migrate

    with closing(Database(url or load_settings().database_url)) as database:
        migrate(database)
        yield KeyStore(database)


def _no_key(key_id: str) -> ConfigurationError:
    return ConfigurationError(f"there is no key {key_id!r}; `recsys keys list` shows all ids")


def _show_once(key: str) -> None:
    typer.echo(key)
    typer.echo("It is not shown again: keep it where only its user can read it.", err=True)


def _shown(key: "StoredKey") -> dict[str, Any]:
    times = {name: getattr(key, name) for name in ("created_at", "expires_at", "revoked_at")}
    return {"key_id": key.key_id, "scope": key.scope} | {
        name: None if at is None else at.isoformat() for name, at in times.items()
    }
