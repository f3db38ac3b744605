"""What each employee did with each content: seen sets, first contacts, repeats."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.event_columns import CODE_OF_TYPE, IS_INTERACTION, EventColumns
from recsys.kernels import kernel
from recsys.state.key_index import KeyIndex, Keys, Rows, pair_keys
from recsys.times import NO_TIME

__all__ = ["COMPLETED_FLAG", "REPEAT_WEIGHT", "Contributions", "Readings", "flag_of"]

REPEAT_WEIGHT = 0.2
"""What a further interaction of the same employee adds to a popularity (the first adds 1)."""

_DISMISS = CODE_OF_TYPE["dismiss"]
_FLAG_OF_TYPE = np.array([1 << code for code in range(len(IS_INTERACTION))], np.uint32)
_INTERACTED = np.bitwise_or.reduce(_FLAG_OF_TYPE[IS_INTERACTION])
_SEEN = np.uint32(sum(int(f) for f, seen in zip(_FLAG_OF_TYPE, IS_INTERACTION, strict=True) if seen)
                  + (1 << _DISMISS))  # fmt: skip

COMPLETED_FLAG = np.uint32(1 << 31)
"""Taken in to the end, by whatever kind of event; the bits below are event types."""

Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]
Links = npt.NDArray[np.int32]

_NONE = -1


def flag_of(*event_types: str) -> np.uint32:
    """Return the bits of these event types in what :meth:`Readings.flags` returns."""
    codes = [CODE_OF_TYPE[name] for name in event_types]
    return np.uint32(np.bitwise_or.reduce(_FLAG_OF_TYPE[codes], initial=0))


@dataclass(frozen=True, slots=True)
class Contributions:
    """What a batch adds to the counters: shape (m,) each.

    An interaction adds 1 if it is the pair's first, else ``REPEAT_WEIGHT``. One that arrives late
    and happened before the known first one takes its place: it adds 1, and the former first one
    loses 1 − ``REPEAT_WEIGHT`` at its own moment. So the sum never depends on the order.
    """

    event: npt.NDArray[np.int64]
    """Row of the event in the batch (employee, content and so on are read there)."""
    time: Times
    weight: npt.NDArray[np.float64]
    first: npt.NDArray[np.float64]
    """+1 where a pair's first contact was added, −1 where it was taken back, else 0."""


@kernel
def _contribute(
    rows: Rows, times: Times, first: Times, event: Rows, time: Times,
    weight: npt.NDArray[np.float64], first_delta: npt.NDArray[np.float64],
) -> int:  # fmt: skip
    n = 0
    for i in range(len(rows)):
        row, moment = rows[i], times[i]
        is_first = first[row] == NO_TIME or moment < first[row]
        if is_first and first[row] != NO_TIME:
            event[n], time[n], weight[n], first_delta[n] = i, first[row], REPEAT_WEIGHT - 1.0, -1.0
            n += 1
        event[n], time[n] = i, moment
        weight[n] = 1.0 if is_first else REPEAT_WEIGHT
        first_delta[n] = 1.0 if is_first else 0.0
        n += 1
        if is_first:
            first[row] = moment
    return n


@kernel
def _mark(flags: Flags, rows: Rows, marks: Flags) -> None:
    for i in range(len(rows)):
        flags[rows[i]] |= marks[i]


@kernel
def _chain(keys: Keys, start: int, newest: Links, previous: Links) -> None:
    for row in range(start, len(keys)):
        employee = keys[row] >> np.uint64(32)
        previous[row] = newest[employee]
        newest[employee] = row


@kernel
def _mark_seen(
    keys: Keys, flags: Flags, newest: int, previous: Links, is_seen: npt.NDArray[np.bool_],
    value: bool,
) -> None:  # fmt: skip
    row = newest
    while row >= 0:
        if flags[row] & _SEEN:
            is_seen[keys[row] & np.uint64(0xFFFFFFFF)] = value
        row = previous[row]


