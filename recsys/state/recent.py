"""The latest partners of each row: what an employee read last, or who read a content last."""

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.times import NO_TIME

__all__ = ["Recent"]

Partners = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]

NOBODY = -1


@kernel
def _touch(partners: Partners, times: Times, rows: Partners, others: Partners, at: Times) -> None:
    width = partners.shape[1]
    for i in range(len(rows)):
        row, other, moment = rows[i], others[i], at[i]
        if row < 0 or other < 0:
            continue
        # The place this partner holds already, else the last one, which is pushed out.
        place = width - 1
        for j in range(width):
            if partners[row, j] == other:
                place = j
                break
        held, held_at = partners[row, place], times[row, place]
        if moment < held_at or (held != other and moment == held_at and other < held):
            continue
        while place > 0 and (
            times[row, place - 1] < moment
            or (times[row, place - 1] == moment and partners[row, place - 1] < other)
        ):
            partners[row, place] = partners[row, place - 1]
            times[row, place] = times[row, place - 1]
            place -= 1
        partners[row, place] = other
        times[row, place] = moment


class Recent:
    """Per row the ``width`` partners with the latest last contact, newest first.

    Order-indifferent: what is kept depends only on the last contact of each pair (ties by the
    larger index), and last contacts only move forward. Not additive: two time ranges combine by
    touching the later one's entries, which is exact, but the result is no sum.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._partners: Partners = np.full((0, width), NOBODY, np.int32)
        self._times: Times = np.full((0, width), NO_TIME, np.int64)

    @property
    def partners(self) -> Partners:
        """Return int32 partners, shape (n_rows, width), −1 where there is none; a view."""
        return self._partners

    @property
    def times(self) -> Times:
        """Return int64 last contacts in microseconds, shape (n_rows, width); a view."""
        return self._times

    def touch(self, rows: Partners, others: Partners, at: Times) -> None:
        """Record contacts; negative indices are passed over."""
        if len(rows) and rows.max() >= 0:
            self.reserve(int(rows.max()) + 1)
            _touch(self._partners, self._times, rows, others, at)

    def of(self, row: int) -> tuple[Partners, Times]:
        """Return partners and times of one row, newest first, without empty places."""
        if row < 0 or row >= len(self._partners):
            return self._partners[:0, 0], self._times[:0, 0]
        n = int(np.count_nonzero(self._partners[row] >= 0))
        return self._partners[row, :n], self._times[row, :n]

    def of_many(self, rows: Partners) -> tuple[Partners, Times]:
        """Return partners and times of several rows, shape (n, width), −1 where there is none."""
        held = rows < len(self._partners)
        if held.all():
            return self._partners[rows], self._times[rows]
        partners = np.full((len(rows), self.width), NOBODY, np.int32)
        times = np.full((len(rows), self.width), NO_TIME, np.int64)
        partners[held], times[held] = self._partners[rows[held]], self._times[rows[held]]
        return partners, times

    def reserve(self, n_rows: int) -> None:
        """Make room for rows 0..n_rows−1."""
        held = len(self._partners)
        if n_rows <= held:
            return
        capacity = max(n_rows, 2 * held)
        partners = np.full((capacity, self.width), NOBODY, np.int32)
        times = np.full((capacity, self.width), NO_TIME, np.int64)
        partners[:held], times[:held] = self._partners, self._times
        self._partners, self._times = partners, times

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays that :meth:`restore` needs."""
        return {"partners": self._partners, "times": self._times}

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._partners = np.array(arrays["partners"], np.int32)
        self._times = np.array(arrays["times"], np.int64)
