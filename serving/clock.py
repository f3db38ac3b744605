"""What time it is: real time, or a data set's own time going on from its last event."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal

import pandas as pd

__all__ = ["Clock", "start_clock"]

_TICK = timedelta(microseconds=1)


class Clock:
    """Strictly growing time: two readings never agree, so an answer is later than what it follows.

    Safe for concurrent use.
    """

    def __init__(self, read: Callable[[], datetime]) -> None:
        self._read = read
        self._last = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        with self._lock:
            self._last = max(self._read(), self._last + _TICK)
            return self._last


def start_clock(kind: Literal["wall", "dataset"], events: pd.DataFrame) -> Clock:
    """Return a running clock.

    ``dataset`` starts at the last of ``events`` (canonical) and runs at real speed; without events
    it is real time.
    """
    if kind == "wall" or events.empty:
        return Clock(_wall)
    last = max(events["occurred_at"].max(), events["received_at"].max()).to_pydatetime()
    began = time.monotonic()
    return Clock(lambda: last + timedelta(seconds=time.monotonic() - began))


def _wall() -> datetime:
    return datetime.now(UTC)
