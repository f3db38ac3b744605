"""Events that wait for their moment."""

import numpy as np
import numpy.typing as npt

from recsys.event_columns import EventColumns

__all__ = ["Pending"]


class Pending:
    """Events by the moment they are due; adding is cheap, sorting happens when asked.

    An event is due ``delay_us`` after it happened, but not before it was received.
    """

    def __init__(self, *, delay_us: int = 0) -> None:
        self._delay_us = delay_us
        self._sorted = EventColumns.empty()
        self._due_at: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._added: list[EventColumns] = []

    def __len__(self) -> int:
        return len(self._sorted) + sum(len(part) for part in self._added)

    def add(self, events: EventColumns) -> None:
        """Let ``events`` wait."""
        if len(events):
            self._added.append(events)

    def take_before(self, at: int) -> EventColumns:
        """Remove and return the events due strictly before ``at``, ties by event key."""
        if self._added:
            waiting = self.all()
            due_at = np.maximum(waiting.occurred_at + self._delay_us, waiting.received_at)
            order = np.lexsort((waiting.key, due_at))
            self._sorted, self._due_at = waiting.take(order), due_at[order]
            self._added = []
        n_due = int(np.searchsorted(self._due_at, at, side="left"))
        due = self._sorted.take(slice(0, n_due))
        self._sorted = self._sorted.take(slice(n_due, None))
        self._due_at = self._due_at[n_due:]
        return due

    def all(self) -> EventColumns:
        """Return all waiting events; they go on waiting."""
        return EventColumns.concatenate([self._sorted, *self._added])
