"""What time it is: real time, or a data set's own time going on from its last event."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal

import pandas as pd

__all__ = ["Clock", "last_moment", "start_clock"]

_TICK = timedelta(microseconds=1)


class Clock:
    """Strictly growing time: two readings never agree, so an answer is later than what it follows.

    Safe for concurrent use. ``most_ahead`` is how far it may run ahead of what it reads, to keep up
    with other processes.
    """

    def __init__(
        self, read: Callable[[], datetime], most_ahead: timedelta = timedelta(minutes=1)
    ) -> None:
        self._read, self._most_ahead = read, most_ahead
        self._ahead = timedelta()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        with self._lock:
            self._last = max(self._read() + self._ahead, self._last + _TICK)
            return self._last

    def reach(self, moment: datetime) -> None:
        """Go on from ``moment`` at least: another process, with a faster clock, has been there.

        Otherwise what it received would be of the future here, and would not count yet.
        """
        with self._lock:
            behind = moment - self._read()
            self._ahead = max(self._ahead, min(behind, self._most_ahead))


def last_moment(events: pd.DataFrame) -> datetime | None:
    """Return the latest time in canonical events; None without any."""
    if events.empty:
        return None
    last: datetime = max(events["occurred_at"].max(), events["received_at"].max()).to_pydatetime()
    return last


def start_clock(kind: Literal["wall", "dataset"], last: datetime | None) -> Clock:
    """Return a running clock.

    ``dataset`` starts at ``last``, the latest event's time, and runs at real speed; without events
    it is real time.
    """
    if kind == "wall" or last is None:
        return Clock(_wall)
    began = time.monotonic()
    # Processes that start later begin at a later event; they are all at the latest one's time.
    return Clock(lambda: last + timedelta(seconds=time.monotonic() - began), timedelta.max)


def _wall() -> datetime:
    return datetime.now(UTC)
