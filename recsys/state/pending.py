"""Events that wait for their moment."""

import numpy as np
import numpy.typing as npt

from recsys.event_columns import EventColumns

__all__ = ["Pending"]

Times = npt.NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max


class Pending:
    """Events by the moment they are due; adding is cheap, sorting happens when asked.

    An event is due ``delay_us`` after it happened, but not before it was received.
    """

    def __init__(self, *, delay_us: int = 0) -> None:
        self._delay_us = delay_us
        self._sorted = EventColumns.empty()
        self._due_at: Times = np.zeros(0, np.int64)
        self._added: list[EventColumns] = []
        self._earliest = _NEVER

    def __len__(self) -> int:
        return len(self._sorted) + sum(len(part) for part in self._added)

    def add(self, events: EventColumns) -> None:
        """Let ``events`` wait."""
        if len(events):
            self._added.append(events)
            self._earliest = min(self._earliest, int(self._due(events).min()))

    def is_due(self, at: int) -> bool:
        """Return whether some event is due strictly before ``at``."""
        return self._earliest < at

    def take_before(self, at: int) -> EventColumns:
        """Remove and return the events due strictly before ``at``, ties by event key."""
        if not self.is_due(at):
            return EventColumns.empty()
        if self._added:
            waiting = self.all()
            due_at = self._due(waiting)
            order = np.lexsort((waiting.key, due_at))
            self._sorted, self._due_at = waiting.take(order), due_at[order]
            self._added = []
        n_due = int(np.searchsorted(self._due_at, at, side="left"))
        due = self._sorted.take(slice(0, n_due))
        self._sorted = self._sorted.take(slice(n_due, None))
        self._due_at = self._due_at[n_due:]
        self._earliest = int(self._due_at[0]) if len(self._due_at) else _NEVER
        return due

    def all(self) -> EventColumns:
        """Return all waiting events; they go on waiting."""
        return EventColumns.concatenate([self._sorted, *self._added])

    def _due(self, events: EventColumns) -> Times:
        return np.maximum(events.occurred_at + self._delay_us, events.received_at)
