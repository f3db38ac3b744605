"""The state that a plan's picks are made from, on disk for as long as they are being made."""

import shutil
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from recsys.bundle import write_bundle
from recsys.engine import Engine
from recsys.store.port import Store

__all__ = ["PlanStates"]


class PlanStates:
    """Bundles of one store's unfinished plans: what all processes of a plan read, and a restart.

    They hold what people did, like the store, and belong to it. After an erasure all are deleted,
    and one that is older than an erasure is never used, whichever host it lies on; a plan that
    loses its state goes on from the present one.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder / f"newsletters-{store.tombstone_hash('')[:16]}"
        self._store = store

    def find(self, issue_id: str, revision: int) -> Path | None:
        """Return the bundle of a plan; None if there is none that may be used."""
        for path in self._folder.glob(f"{_name(issue_id, revision)}-*"):
            number = path.name.rpartition("-")[2]
            if number.isdigit() and not self._store.erased_since(int(number)):
                return path
        return None

    def write(self, issue_id: str, revision: int, engine: Engine, number: int) -> Path:
        """Keep the state of an engine up to the change ``number``; return where."""
        self.drop(issue_id, revision)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{_name(issue_id, revision)}-{number}"
        write_bundle(engine, path)
        return path

    def drop(self, issue_id: str, revision: int) -> None:
        """Delete the bundle of a plan that is finished."""
        for path in self._folder.glob(f"{_name(issue_id, revision)}-*"):
            shutil.rmtree(path, ignore_errors=True)

    def sweep(self, unfinished: Iterable[tuple[str, int]]) -> None:
        """Delete what was left behind by plans that nobody works on any more."""
        names = {_name(*plan) for plan in unfinished}
        for path in self._folder.glob("*"):
            if path.name.partition("-")[0] not in names:
                shutil.rmtree(path, ignore_errors=True)

    def forget(self) -> None:
        """Delete all; call after somebody was erased."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _name(issue_id: str, revision: int) -> str:
    """Return a name for any issue: ids are the editors' and may hold anything."""
    named = f"{revision}/{issue_id}".encode("utf-8", "surrogatepass")
    return blake2b(named, digest_size=8).hexdigest()
