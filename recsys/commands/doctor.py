"""`recsys doctor`: whether this installation can do its work."""

import os
import platform
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path

import typer

from recsys.commands._shared import (
    EXIT_FAILED,
    DatabaseOption,
    JsonOption,
    load_settings,
    write_json,
    write_table,
)
from recsys.errors import RecsysError

__all__ = ["Finding", "doctor"]

_ESSENTIAL_LIBRARIES = ("numpy", "pandas", "scipy", "numba", "lightgbm")
_OPTIONAL_LIBRARIES = ("implicit", "mlflow")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``essential`` says whether the work stops without it."""

    check: str
    ok: bool
    detail: str
    essential: bool = True


def doctor(*, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Check this installation; the exit code is 1 if something essential fails.

    Example: recsys doctor --json
    """
    findings = list(_examine(database))
    healthy = all(finding.ok for finding in findings if finding.essential)
    if as_json:
        write_json({"healthy": healthy, "checks": [asdict(finding) for finding in findings]})
    else:
        rows = [[finding.check, _state(finding), finding.detail] for finding in findings]
        write_table("Healthy" if healthy else "Not healthy", ["check", "state", "detail"], rows)
    if not healthy:
        raise typer.Exit(EXIT_FAILED)


def _state(finding: Finding) -> str:
    if finding.ok:
        return "ok"
    return "FAILED" if finding.essential else "absent"


def _examine(database: str | None) -> Iterator[Finding]:
    settings = load_settings()
    yield Finding("recsys", ok=True, detail=version("recsys"))
    yield Finding("python", ok=True, detail=f"{platform.python_version()} {platform.platform()}")
    for name in _ESSENTIAL_LIBRARIES:
        yield _library(name, essential=True)
    for name in _OPTIONAL_LIBRARIES:
        yield _library(name, essential=False)
    yield _lightfm()
    yield _database(database or settings.database_url)
    yield _models_dir(settings.models_dir)
    yield from _commands()


def _library(name: str, *, essential: bool) -> Finding:
    try:
        import_module(name)
    except Exception as error:  # noqa: BLE001  (a broken build can fail with anything)
        return Finding(name, ok=False, detail=_reason(error), essential=essential)
    return Finding(name, ok=True, detail=version(name), essential=essential)


def _lightfm() -> Finding:
    from recsys.affinity.lightfm_probe import lightfm_status

    status = lightfm_status()
    detail = status.version if status.usable else status.reason
    return Finding("lightfm", ok=status.usable, detail=detail or "", essential=False)


def _database(url: str) -> Finding:
    from recsys.store.sql_store import open_store

    new_file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not new_file.exists():
        detail = f"{new_file} is not there yet; `recsys import` makes it"
        return Finding("database", ok=_is_writable(new_file), detail=detail)
    try:
        with closing(open_store(url)) as store:
            counts = store.counts()
    except RecsysError as error:
        return Finding("database", ok=False, detail=str(error))
    return Finding("database", ok=True, detail=f"{counts['events']:,} events")


def _models_dir(path: Path) -> Finding:
    ok = _is_writable(path)
    return Finding("models", ok=ok, detail=f"{path} {'can' if ok else 'cannot'} be written")


def _is_writable(path: Path) -> bool:
    """Say whether ``path`` can be written, or made in the nearest folder that exists."""
    there = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    return os.access(there, os.W_OK)


def _commands() -> Iterator[Finding]:
    for point in entry_points(group="recsys.commands"):
        try:
            point.load()
        except Exception as error:  # noqa: BLE001  (the point of this check)
            yield Finding(f"recsys {point.name}", ok=False, detail=_reason(error))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
