"""The files of a data set: which there are, and whether they can be read at all."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.dataset.csv_file import CsvFile, check_structure, iter_csv
from recsys.dataset.validation import check_header
from recsys.errors import ConfigurationError, DatasetError
from recsys.schema import TABLES, Table

__all__ = ["Source", "check_encoding", "check_source", "find_sources", "iter_chunks"]

_CHUNK_ROWS = 50_000
"""Rows of a Parquet file in memory at once."""

_BLOCK_BYTES = 1 << 20

_LIKELY_ENCODINGS = ("cp932", "cp1252")
"""What spreadsheets write in Japan and in western countries, tried in this order."""

_PANDAS_TYPES = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(), pa.uint64(): pd.UInt64Dtype(),
}  # fmt: skip
"""Whole numbers stay whole where some are missing; by default they would turn into floats."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file of one table; ``encoding`` matters for CSV only."""

    table: Table
    path: Path
    encoding: str = "utf-8"

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet, else it is CSV."""
        return self.path.suffix == ".parquet"


def find_sources(directory: Path, *, encoding: str = "utf-8") -> list[Source]:
    """Return the files of a data set in the order of import, catalogue before events.

    Raises :class:`DatasetError` if there is no such directory, if it holds no canonical table, or
    if one table is there twice, as CSV and as Parquet.
    """
    encoding = check_encoding(encoding)
    if not directory.is_dir():
        raise DatasetError(f"{directory} is no directory; give the one that holds events.csv etc.")
    found = [
        source for table in TABLES.values() for source in _files_of(table, directory, encoding)
    ]
    if not found:
        names = ", ".join(sorted(path.name for path in directory.iterdir())[:8]) or "nothing"
        raise DatasetError(
            f"{directory} holds no known table; expected files such as employees.csv, contents.csv "
            f"and events.csv (or .parquet); found {names}"
        )
    return found


def _files_of(table: Table, directory: Path, encoding: str) -> list[Source]:
    paths = [directory / f"{table.name}{suffix}" for suffix in (".csv", ".parquet")]
    there = [path for path in paths if path.is_file()]
    if len(there) > 1:
        raise DatasetError(
            f"{directory} holds both {there[0].name} and {there[1].name}; expected one of them; "
            "remove the one that is out of date"
        )
    return [Source(table, path, encoding) for path in there]


def check_encoding(encoding: str) -> str:
    """Return Python's name of ``encoding``; :class:`ConfigurationError` if there is none such."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ConfigurationError(
            f"{encoding!r} is no text encoding; expected a name such as utf-8 or cp932"
        ) from None
    return "utf-8" if name == "utf-8-sig" else name  # a byte order mark is always dropped


def check_source(source: Source) -> int:
    """Make sure that a file can be read to its end; return its number of rows.

    Nothing about single values: those become rejects. Raises :class:`DatasetError` if the file is
    empty, undecodable or damaged, or if its header lacks a required column.
    """
    path = source.path
    if source.is_parquet:
        file = _open_parquet(path)
        check_header(source.table, list(file.schema_arrow.names), where=f"columns of {path}")
        return int(file.metadata.num_rows)
    check_decodable(path, source.encoding)
    csv_file = CsvFile.open(path, source.encoding)
    check_header(source.table, csv_file.columns, where=f"columns of {path}")
    return check_structure(csv_file)


def check_decodable(path: Path, encoding: str) -> None:
    """Raise :class:`DatasetError` naming the first byte that is no text in ``encoding``."""
    failure = _first_undecodable(path, encoding)
    if failure is None:
        return
    offset, line = failure
    likely = next((e for e in _LIKELY_ENCODINGS if _first_undecodable(path, e) is None), None)
    advice = f"it can be read with --encoding {likely}" if likely else "name its --encoding"
    raise DatasetError(
        f"{path} is not {encoding}: byte {offset} (line {line}) cannot be decoded; {advice}, "
        f"or save it as UTF-8"
    )


def _first_undecodable(path: Path, encoding: str) -> tuple[int, int] | None:
    """Return the byte offset (from 0) and the line (from 1) of the first undecodable byte."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, line = 0, 1
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK_BYTES)
            pending = decoder.getstate()[0]
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                before = (pending + block)[: error.start]
                return offset - len(pending) + error.start, line + before.count(b"\n")
            offset += len(block)
            if not block:
                return None


def iter_chunks(source: Source, malformed: list[str]) -> Iterator[pd.DataFrame]:
    """Yield raw frames of a checked file, indexed by row from 0 through the file.

    CSV columns are text; about 4 MiB or 50,000 rows at once. Records with the wrong number of
    fields are left out and not counted by the index; their texts are added to ``malformed``.
    """
    if not source.is_parquet:
        yield from iter_csv(CsvFile.open(source.path, source.encoding), malformed)
        return
    position = 0
    for batch in _open_parquet(source.path).iter_batches(batch_size=_CHUNK_ROWS):
        frame: pd.DataFrame = batch.to_pandas(
            types_mapper=_PANDAS_TYPES.get, integer_object_nulls=True
        )
        frame.index = pd.RangeIndex(position, position + len(frame))
        position += len(frame)
        yield frame


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DatasetError(
            f"{path} is no readable Parquet file ({error}); write it again"
        ) from None
