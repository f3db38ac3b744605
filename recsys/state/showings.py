"""What each employee was shown lately, in which format, and what came of it."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.state.marks import COMPLETED, DEEP, IMPRESSION, OPENED, ORDER, Marks
from recsys.times import HOUR_US

__all__ = ["Showings", "pair", "showings_of"]

_VISIT_US = HOUR_US // 2
"""Who comes back to a page within half an hour sees it again, and decides once."""

Starts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]
Table = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Showings:
    """n showings: a content in a format in one visit, and what came of it; arrays of shape (n,)."""

    employee: npt.NDArray[np.int32]
    content: npt.NDArray[np.int32]
    form: npt.NDArray[np.int8]
    """Place in ``FORMATS``."""
    at: npt.NDArray[np.int64]
    """Microseconds of the first impression of the visit."""
    position: npt.NDArray[np.int16]
    """The highest of the visit, 1-based; 0 = unknown."""
    device: npt.NDArray[np.int8]
    """Place in :data:`recsys.devices.DEVICES`."""
    rendition_propensity: npt.NDArray[np.float32]
    """Probability with which this format was chosen; 0 = unknown."""
    is_impression: npt.NDArray[np.bool_]
    """False: opened without a known impression, by a link from mail or chat."""
    opened: npt.NDArray[np.bool_]
    completed: npt.NDArray[np.bool_]
    deep: npt.NDArray[np.bool_]
    """Liked, commented, shared, bookmarked, signed up for or attended."""

    def __len__(self) -> int:
        return len(self.employee)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice) -> Self:
        """Return the showings at ``rows`` (indices, mask or slice)."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))


@kernel
def _slot(table: Table, key: np.int64, stamp: int) -> int:
    """Return the place of ``key`` in an open-addressing ``table``, or the free one for it."""
    mask = len(table) - 1
    place = int((key * -7046029254386353131 >> 20) & mask)
    while table[place, 0] == stamp and table[place, 1] != key:
        place = (place + 1) & mask
    return place


@kernel
def _pair(
    marks: Marks, starts: Starts, table: Table, contents: Table, origin: Starts, flags: Flags,
    position: npt.NDArray[np.int16],
) -> int:  # fmt: skip
    """Fill ``origin`` (the mark that began a showing), ``flags`` and ``position``; say how many.

    Tables hold (stamp, key, showing); a stamp of another employee means free.
    """
    n = 0
    for e in range(len(starts) - 1):
        stamp = e + 1
        for i in range(starts[e], starts[e + 1]):
            mark = marks[i]
            content = np.int64(mark["content"])
            done = _slot(contents, content, stamp)
            if contents[done, 0] == stamp:
                continue  # taken in before: nobody does so twice
            key = (content << 4) | np.int64(mark["form"])
            place = _slot(table, key, stamp)
            kind = mark["kind"]
            last = table[place, 2] if table[place, 0] == stamp else -1
            if kind & IMPRESSION and last >= 0:
                again = marks[origin[last]]
                left = flags[last] & (OPENED | COMPLETED) == 0
                if left and mark["at"] - again["at"] < _VISIT_US:
                    at = mark["position"]
                    if at > 0 and (position[last] == 0 or at < position[last]):
                        position[last] = at
                    continue
                last = -1
            if last < 0:
                origin[n], flags[n], position[n] = i, 0, mark["position"]
                table[place, 0], table[place, 1], table[place, 2] = stamp, key, n
                last = n
                n += 1
            flags[last] |= kind
            if kind & COMPLETED:
                contents[done, 0], contents[done, 1] = stamp, content
    return n


def pair(marks: Marks, employee: npt.NDArray[np.int32], starts: Starts) -> Showings:
    """Return the showings that ``marks`` tell of, in the order of employee and time.

    Marks ``starts[g]:starts[g + 1]`` are those of ``employee[g]``, sorted as
    :data:`recsys.state.marks.ORDER` says. An outcome belongs to the last impression of its content
    and format before it; one without any is a showing without impression. Impressions of one visit
    are one showing. Once a content was completed, in whichever format, later showings of it say
    nothing and are left out.
    """
    longest = int(np.diff(starts).max(initial=0))
    size = 1 << int(2 * longest + 2).bit_length()
    table, contents = np.zeros((size, 3), np.int64), np.zeros((size, 2), np.int64)
    origin, flags = np.empty(len(marks), np.int64), np.empty(len(marks), np.uint8)
    position = np.empty(len(marks), np.int16)
    n = _pair(marks, starts, table, contents, origin, flags, position)
    origin, flags = origin[:n], flags[:n]
    first = marks[origin]
    owner = np.searchsorted(starts, origin, side="right") - 1
    done = flags & COMPLETED > 0
    return Showings(
        employee[owner], first["content"], first["form"], first["at"], position[:n],
        first["device"], first["propensity"], flags & IMPRESSION > 0,
        (flags & OPENED > 0) | done, done, flags & DEEP > 0,
    )  # fmt: skip


def showings_of(employees: npt.NDArray[np.int32], marks: Marks) -> Showings:
    """Return the showings of marks in any order; equal sets give equal answers."""
    order = np.lexsort([marks[name] for name in reversed(ORDER)] + [employees])
    marks, employees = marks[order], employees[order]
    first = np.flatnonzero(np.diff(employees, prepend=-1))
    return pair(marks, employees[first], np.append(first, len(marks)))
