"""Where in its file a bad row is."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recsys.dataset.csv_file import CsvFile, Record, iter_records
from recsys.dataset.sources import Source
from recsys.dataset.validation import Reject, repeated_key, shown_value

__all__ = ["WHOLE_ROW", "FileReject", "Locator"]

WHOLE_ROW = "(row)"
"""The column named for a row that has too few or too many fields."""


@dataclass(frozen=True, slots=True)
class FileReject:
    """A bad row of a file.

    ``line`` is the line on which the record begins, the header being line 1; in Parquet files,
    which have no lines, the row counted from 1.
    """

    table: str
    file: str
    line: int
    column: str
    value: str
    expected: str


class Locator:
    """Turns the rejects of one file, chunk by chunk in file order, into rejects with lines.

    Runs along a CSV file once, only as far as there are bad rows. Records with too few or too many
    fields, which the fast reader leaves out, are found on the way.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._width = 0
        self._records: Iterator[Record] = iter(())
        if not source.is_parquet:
            file = CsvFile.open(source.path, source.encoding)
            self._width = len(file.header)
            self._records = iter_records(file)
        self._next_row = 0
        self.n_malformed = 0
        """Records with the wrong number of fields that were found so far."""

    def locate(self, rejects: Sequence[Reject], rows: range) -> tuple[FileReject, ...]:
        """Return the rejects of the chunk that holds ``rows`` of the file, ordered by line.

        ``Reject.row`` counts from the start of the chunk, ``rows`` through the file.
        """
        lines: Sequence[int] = range(rows.start + 1, rows.stop + 1)
        malformed: list[FileReject] = []
        if not self._source.is_parquet:
            lines, malformed = self._run_to(rows)
        placed = [self._placed(reject, lines) for reject in rejects]
        return tuple(sorted(malformed + placed, key=lambda reject: reject.line))

    def rest(self) -> tuple[FileReject, ...]:
        """Return the records of the wrong width behind the last good one."""
        return tuple(self._malformed(record) for record in self._records if self._misfits(record))

    def _run_to(self, rows: range) -> tuple[Sequence[int], list[FileReject]]:
        """Return the line of each of ``rows``, and the misfits on the way there."""
        lines = array("q")
        malformed: list[FileReject] = []
        while self._next_row < rows.stop:
            record = next(self._records)
            if self._misfits(record):
                malformed.append(self._malformed(record))
                continue
            if self._next_row >= rows.start:
                lines.append(record.line)
            self._next_row += 1
        return lines, malformed

    def _misfits(self, record: Record) -> bool:
        return len(record.fields) != self._width

    def _malformed(self, record: Record) -> FileReject:
        self.n_malformed += 1
        expected = f"{self._width} fields as in the header, found {len(record.fields)}"
        return self._reject(record.line, WHOLE_ROW, shown_value(",".join(record.fields)), expected)

    def _placed(self, reject: Reject, lines: Sequence[int]) -> FileReject:
        expected = reject.expected
        if reject.first_row is not None:
            expected = repeated_key(self._source.table, f"line {lines[reject.first_row]}")
        return self._reject(lines[reject.row], reject.column, reject.value, expected)

    def _reject(self, line: int, column: str, value: str, expected: str) -> FileReject:
        source = self._source
        return FileReject(source.table.name, source.path.name, line, column, value, expected)
