"""Which learned model is in use: the folder of model versions and the pointer to the champion.

The pointer is a small file beside the models, with paths relative to it, so that a moved folder
still loads and serving needs neither the tracking server nor its database.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from recsys.bundle import checksums
from recsys.errors import ModelError
from recsys.model import Model

__all__ = [
    "Champion",
    "Release",
    "champion_bundle",
    "check_model",
    "move_champion",
    "read_champion",
    "store_model",
    "version_directory",
]

_POINTER, _VERSIONS, _CHECKSUMS = "champion.json", "versions", "checksums.json"


@dataclass(frozen=True, slots=True)
class Release:
    """A registered version that became the champion; ``model_dir`` is relative to the models."""

    model_dir: str
    registered_version: int
    run_id: str
    moved_at: datetime

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """Read what :meth:`as_json` gave; ``KeyError`` or ``ValueError`` on anything else."""
        return cls(
            row["model_dir"], row["registered_version"], row["run_id"],
            datetime.fromisoformat(row["moved_at"]),
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Return the release as JSON values."""
        return asdict(self) | {"moved_at": self.moved_at.isoformat()}


@dataclass(frozen=True, slots=True)
class Champion:
    """The release in use and the ones before it, oldest first."""

    release: Release
    history: tuple[Release, ...] = ()

    def succeeded_by(self, release: Release) -> "Champion":
        """Return the champion after ``release`` took over."""
        return Champion(release, (*self.history, self.release))

    def before(self, moved_at: datetime) -> "Champion | None":
        """Return the champion that was replaced, taken up again at ``moved_at``; None if none."""
        if not self.history:
            return None
        return Champion(replace(self.history[-1], moved_at=moved_at), self.history[:-1])


def version_directory(models_dir: Path, model_version: str) -> Path:
    """Return where a model version is kept, whether it exists or not."""
    return models_dir / _VERSIONS / model_version


def store_model(models_dir: Path, model: Model) -> Path:
    """Write a model and its checksums to its version directory, whole or not at all.

    A version's name follows from its content, so one that is there already, complete and unchanged,
    stays as it is: it may be in use.
    """
    directory = version_directory(models_dir, model.version)
    fresh = directory.with_name(f"{directory.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    if _is_complete(directory):
        return directory
    fresh.mkdir(parents=True)
    model.write(fresh)
    _write_json(fresh / _CHECKSUMS, checksums(fresh))
    shutil.rmtree(directory, ignore_errors=True)
    fresh.rename(directory)
    return directory


def check_model(directory: Path) -> None:
    """Raise :class:`recsys.errors.ModelError` unless a model is complete and unchanged."""
    try:
        expected = json.loads((directory / _CHECKSUMS).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise ModelError(
            f"{directory} holds no model ({_CHECKSUMS} is missing or damaged); restore it, or "
            "train again with `recsys train`"
        ) from None
    found = checksums(directory)
    for name, digest in expected.items():
        if found.get(name) != digest:
            state = "is missing" if name not in found else "was changed"
            raise ModelError(f"model {directory}: {name} {state}; restore it or train again")


def _is_complete(directory: Path) -> bool:
    try:
        check_model(directory)
    except ModelError:
        return False
    return True


def read_champion(models_dir: Path) -> Champion | None:
    """Return the champion, or None before the first one.

    Raises :class:`recsys.errors.ModelError` when the pointer cannot be read.
    """
    path = models_dir / _POINTER
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        pointer = json.loads(text)
        history = tuple(Release.from_json(row) for row in pointer["history"])
        return Champion(Release.from_json(pointer), history)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} does not name a champion ({type(error).__name__}: {error}); "
            "`recsys promote VERSION` writes it anew once the damaged file is removed"
        ) from None


def move_champion(models_dir: Path, champion: Champion) -> None:
    """Point at a champion; readers see the old pointer or the new one, nothing in between."""
    history = [release.as_json() for release in champion.history]
    _write_json(models_dir / _POINTER, champion.release.as_json() | {"history": history})


def champion_bundle(models_dir: Path) -> Path | None:
    """Return the directory of the champion's model, for :meth:`recsys.model.Model.read`.

    None before the first champion. Its files are compared with their checksums; raises
    :class:`recsys.errors.ModelError` naming what is missing or damaged.
    """
    champion = read_champion(models_dir)
    if champion is None:
        return None
    directory = models_dir / champion.release.model_dir
    check_model(directory)
    return directory


def _write_json(path: Path, value: object) -> None:
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())  # the name must never point at a file that a power cut left empty
    fresh.replace(path)
