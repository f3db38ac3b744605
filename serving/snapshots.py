"""The state of a worker on disk, so that the next one need not read the whole log."""

import os
import shutil
from hashlib import blake2b
from pathlib import Path

import structlog

from recsys.bundle import read_bundle, write_bundle
from recsys.engine import Engine
from recsys.errors import ModelError
from recsys.state.live import LiveState
from recsys.store.port import Store

__all__ = ["Snapshots"]

_LEAST_CHANGES = 10_000
"""Fewer new changes are read from the log in a second; a snapshot is not worth writing for them."""
_MOST_CHANGES = 200_000
"""More of them are read faster whole, and a snapshot so old is not worth reading."""

_log = structlog.get_logger()


class Snapshots:
    """Bundles of one store's state, each in a folder named after the last change that is in it.

    They hold what people did, like the store, and belong to it: another store, even one at the same
    address, never uses them. After an erasure all are deleted, and one that is older than an
    erasure is never used, whichever host it lies on.

    Parameters
    ----------
    folder
        Where all snapshots of this host lie.
    store
        A migrated store.
    lateness_us
        Of the live state; a snapshot with another one is not used.
    """

    def __init__(self, folder: Path, store: Store, lateness_us: int) -> None:
        self._folder = folder / f"snapshots-{store.tombstone_hash('')[:16]}"
        self._store, self._lateness_us = store, lateness_us

    def latest(self) -> tuple[int, LiveState] | None:
        """Return the newest usable state with the last change that is in it; None if there is none.

        A damaged or outdated one is deleted, and the log is read instead.
        """
        for part in self._folder.glob("part-*"):  # of a worker that was killed while it stopped
            shutil.rmtree(part, ignore_errors=True)
        last = self._store.last_change()
        for number, directory in reversed(self._all()):
            is_recent = last - _MOST_CHANGES <= number <= last
            if is_recent and directory.name == self._name(number):
                try:
                    _, state, _ = read_bundle(directory)
                except Exception as error:  # noqa: BLE001  (whatever is wrong, there is the log)
                    _log.warning("snapshot_unusable", reason=type(error).__name__)
                else:
                    if state.lateness_us == self._lateness_us:
                        return number, state
            shutil.rmtree(directory, ignore_errors=True)
        return None

    def write(self, engine: Engine, number: int) -> None:
        """Keep the state of an engine that nobody uses meanwhile, if much is new in it."""
        held, name = self._all(), self._name(number)
        if not name or number - (held[-1][0] if held else 0) < _LEAST_CHANGES:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f"part-{os.getpid()}"  # workers stop together, and write the same
        try:
            write_bundle(engine, part)
            part.rename(self._folder / name)
        except (OSError, ModelError) as error:  # another worker was first, or the disk is full
            _log.info("snapshot_not_written", reason=type(error).__name__)
            shutil.rmtree(part, ignore_errors=True)
            return
        for _, directory in held:
            shutil.rmtree(directory, ignore_errors=True)
        if self._store.erased_since(number):  # while it was written
            self.forget()

    def forget(self) -> None:
        """Delete all; call after somebody was erased."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _all(self) -> list[tuple[int, Path]]:
        """Return the snapshots that are there, the oldest first."""
        found = self._folder.glob("*") if self._folder.is_dir() else ()
        numbered = ((path.name.partition("-")[0], path) for path in found)
        return sorted((int(number), path) for number, path in numbered if number.isdigit())

    def _name(self, number: int) -> str:
        """Return what a state up to a change is called: by its number and what the change says.

        A store that was restored from a copy gives numbers out again, to other changes. Empty after
        an erasure since, or if the change is gone: no such state may be used.
        """
        if self._store.erased_since(number):
            return ""
        for change in self._store.changes(number - 1, limit=1):
            if change.last_number == number:
                told = f"{change.table} {change.frame.to_csv(index=False)}".encode()
                return f"{number}-{blake2b(told, digest_size=8).hexdigest()}"
        return ""
