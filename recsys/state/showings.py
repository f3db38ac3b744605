"""Under which circumstances each employee was shown each content in each format."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalogue.contents import ContentTable
from recsys.devices import DEVICES
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.kernels import kernel
from recsys.state.key_index import Keys, Rows
from recsys.times import DAY_US, HOUR_US

__all__ = ["CIRCUMSTANCES", "ShowingSums", "Showings", "circumstances"]

CIRCUMSTANCES: tuple[str, ...] = ("log_position", "on_mobile", "log_age", "hour_sin", "hour_cos")
"""What is summed over the impressions of a content: log of the position, whether on a phone or
tablet, log(1 + age / 12 h), and the UTC hour as a point on a circle."""

_SCALE = 1024.0
"""Sums are of whole thousandths: integers add up to the same in any order."""
_N_SUMS = 1 + len(CIRCUMSTANCES)
_AGE_HOURS = 12.0
_ON_MOBILE = np.array([DEVICES.index("mobile"), DEVICES.index("tablet")])
_IMPRESSION = CODE_OF_TYPE["impression"]
_NEVER = np.iinfo(np.int64).max
_NONE = -1

Sums = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
Links = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Showings:
    """One row per employee, content and format; arrays of shape (n,) unless said."""

    employee: npt.NDArray[np.int64]
    content: npt.NDArray[np.int64]
    form: npt.NDArray[np.int64]
    """Place in ``FORMATS``."""
    first_at: Times
    """Microseconds of the first event that proves the showing."""
    impressions: npt.NDArray[np.int64]
    """0 where only an interaction proves it (a link from mail or chat)."""
    completed: npt.NDArray[np.bool_]
    circumstances: npt.NDArray[np.float64]
    """Means over the impressions, shape (n, len(CIRCUMSTANCES)); zeros without impressions."""

    def __len__(self) -> int:
        return len(self.employee)

    def take(self, rows: npt.NDArray[np.int64]) -> "Showings":
        """Return the showings at ``rows``."""
        return Showings(
            self.employee[rows], self.content[rows], self.form[rows], self.first_at[rows],
            self.impressions[rows], self.completed[rows], self.circumstances[rows],
        )  # fmt: skip


@kernel
def _add(
    sums: Sums, first_at: Times, rows: Rows, times: Times, is_impression: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    for i in range(len(rows)):
        row = rows[i]
        first_at[row] = min(first_at[row], times[i])
        if is_impression[i]:
            sums[row, 0] += 1
            for j in range(values.shape[1]):
                sums[row, 1 + j] += np.int32(round(values[i, j] * _SCALE))


@kernel
def _chain(keys: Keys, start: int, newest: Links, previous: Links) -> None:
    for row in range(start, len(keys)):
        employee = keys[row] >> np.uint64(36)
        previous[row] = newest[employee]
        newest[employee] = row


@kernel
def _walk(newest: int, previous: Links, found: Rows) -> int:
    n, row = 0, newest
    while row >= 0 and n < len(found):
        found[n] = row
        row = previous[row]
        n += 1
    return n


class ShowingSums:
    """Additive sums by row of :class:`recsys.state.format_counts.FormatCounts`; 40 bytes a row.

    Order-indifferent and exact (integers). The rows of an employee are chained.
    """

    def __init__(self) -> None:
        self._sums: Sums = np.zeros((0, _N_SUMS), np.int32)
        self._first_at: Times = np.zeros(0, np.int64)
        self._newest: Links = np.zeros(0, np.int32)
        self._previous: Links = np.zeros(0, np.int32)
        self._n_of: Links = np.zeros(0, np.int32)
        self._n_events: Links = np.zeros(0, np.int32)
        self._n_chained = 0

    def add(self, keys: Keys, rows: Rows, events: EventColumns, contents: ContentTable) -> None:
        """Add events; ``rows`` are theirs among ``keys``."""
        self._reserve(keys)
        np.add.at(self._n_events, events.employee, 1)
        _add(
            self._sums, self._first_at, rows, events.occurred_at,
            events.event_type == _IMPRESSION, circumstances(events, contents),
        )  # fmt: skip

    def n_events(self, employee: int) -> int:
        """Return how many events of an employee were added since this process began."""
        return int(self._n_events[employee]) if 0 <= employee < len(self._n_events) else 0

    def rows_of(self, employee: int) -> Rows:
        """Return the rows of one employee, newest first; none for an unknown one."""
        if not 0 <= employee < len(self._newest):
            return np.zeros(0, np.int64)
        found = np.empty(int(self._n_of[employee]), np.int64)
        _walk(int(self._newest[employee]), self._previous, found)
        return found

    def showings(self, keys: Keys, rows: Rows, completed: npt.NDArray[np.bool_]) -> Showings:
        """Return the showings at ``rows``, in the order of time, content and format."""
        order = np.lexsort((keys[rows], self._first_at[rows]))
        rows, completed = rows[order], completed[order]
        key, sums = keys[rows], self._sums[rows]
        impressions = sums[:, 0].astype(np.int64)
        means = sums[:, 1:] / (_SCALE * np.maximum(impressions, 1))[:, None]
        employee = (key >> np.uint64(36)).astype(np.int64)
        content = ((key >> np.uint64(4)) & np.uint64(0xFFFFFFFF)).astype(np.int64)
        form = (key & np.uint64(15)).astype(np.int64)
        return Showings(
            employee, content, form, self._first_at[rows], impressions, completed, means
        )

    def arrays(self, n: int) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays of the first ``n`` rows that :meth:`restore` needs."""
        return {"sums": self._sums[:n], "first_at": self._first_at[:n]}

    def restore(self, keys: Keys, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays written by :meth:`arrays`."""
        self._sums = np.array(arrays["sums"], np.int32)
        self._first_at = np.array(arrays["first_at"], np.int64)
        self._previous = np.full(len(self._first_at), _NONE, np.int32)
        self._link(keys)

    def _reserve(self, keys: Keys) -> None:
        missing = len(keys) - len(self._first_at)
        if missing > 0:
            n = max(missing, len(self._first_at))
            self._sums = np.concatenate([self._sums, np.zeros((n, _N_SUMS), np.int32)])
            self._first_at = np.concatenate([self._first_at, np.full(n, _NEVER)])
            self._previous = np.concatenate([self._previous, np.full(n, _NONE, np.int32)])
        self._link(keys)

    def _link(self, keys: Keys) -> None:
        new = keys[self._n_chained :]
        if len(new) == 0:
            return
        owners = (new >> np.uint64(36)).astype(np.int64)
        missing = int(owners.max()) + 1 - len(self._newest)
        if missing > 0:
            n = max(missing, len(self._newest))
            self._newest = np.concatenate([self._newest, np.full(n, _NONE, np.int32)])
            self._n_events = np.concatenate([self._n_events, np.zeros(n, np.int32)])
            self._n_of = np.concatenate([self._n_of, np.zeros(n, np.int32)])
        np.add.at(self._n_of, owners, 1)
        _chain(keys, self._n_chained, self._newest, self._previous)
        self._n_chained = len(keys)


def circumstances(events: EventColumns, contents: ContentTable) -> npt.NDArray[np.float64]:
    """Return float64, shape (n, len(CIRCUMSTANCES)); an unknown position counts as the first."""
    age = np.maximum(events.occurred_at - contents.published_at[events.content], 0)
    angle = 2 * np.pi * (events.occurred_at % DAY_US) / DAY_US
    return np.stack(
        [
            np.log(np.maximum(events.position, 1).astype(np.float64)),
            np.isin(events.device, _ON_MOBILE).astype(np.float64),
            np.log1p(age / (_AGE_HOURS * HOUR_US)),
            np.sin(angle),
            np.cos(angle),
        ],
        axis=1,
    )
