"""Who was shown what in which format, and who took it in to the end."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import CODE_OF_TYPE, IS_INTERACTION, EventColumns
from recsys.kernels import kernel
from recsys.schema import FORMATS
from recsys.state.key_index import KeyIndex, Keys, Rows
from recsys.state.showings import Showings, ShowingSums

__all__ = [
    "COMPLETE_DWELL_SHARE",
    "COMPLETE_PROGRESS_SHARE",
    "FormatCounts",
    "completed",
    "counted_in_formats",
]

COMPLETE_PROGRESS_SHARE = 0.9
"""Videos are left during the credits: nine tenths count as completed."""

COMPLETE_DWELL_SHARE = 0.7
"""Readers are a third faster than 240 words a minute: 0.7 of the expected time is a whole read."""

_N_FORMATS = len(FORMATS)
_SHOWN, _COMPLETED = np.uint8(1), np.uint8(2)
_BOTH = np.uint8(3)
_COMPLETE = CODE_OF_TYPE["complete"]
_EXPOSES = IS_INTERACTION.copy()
_EXPOSES[CODE_OF_TYPE["impression"]] = True

Counts = npt.NDArray[np.int64]


def completed(events: EventColumns, expected: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return bool, shape (n,): events that show their rendition was taken in to the end.

    ``expected`` is the time a rendition takes in seconds, NaN where unknown (then dwell says
    nothing).
    """
    explicit = events.event_type == _COMPLETE
    watched = events.progress_share >= COMPLETE_PROGRESS_SHARE
    read = events.dwell_seconds >= np.float32(COMPLETE_DWELL_SHARE) * expected
    return np.asarray(explicit | watched | read)


def counted_in_formats(
    events: EventColumns, formats: npt.NDArray[np.int8], catalogue: Catalogue
) -> npt.NDArray[np.bool_]:
    """Return bool, shape (n,): events that prove a showing, or its completion, in a known format.

    Sensitive contents enter no profile.
    """
    sensitive = catalogue.contents["sensitive"].view(np.bool_)[events.content]
    done = completed(events, catalogue.renditions.expected_seconds(events.rendition))
    told = _EXPOSES[events.event_type] | done
    return np.asarray(told & (formats >= 0) & ~sensitive)


@kernel
def _count(
    bits: npt.NDArray[np.uint8], rows: Rows, new_bits: npt.NDArray[np.uint8],
    owners: npt.NDArray[np.int64], shown: Counts, completions: Counts,
) -> None:  # fmt: skip
    for i in range(len(rows)):
        before = bits[rows[i]]
        after = before | new_bits[i]
        bits[rows[i]] = after
        if (after & _SHOWN) and not (before & _SHOWN):
            shown[owners[i]] += 1
        if after == _BOTH and before != _BOTH:
            completions[owners[i]] += 1


class FormatCounts:
    """Per employee and format: contents shown, and of those the ones completed.

    A content counts once per employee and format, however often it was shown. An interaction
    proves that it was shown even if the log holds no impression. Order-indifferent; additive
    over disjoint employees, not over time (a completion may follow its impression much later).
    """

    def __init__(self) -> None:
        self._index = KeyIndex()
        self._bits: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.shown: Counts = np.zeros((0, _N_FORMATS), np.int64)
        """int64, shape (n_employees, n_formats)."""
        self.completions: Counts = np.zeros((0, _N_FORMATS), np.int64)
        self._sums = ShowingSums()

    def add(self, events: EventColumns, catalogue: Catalogue) -> None:
        """Count events that name a content."""
        formats = catalogue.renditions.formats(events.rendition, events.content)
        done = completed(events, catalogue.renditions.expected_seconds(events.rendition))
        new_bits = np.where(_EXPOSES[events.event_type], _SHOWN, np.uint8(0))
        new_bits |= np.where(done, _COMPLETED, np.uint8(0))
        told = counted_in_formats(events, formats, catalogue)
        if told.any():
            rows = self._add(events.take(told), formats[told].astype(np.int64), new_bits[told])
            self._sums.add(self._index.keys, rows, events.take(told), catalogue.contents)

    def showings(self, employee: int | None = None) -> Showings:
        """Return what one employee was shown, or everybody (None): a row per content and format."""
        rows = np.arange(len(self._index)) if employee is None else self._sums.rows_of(employee)
        rows = rows[(self._bits[rows] & _SHOWN) > 0]
        done = self._bits[rows] == _BOTH
        return self._sums.showings(self._index.keys, rows, done)

    def n_events(self, employee: int) -> int:
        """Return a number that changes whenever something of the employee is counted."""
        return self._sums.n_events(employee)

    def of(self, employee: int) -> tuple[Counts, Counts]:
        """Return shown and completed counts of one employee, int64, shape (n_formats,) each."""
        if employee < 0 or employee >= len(self.shown):
            return np.zeros(_N_FORMATS, np.int64), np.zeros(_N_FORMATS, np.int64)
        return self.shown[employee], self.completions[employee]

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        n = len(self._index)
        return {
            "keys": self._index.keys, "bits": self._bits[:n],
            "shown": self.shown, "completions": self.completions,
            **self._sums.arrays(n),
        }  # fmt: skip

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._index = KeyIndex.from_keys(np.asarray(arrays["keys"], np.uint64))
        self._bits = np.array(arrays["bits"], np.uint8)
        self.shown = np.array(arrays["shown"], np.int64)
        self.completions = np.array(arrays["completions"], np.int64)
        self._sums.restore(self._index.keys, arrays)

    def _add(self, events: EventColumns, formats: Counts, new_bits: npt.NDArray[np.uint8]) -> Rows:
        employee, content = events.employee.astype(np.uint64), events.content.astype(np.uint64)
        # 28 bits of employee, 32 of content, 4 of format: one key for the three.
        form = formats.astype(np.uint64)
        key: Keys = (employee << np.uint64(36)) | (content << np.uint64(4)) | form
        rows = self._index.add(key)
        self._reserve(int(events.employee.max()) + 1)
        owners = events.employee.astype(np.int64) * _N_FORMATS + formats
        _count(
            self._bits, rows, new_bits, owners, self.shown.reshape(-1), self.completions.reshape(-1)
        )
        return rows

    def _reserve(self, n_employees: int) -> None:
        missing = len(self._index) - len(self._bits)
        if missing > 0:
            extra = np.zeros(max(missing, len(self._bits)), np.uint8)
            self._bits = np.concatenate([self._bits, extra])
        held = len(self.shown)
        if n_employees > held:
            extra_rows = np.zeros((max(n_employees, 2 * held) - held, _N_FORMATS), np.int64)
            self.shown = np.concatenate([self.shown, extra_rows])
            self.completions = np.concatenate([self.completions, extra_rows])
