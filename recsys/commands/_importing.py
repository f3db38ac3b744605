"""From checked rows to the store, with a count of what became of each and a list of the bad."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from recsys.dataset.instants import load_zone
from recsys.dataset.locating import FileReject
from recsys.dataset.reading import CheckedChunk, iter_checked
from recsys.dataset.sources import check_source, find_sources
from recsys.store.port import Store, WriteReport

__all__ = ["Fates", "ImportReport", "IncomingFiles", "import_chunks", "open_files"]

_CHUNK_ROWS = 50_000
"""Rows a transaction writes: seconds of work, so that other writers get their turn."""

_REJECT_COLUMNS = ("file", "line", "column", "value", "expected")


@dataclass(frozen=True, slots=True)
class IncomingFiles:
    """Files that can be read: their rows, catalogue before events, and how many there are."""

    chunks: Iterable[CheckedChunk]
    n_rows: int
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Fates:
    """What became of the rows of one table; ``parked`` ones are among the inserted."""

    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    parked: int = 0
    refused: int = 0
    rejected: int = 0

    def add(self, report: WriteReport) -> None:
        """Count what became of one write."""
        for part in fields(report):
            setattr(self, part.name, getattr(self, part.name) + getattr(report, part.name))


@dataclass(slots=True)
class ImportReport:
    """The fates of all rows by table, and where the rejected ones are listed, if there are any."""

    tables: dict[str, Fates] = field(default_factory=dict)
    rejects_file: Path | None = None

    @property
    def n_rejected(self) -> int:
        """Rejected rows of all tables."""
        return sum(fates.rejected for fates in self.tables.values())

    def add_rejects(self, rejects: Iterable[FileReject]) -> None:
        """Count bad rows."""
        for reject in rejects:
            fates = self.tables.setdefault(reject.table, Fates())
            fates.rows += 1
            fates.rejected += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "tables": {name: asdict(fates) for name, fates in self.tables.items()},
            "rejected": self.n_rejected,
            "rejects_file": None if self.rejects_file is None else str(self.rejects_file),
        }


def open_files(
    directory: Path, layout: str, *, timezone: str | None = None, encoding: str = "utf-8"
) -> IncomingFiles:
    """Find and check the files of a data set in ``layout`` canonical or deskdrop.

    All of them are read to their end, so that :class:`recsys.errors.DatasetError` is raised for
    undecodable or damaged files and missing columns before the first row is written.
    """
    load_zone(timezone)
    if layout == "deskdrop":
        return _deskdrop(directory, encoding)
    sources = find_sources(directory, encoding=encoding)
    n_rows = sum(check_source(source) for source in sources)
    chunks = (chunk for source in sources for chunk in iter_checked(source, timezone=timezone))
    return IncomingFiles(chunks, n_rows)


def _deskdrop(directory: Path, encoding: str) -> IncomingFiles:
    from recsys.dataset.deskdrop import read_deskdrop

    result = read_deskdrop(directory, encoding=encoding)
    frames = result.dataset.frames
    n_rows = sum(len(frame) for frame in frames.values()) + len(result.rejects)
    return IncomingFiles(_in_chunks(frames, result.rejects), n_rows, result.notes)


def _in_chunks(
    frames: Mapping[str, pd.DataFrame], rejects: tuple[FileReject, ...]
) -> Iterator[CheckedChunk]:
    yield CheckedChunk("events", frames["events"].iloc[:0], rejects)
    for table, frame in frames.items():
        for start in range(0, len(frame), _CHUNK_ROWS):
            yield CheckedChunk(table, frame.iloc[start : start + _CHUNK_ROWS])


class _RejectsFile:
    """A CSV file that comes into being with the first bad row."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path, self._stack = path, stack
        self._rows: Any = None

    def write(self, rejects: Iterable[FileReject]) -> None:
        for reject in rejects:
            if self._rows is None:
                file = self._stack.enter_context(self._path.open("w", encoding="utf-8", newline=""))
                self._rows = csv.writer(file)
                self._rows.writerow(_REJECT_COLUMNS)
            self._rows.writerow([getattr(reject, name) for name in _REJECT_COLUMNS])


def import_chunks(
    chunks: Iterable[CheckedChunk],
    store: Store | None,
    *,
    received_at: datetime,
    rejects: Path,
    advance: Callable[[int], None],
) -> ImportReport:
    """Write checked rows and count what became of them; without a store only count.

    Events that carry no ``received_at`` count as received when they happened, as if they had been
    followed live; ``received_at`` dates the catalogue rows. ``rejects`` is the CSV file for bad
    rows, written only if there are any. ``advance`` is told the rows of each chunk.
    """
    report = ImportReport()
    with ExitStack() as stack:
        rejects_file = _RejectsFile(rejects, stack)
        for chunk in chunks:
            fates = report.tables.setdefault(chunk.table, Fates())
            fates.rows += len(chunk.frame)
            if store is not None and len(chunk.frame):
                fates.add(store.write(chunk.table, _dated(chunk), received_at=received_at))
            rejects_file.write(chunk.rejects)
            report.add_rejects(chunk.rejects)
            advance(len(chunk.frame) + len(chunk.rejects))
    report.rejects_file = rejects if report.n_rejected else None
    return report


def _dated(chunk: CheckedChunk) -> pd.DataFrame:
    if chunk.table != "events":
        return chunk.frame
    received_at = chunk.frame["received_at"].fillna(chunk.frame["occurred_at"])
    return chunk.frame.assign(received_at=received_at)