@kernel
def _unseen(
    keys: Keys, flags: Flags, newest: int, previous: Links, is_seen: Bools, contents: Links,
    out: Bools,
) -> None:  # fmt: skip
    """Fill ``out`` by content; ``is_seen`` is scratch, false before and after."""
    _mark_seen(keys, flags, newest, previous, is_seen, True)
    for i in range(len(contents)):
        # What is beyond the end was published since the last event of anybody.
        out[i] = contents[i] >= len(is_seen) or not is_seen[contents[i]]
    _mark_seen(keys, flags, newest, previous, is_seen, False)


class Readings:
    """One row per (employee, content) that ever met, with what happened between them.

    Order-indifferent: flags only accumulate, firsts only move back, counts are sums. About 45
    bytes a pair. The rows of an employee are chained, so that what somebody has seen is found by
    walking through their own few hundred rows, not by looking up every content.
    """

    def __init__(self) -> None:
        self._index = KeyIndex()
        self._first: Times = np.zeros(0, np.int64)
        self._flags: Flags = np.zeros(0, np.uint32)
        self._impressions: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._newest: Links = np.zeros(0, np.int32)
        self._previous: Links = np.zeros(0, np.int32)
        self._is_seen: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        return len(self._index)

    @property
    def keys(self) -> Keys:
        """Return uint64 pairs, employee in the upper half, content in the lower; a view."""
        return self._index.keys

    def update(self, events: EventColumns, completed: Bools | None = None) -> Contributions:
        """Take in events that all name a content; return what they add to the counters.

        ``completed``, shape (n,): which of them show that the content was taken in to the end
        (:func:`recsys.state.marks.completed`); none if it is not given.
        """
        n_before = len(self._index)
        rows = self._index.add(pair_keys(events.employee, events.content))
        self._reserve(len(self._index))
        self._link(n_before)
        marks = _FLAG_OF_TYPE[events.event_type]
        if completed is not None:
            marks = marks | np.where(completed, COMPLETED_FLAG, np.uint32(0))
        _mark(self._flags, rows, marks)
        return self._contributions(events, rows)

    def unseen(self, employee: int, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Return bool, shape (n,): neither interacted with nor dismissed by ``employee``."""
        if employee < 0 or employee >= len(self._newest) or len(contents) == 0:
            return np.ones(len(contents), np.bool_)
        unseen = np.empty(len(contents), np.bool_)
        _unseen(
            self._index.keys, self._flags, int(self._newest[employee]), self._previous,
            self._is_seen, contents, unseen,
        )  # fmt: skip
        return unseen

    def count_impressions(self, events: EventColumns) -> None:
        """Count impressions that :meth:`update` took in before."""
        rows = self._index.find(pair_keys(events.employee, events.content))
        np.add.at(self._impressions, rows, 1)

    def impressions(self, employee: int, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return int32, shape (n,): how often ``employee`` was shown each content."""
        rows = self._find(employee, contents)
        shown = np.zeros(len(contents), np.int32)
        met = rows >= 0
        shown[met] = self._impressions[rows[met]]
        return shown

    def did(
        self, employee: int, contents: npt.NDArray[np.int32], event_type: str
    ) -> npt.NDArray[np.bool_]:
        """Return bool, shape (n,): whether ``employee`` ever sent ``event_type`` on each."""
        rows = self._find(employee, contents)
        flag, met = _FLAG_OF_TYPE[CODE_OF_TYPE[event_type]], rows >= 0
        met[met] = self._flags[rows[met]] & flag > 0
        return met

    def flags(self, employees: npt.NDArray[np.int32], content: int) -> Flags:
        """Return uint32, shape (n,): what each employee (0 or more) ever did with one content.

        Bits are those of :func:`flag_of` and ``COMPLETED_FLAG``; 0 where they never met.
        Cost: 20 ns an employee.
        """
        rows = self._index.find(pair_keys(employees, content))
        met = rows >= 0
        flags = np.zeros(len(rows), np.uint32)
        flags[met] = self._flags[rows[met]]
        return flags

    def times_shown(self, employees: npt.NDArray[np.int32], content: int) -> Links:
        """Return int32, shape (n,): how often each employee (0 or more) was shown one content."""
        rows = self._index.find(pair_keys(employees, content))
        met = rows >= 0
        shown = np.zeros(len(rows), np.int32)
        shown[met] = self._impressions[rows[met]]
        return shown

    def opened_share(self) -> float:
        """Return the share of pairs with an impression that also interacted; NaN without any."""
        flags = self._flags[: len(self._index)]
        shown = flags[flags & flag_of("impression") > 0]
        return float(np.mean(shown & _INTERACTED > 0)) if len(shown) else float("nan")

    def first_interactions(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Times]:
        """Return employee and content (int32) and time (int64) of every pair that interacted."""
        keys = self._index.keys
        met = self._first[: len(keys)] != NO_TIME
        employees = (keys[met] >> np.uint64(32)).astype(np.int32)
        contents = (keys[met] & np.uint64(0xFFFFFFFF)).astype(np.int32)
        return employees, contents, self._first[: len(keys)][met]

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        n = len(self._index)
        return {
            "keys": self._index.keys,
            "first": self._first[:n],
            "flags": self._flags[:n],
            "impressions": self._impressions[:n],
        }

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._index = KeyIndex.from_keys(np.asarray(arrays["keys"], np.uint64))
        self._first = np.array(arrays["first"], np.int64)
        self._flags = np.array(arrays["flags"], np.uint32)
        self._impressions = np.array(arrays["impressions"], np.int32)
        self._previous = np.full(len(self._first), _NONE, np.int32)
        self._link(0)

    def _find(self, employee: int, contents: npt.NDArray[np.int32]) -> Rows:
        if employee < 0 or len(self._index) == 0:
            return np.full(len(contents), -1, np.int64)
        high = np.full(len(contents), employee, np.int32)
        return self._index.find(pair_keys(high, contents))

    def _contributions(self, events: EventColumns, rows: Rows) -> Contributions:
        interacting = np.flatnonzero(events.is_interaction)
        n = len(interacting)
        event, time = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
        weight, first = np.empty(2 * n), np.empty(2 * n)
        m = _contribute(
            rows[interacting], events.occurred_at[interacting], self._first,
            event, time, weight, first,
        )  # fmt: skip
        return Contributions(interacting[event[:m]], time[:m], weight[:m], first[:m])

    def _link(self, start: int) -> None:
        """Chain the rows from ``start`` on to those of their employees."""
        keys = self._index.keys
        if len(keys) == start:
            return
        n_employees = int(keys[start:].max() >> np.uint64(32)) + 1
        n_contents = int((keys[start:] & np.uint64(0xFFFFFFFF)).max()) + 1
        if n_employees > len(self._newest):
            more = max(n_employees, 2 * len(self._newest)) - len(self._newest)
            self._newest = np.concatenate([self._newest, np.full(more, _NONE, np.int32)])
        if n_contents > len(self._is_seen):
            self._is_seen = np.zeros(max(n_contents, 2 * len(self._is_seen)), np.bool_)
        _chain(keys, start, self._newest, self._previous)

    def _reserve(self, n_rows: int) -> None:
        held = len(self._first)
        if n_rows <= held:
            return
        extra = max(n_rows, 2 * held) - held
        self._first = np.concatenate([self._first, np.full(extra, NO_TIME, np.int64)])
        self._flags = np.concatenate([self._flags, np.zeros(extra, np.uint32)])
        self._impressions = np.concatenate([self._impressions, np.zeros(extra, np.int32)])
        self._previous = np.concatenate([self._previous, np.full(extra, _NONE, np.int32)])
