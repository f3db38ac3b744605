"""An engine as files: arrays, Parquet, JSON and the trees' own text; nothing that runs on load."""

import json
import shutil
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys.catalogue.snapshot import read_catalogue, write_catalogue
from recsys.errors import ModelError
from recsys.event_columns import EventColumns
from recsys.model import Model
from recsys.state.live import LiveState

if TYPE_CHECKING:
    from recsys.engine import Engine

__all__ = ["BUNDLE_VERSION", "checksums", "read_bundle", "verify", "write_bundle"]

BUNDLE_VERSION = 4
"""Layout of a bundle directory; grows when an older reader could not read it."""

_MANIFEST = "manifest.json"


def write_bundle(engine: "Engine", directory: Path) -> None:
    """Write a bundle; a bundle that was there stays until the new one is complete.

    Raises :class:`ModelError` where something else is: it would be deleted.
    """
    _check_replaceable(directory)
    fresh = directory.with_name(f"{directory.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for part in ("model", "catalogue", "state"):
        (fresh / part).mkdir(parents=True)
    engine.model.write(fresh / "model")
    write_catalogue(engine.state.catalogue, fresh / "catalogue")
    np.savez(fresh / "state" / "state.npz", **engine.state.arrays())  # type: ignore[arg-type]  # its keyword is no array
    np.savez(fresh / "state" / "log.npz", **engine.log.arrays())  # type: ignore[arg-type]  # its keyword is no array
    manifest = {
        "bundle_version": BUNDLE_VERSION,
        "code_version": version("recsys"),
        "model_version": engine.model.version,
        "trained_until": engine.model.trained_until.isoformat(),
        "state_at": engine.now.isoformat(),
        "lateness_us": engine.state.lateness_us,
        "checksums": checksums(fresh),
    }
    manifest["seal"] = _seal(manifest)
    (fresh / _MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    shutil.rmtree(directory, ignore_errors=True)
    fresh.rename(directory)


def read_bundle(directory: Path) -> tuple[Model, LiveState, list[EventColumns]]:
    """Read model, state and log; raises :class:`ModelError` naming what is missing or damaged."""
    manifest = verify(directory)
    model = Model.read(directory / "model")
    state = LiveState(
        read_catalogue(directory / "catalogue"), lateness_us=int(manifest["lateness_us"])
    )
    with np.load(directory / "state" / "state.npz", allow_pickle=False) as arrays:
        state.restore(arrays)
    with np.load(directory / "state" / "log.npz", allow_pickle=False) as arrays:
        log = EventColumns.from_arrays(arrays)
    return model, state, [log]


def checksums(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below ``directory`` by relative path."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        path.relative_to(directory).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def verify(directory: Path) -> Mapping[str, Any]:
    """Return the manifest of a bundle that is complete and unchanged."""
    manifest = _read_manifest(directory)
    if manifest.get("bundle_version") != BUNDLE_VERSION:
        raise ModelError(
            f"bundle {directory} has layout version {manifest.get('bundle_version')}, this code "
            f"reads {BUNDLE_VERSION}; train again, or use the version that wrote it"
        )
    if manifest.get("seal") != _seal(manifest):
        raise ModelError(f"bundle {directory}: {_MANIFEST} was changed; restore it or train again")
    found = checksums(directory)
    for name, digest in manifest["checksums"].items():
        if found.get(name) != digest:
            state = "is missing" if name not in found else "was changed"
            raise ModelError(f"bundle {directory}: {name} {state}; restore it or train again")
    return manifest


def _read_manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / _MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{directory} holds no bundle ({_MANIFEST} is missing); expected a directory written "
            "by Engine.save"
        ) from None
    except ValueError:  # no UTF-8, or no JSON
        manifest = None
    if not isinstance(manifest, dict):
        raise ModelError(
            f"bundle {directory}: {_MANIFEST} is no JSON object; restore it or train again"
        )
    return manifest


def _seal(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of everything else a manifest says."""
    rest = {name: value for name, value in manifest.items() if name != "seal"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _check_replaceable(directory: Path) -> None:
    is_bundle = (directory / _MANIFEST).is_file()
    if directory.exists() and not is_bundle and not _is_empty(directory):
        raise ModelError(
            f"{directory} exists and holds no bundle; saving there would delete it, choose another "
            "place or remove it first"
        )


def _is_empty(directory: Path) -> bool:
    return directory.is_dir() and next(directory.iterdir(), None) is None
