"""The latest marks of every employee, sorted by time, one block of memory each."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import EventColumns
from recsys.kernels import kernel
from recsys.state.marks import MARK, Marks, marks_of
from recsys.state.showings import Showings, pair
from recsys.times import DAY_US, HOUR_US

__all__ = ["KEPT", "Histories"]

KEPT = 512
"""Marks kept per employee: half a year of a median reader, and tastes drift within one."""

Counts = npt.NDArray[np.int64]


@kernel
def _place(mark: np.void) -> np.int64:
    """Return form, kind, position and device as one number that orders as they do in turn."""
    place = (np.int64(mark["form"]) << 8) | np.int64(mark["kind"])
    place = (place << 16) + np.int64(mark["position"])
    return np.int64((place << 8) + np.int64(mark["device"]))


@kernel
def _precedes(a: np.void, b: np.void) -> bool:
    """Whether ``a`` comes before ``b`` in the order of :data:`recsys.state.marks.ORDER`."""
    if a["at"] != b["at"]:
        return bool(a["at"] < b["at"])
    if a["content"] != b["content"]:
        return bool(a["content"] < b["content"])
    first, second = _place(a), _place(b)
    return bool(a["propensity"] < b["propensity"]) if first == second else bool(first < second)


@kernel
def _insert(
    rows: Marks, start: Counts, size: Counts, employees: npt.NDArray[np.int32], new: Marks
) -> None:
    for i in range(len(new)):
        e, mark = employees[i], new[i]
        a, n = start[e], size[e]
        if n == KEPT:
            if _precedes(mark, rows[a]):
                continue
            place = a  # the oldest goes; what is before the new one moves towards it
            while place + 1 < a + n and _precedes(rows[place + 1], mark):
                rows[place] = rows[place + 1]
                place += 1
        else:
            place = a + n
            while place > a and _precedes(mark, rows[place - 1]):
                rows[place] = rows[place - 1]
                place -= 1
            size[e] = n + 1
        rows[place] = mark


@kernel
def _move(rows: Marks, start: Counts, size: Counts, to: Marks, to_start: Counts) -> None:
    for e in range(len(size)):
        for i in range(size[e]):
            to[to_start[e] + i] = rows[start[e] + i]


@kernel
def _active(
    rows: Marks, start: Counts, size: Counts, employees: npt.NDArray[np.int32], since: Counts,
    until: int, shift: Counts, days: Counts, hours: npt.NDArray[np.uint32],
) -> None:  # fmt: skip
    for i in range(len(employees)):
        e, last = employees[i], np.int64(-1)
        if e < 0 or e >= len(size):
            continue
        for place in range(start[e], start[e] + size[e]):
            if rows[place]["at"] < since[i] or rows[place]["at"] >= until:
                continue
            local = rows[place]["at"] + shift[i]
            hours[i] |= np.uint32(1) << np.uint32(local // HOUR_US % 24)
            if local // DAY_US != last:
                last = local // DAY_US
                days[i] += 1


class Histories:
    """The latest ``KEPT`` marks of each employee, in the order of time.

    Order-indifferent: which marks are kept and how they lie depends on the set only. Not additive,
    but two time ranges combine by inserting the marks of one into the other. About 24 to 50 bytes
    a mark. Not thread-safe.
    """

    def __init__(self) -> None:
        self._rows: Marks = np.zeros(0, MARK)
        self._used = 0
        self._start: Counts = np.zeros(0, np.int64)
        self._size: Counts = np.zeros(0, np.int64)
        self._capacity: Counts = np.zeros(0, np.int64)
        self._n_added: Counts = np.zeros(0, np.int64)

    def add(self, events: EventColumns, catalogue: Catalogue) -> None:
        """Keep what ``events``, all of known contents, tell."""
        self.keep(*marks_of(events, catalogue))

    def keep(self, employees: npt.NDArray[np.int32], marks: Marks) -> None:
        """Keep ``marks``, each of the employee beside it."""
        if len(marks) == 0:
            return
        self._reserve(employees)
        _insert(self._rows, self._start, self._size, employees, marks)

    def of(self, employee: int) -> Showings:
        """Return the latest showings of one employee, oldest first; none for an unknown one."""
        marks = self.marks(employee)
        return pair(marks, np.array([employee], np.int32), np.array([0, len(marks)]))

    def marks(self, employee: int) -> Marks:
        """Return the marks of one employee, oldest first; a view, none for an unknown one."""
        if not 0 <= employee < len(self._size):
            return self._rows[:0]
        start = self._start[employee]
        return self._rows[start : start + self._size[employee]]

    def everybody(self) -> Showings:
        """Return the latest showings of all employees, by employee and time."""
        rows, start = self._dense()
        return pair(rows, np.arange(len(self._size), dtype=np.int32), start)

    def oldest(self, employees: npt.NDArray[np.int32]) -> Counts:
        """Return int64 microseconds before which marks are forgotten, shape (n,); else 0."""
        known = (employees >= 0) & (employees < len(self._size))
        full = np.zeros(len(employees), np.bool_)
        full[known] = self._size[employees[known]] == KEPT
        oldest = np.zeros(len(employees), np.int64)
        oldest[full] = self._rows["at"][self._start[employees[full]]]
        return oldest

    def active(
        self, employees: npt.NDArray[np.int32], since: Counts, until: int, shift: Counts
    ) -> tuple[Counts, npt.NDArray[np.uint32]]:
        """Return on how many days each employee left a mark, and at which hours of the day.

        Arrays have shape (n,). Looks at marks from ``since`` to before ``until`` (microseconds), on
        clocks that are ``shift`` microseconds ahead of UTC. Bit h of a uint32 is set if there was
        one between h and h + 1 o'clock. Cost: one pass over the marks of these employees.
        """
        days, hours = np.zeros(len(employees), np.int64), np.zeros(len(employees), np.uint32)
        _active(
            self._rows, self._start, self._size, employees, since, until, shift, days, hours
        )  # fmt: skip
        return days, hours

    def n_added(self, employee: int) -> int:
        """Return a number that changes whenever something is kept of the employee."""
        return int(self._n_added[employee]) if 0 <= employee < len(self._n_added) else 0

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        rows, _ = self._dense()
        return {f"mark.{name}": rows[name] for name in MARK.names or ()} | {"size": self._size}

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._size = np.array(arrays["size"], np.int64)
        self._rows = np.zeros(int(self._size.sum()), MARK)
        for name in MARK.names or ():
            self._rows[name] = arrays[f"mark.{name}"]
        self._used = len(self._rows)
        self._start = np.cumsum(self._size) - self._size
        self._capacity = self._size.copy()
        self._n_added = self._size.copy()

    def _dense(self) -> tuple[Marks, Counts]:
        """Return all marks without gaps, and where each employee's begin, with the end."""
        start = np.append(0, np.cumsum(self._size))
        rows = np.zeros(int(start[-1]), MARK)
        _move(self._rows, self._start, self._size, rows, start)
        return rows, start

    def _reserve(self, employees: npt.NDArray[np.int32]) -> None:
        """Make room for one more mark per entry of ``employees``; blocks grow by half."""
        self._reserve_employees(int(employees.max()) + 1)
        who, n_new = np.unique(employees, return_counts=True)
        self._n_added[who] += n_new
        needed = np.minimum(self._size[who] + n_new, KEPT)
        short = needed > self._capacity[who]
        if not short.any():
            return
        grown = np.minimum(np.maximum(needed, self._capacity[who] * 3 // 2 + 1), KEPT)[short]
        if self._used + int(grown.sum()) > len(self._rows):
            self._repack(who[short], grown)
        else:
            self._move_to_end(who[short], grown)

    def _move_to_end(self, who: npt.NDArray[np.int32], grown: Counts) -> None:
        start = self._used + np.cumsum(grown) - grown
        for e, a in zip(who.tolist(), start.tolist(), strict=True):
            held = self.marks(e).copy()
            self._rows[a : a + len(held)] = held
            self._start[e] = a
        self._capacity[who] = grown
        self._used += int(grown.sum())

    def _repack(self, who: npt.NDArray[np.int32], grown: Counts) -> None:
        """Copy everything into a larger array without the blocks that were outgrown."""
        self._capacity[who] = grown
        start = np.cumsum(self._capacity) - self._capacity
        self._used = int(self._capacity.sum())
        rows = np.zeros(self._used + self._used // 4 + 64, MARK)  # room for later growth
        _move(self._rows, self._start, self._size, rows, start)
        self._rows, self._start = rows, start

    def _reserve_employees(self, n: int) -> None:
        held = len(self._size)
        if n <= held:
            return
        extra = np.zeros(max(n, held + held // 2) - held, np.int64)
        self._start, self._size, self._capacity, self._n_added = (
            np.concatenate([part, extra])
            for part in (self._start, self._size, self._capacity, self._n_added)
        )
