"""A directory of canonical files as a data set; every bad row is named with file and line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from recsys.dataset.dataset import Dataset, empty_frame
from recsys.dataset.locating import FileReject, Locator
from recsys.dataset.sources import Source, check_source, find_sources, iter_chunks
from recsys.dataset.validation import validate

__all__ = ["CheckedChunk", "ReadResult", "iter_checked", "read_dataset"]


@dataclass(frozen=True, slots=True)
class CheckedChunk:
    """The good rows of a part of a file, canonical, and its bad ones in the order of the file."""

    table: str
    frame: pd.DataFrame
    rejects: tuple[FileReject, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A data set, the rows that did not get into it, and sentences on what was filled in."""

    dataset: Dataset
    rejects: tuple[FileReject, ...]
    notes: tuple[str, ...] = ()


def read_dataset(
    directory: Path | str, *, timezone: str | None = None, encoding: str = "utf-8"
) -> ReadResult:
    """Read a directory of canonical CSV or Parquet files into memory.

    Bad rows are left out and returned as rejects; the caller decides what they mean. ``timezone``
    is the zone of times that carry none (without it they are rejected), ``encoding`` that of CSV
    files. Events are ordered by time, ties in the order of the file, repeats are kept.

    Raises :class:`recsys.errors.DatasetError` where a whole file cannot be used, and
    :class:`recsys.errors.ConfigurationError` for an unknown time zone or encoding.
    """
    sources = find_sources(Path(directory), encoding=encoding)
    for source in sources:
        check_source(source)
    frames: dict[str, pd.DataFrame] = {}
    rejects: list[FileReject] = []
    for source in sources:
        chunks = list(iter_checked(source, timezone=timezone))
        rejects += [reject for chunk in chunks for reject in chunk.rejects]
        frames[source.table.name] = pd.concat([c.frame for c in chunks], ignore_index=True)
    if "events" in frames:
        frames["events"] = _in_time_order(frames["events"])
    return ReadResult(Dataset(frames), tuple(rejects))


def _in_time_order(events: pd.DataFrame) -> pd.DataFrame:
    return events.sort_values("occurred_at", kind="stable", ignore_index=True)


def iter_checked(source: Source, *, timezone: str | None = None) -> Iterator[CheckedChunk]:
    """Yield the checked rows of a file that :func:`check_source` found readable, at least a chunk.

    Events come in pieces, so that ten million need bounded memory. The other tables come whole:
    they are small, and a key may occur only once in all of the file.
    """
    malformed: list[str] = []
    chunks = iter_chunks(source, malformed)
    locator = Locator(source)
    is_empty = True
    for raw in chunks if source.table.name == "events" else _together(chunks):
        checked = validate(source.table, raw, timezone=timezone)
        is_clean = not checked.rejects and len(malformed) == locator.n_malformed
        rows = range(int(raw.index[0]), int(raw.index[-1]) + 1) if len(raw) else range(0)
        rejects = () if is_clean else locator.locate(checked.rejects, rows)
        yield CheckedChunk(source.table.name, checked.frame, rejects)
        is_empty = False
    if is_empty or len(malformed) > locator.n_malformed:
        yield CheckedChunk(source.table.name, empty_frame(source.table), locator.rest())


def _together(chunks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    frames = list(chunks)
    if frames:
        yield pd.concat(frames)
