"""The work folder of one training run: what was costly to compute, until the run is done.

A run that was killed and is started again with the same data, recipe, seed and code finds its
folder and goes on from there. Everything is written under another name first and then renamed, so
what is there is whole. Nothing in it names an employee, and since its name follows from the data,
a run after an erasure or an opt-out does not find it.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import recsys
from recsys.model import Model

__all__ = ["Work", "code_digest"]

_WORK, _NOTES = "work", "notes.json"


@dataclass(frozen=True)
class Work:
    """The folder of one run below the models folder."""

    folder: Path

    @classmethod
    def open(cls, models_dir: Path, key: str) -> "Work":
        """Return the folder of the run that ``key`` stands for; those of other runs are deleted.

        What they hold belongs to other data, or to code or a recipe that are no longer in use.
        """
        folder = models_dir / _WORK / key
        for other in folder.parent.glob("*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in folder.glob("*.part"):  # of a run that was killed while it wrote
            shutil.rmtree(part, ignore_errors=True)
            part.unlink(missing_ok=True)
        return cls(folder)

    def notes(self) -> dict[str, Any]:
        """Return what the run has noted about itself."""
        path = self.folder / _NOTES
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def note(self, **notes: object) -> None:
        """Note something about the run."""
        part = self.folder / f"{_NOTES}.part"
        part.write_text(json.dumps(self.notes() | notes), encoding="utf-8")
        part.replace(self.folder / _NOTES)

    def holds(self, name: str) -> Path | None:
        """Return the folder ``name``, if it was written."""
        path = self.folder / name
        return path if path.is_dir() else None

    def write(self, name: str, write: Callable[[Path], None]) -> Path:
        """Let ``write`` fill a folder, and give it its name once it is whole."""
        part = self.folder / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        write(part)
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return part.rename(self.folder / name)

    def model(self, name: str) -> Model | None:
        """Return the model that was written as ``name``."""
        directory = self.holds(name)
        return None if directory is None else Model.read(directory)

    def close(self) -> None:
        """Delete the folder: the run is done."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # not empty
            self.folder.parent.rmdir()


def code_digest(packages: Sequence[str] = ("recsys", "training")) -> str:
    """Return a digest of the source of packages of this project."""
    root = Path(recsys.__file__).parents[1]
    files = sorted(file for package in packages for file in (root / package).rglob("*.py"))
    found = blake2b(digest_size=10)
    for file in files:
        found.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
