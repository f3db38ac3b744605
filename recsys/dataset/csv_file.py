"""CSV files: pieces of raw text columns in bounded memory, and where a row stands in the file.

Arrow reads the text fast but does not say on which line a row began. Lines are only wanted for bad
rows, so they are found by a second, slower reader that runs along when there are any.
"""

import csv
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from recsys.errors import DatasetError

__all__ = ["CsvFile", "Record", "check_structure", "iter_csv", "iter_records"]

_BLOCK_BYTES = 4 << 20
"""Bytes read at once: some 50,000 events, and more than the longest text of one content."""

csv.field_size_limit(2**31 - 1)  # the module's 128 KiB are too little for the text of a manual


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file: where it is, how its text is encoded, and its header as it stands there."""

    path: Path
    encoding: str
    header: tuple[str, ...]
    has_rows: bool

    @classmethod
    def open(cls, path: Path, encoding: str) -> "CsvFile":
        """Read the header; :class:`DatasetError` if the file has none."""
        with _open_text(path, encoding) as text:
            records = (record for record in csv.reader(text) if record)
            header = next(records, None)
            if header is None:
                raise DatasetError(
                    f"{path} is empty; expected a header line with column names; "
                    "remove the file if there is nothing to import"
                )
            return cls(path, encoding, tuple(header), next(records, None) is not None)

    @property
    def columns(self) -> list[str]:
        """Column names without the blanks around them."""
        return [name.strip() for name in self.header]


@dataclass(frozen=True, slots=True)
class Record:
    """One record after the header: the line on which it begins (header = 1) and its fields."""

    line: int
    fields: list[str]


def _open_text(path: Path, encoding: str) -> IO[str]:
    # newline="" leaves line ends inside quotes alone; utf-8-sig drops a byte order mark.
    return path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def iter_records(file: CsvFile) -> Iterator[Record]:
    """Yield every record after the header, also those with too few or too many fields."""
    with _open_text(file.path, file.encoding) as text:
        reader = csv.reader(text)
        line = 1
        header_seen = False
        for fields in reader:
            if fields and header_seen:
                yield Record(line, fields)
            header_seen |= bool(fields)
            line = reader.line_num + 1


def iter_csv(file: CsvFile, malformed: list[str]) -> Iterator[pd.DataFrame]:
    """Yield raw frames of text columns, about 4 MiB of the file each; '' where a field is empty.

    Records with another number of fields than the header are left out; the text of each one is
    added to ``malformed``. The index counts the other records from 0 through the file.
    """

    def skip(row: Any) -> str:  # noqa: ANN401  (Arrow's InvalidRow has no type)
        malformed.append(row.text)
        return "skip"

    position = 0
    for batch in _batches(file, skip) if file.has_rows else ():
        frame: pd.DataFrame = batch.to_pandas()
        frame.columns = pd.Index(file.columns)
        frame.index = pd.RangeIndex(position, position + len(frame))
        position += len(frame)
        yield frame


def _batches(file: CsvFile, skip: Callable[[Any], str]) -> Iterator[pa.RecordBatch]:
    as_text = {name: pa.string() for name in file.header}
    try:
        yield from pa_csv.open_csv(
            file.path,
            read_options=pa_csv.ReadOptions(encoding=file.encoding, block_size=_BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=pa_csv.ConvertOptions(column_types=as_text),
        )
    except pa.ArrowInvalid as error:
        raise DatasetError(
            f"{file.path} is no readable CSV ({error}); expected fields separated by commas, one "
            "record a line; look for a quote that is opened and never closed"
        ) from None


def check_structure(file: CsvFile) -> int:
    """Read the file to its end and return the number of records after the header.

    Raises :class:`DatasetError` if the last quote is never closed: everything behind it would be
    swallowed as one value, good rows too.
    """
    malformed: list[str] = []
    n_rows = 0
    last_value = ""
    for frame in iter_csv(file, malformed):
        n_rows += len(frame)
        last_value = str(frame.iloc[-1, -1])
    ends = (last_value, *malformed[-1:])
    if any("\n" in text or "\r" in text for text in ends):
        _check_last_quote(file)
    return n_rows + len(malformed)


def _check_last_quote(file: CsvFile) -> None:
    last = deque(iter_records(file), maxlen=1).pop()
    with _open_text(file.path, file.encoding) as text:
        tail = itertools.islice(text, last.line - 1, None)
        try:
            list(csv.reader(tail, strict=True))
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise DatasetError(
                    f"{file.path}: a quote that opens in the record at line {last.line} is never "
                    "closed; close it, or double it where it is meant as a character"
                ) from None
