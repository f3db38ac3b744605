"""Events that wait for their moment."""

import numpy as np
import numpy.typing as npt

from recsys.event_columns import EventColumns

__all__ = ["Pending"]


class Pending:
    """Events by the moment they count from; adding is cheap, sorting happens when asked."""

    def __init__(self) -> None:
        self._sorted = EventColumns.empty()
        self._due_at: npt.NDArray[np.int64] = self._sorted.effective_at
        self._added: list[EventColumns] = []

    def __len__(self) -> int:
        return len(self._sorted) + sum(len(part) for part in self._added)

    def add(self, events: EventColumns) -> None:
        """Let ``events`` wait."""
        if len(events):
            self._added.append(events)

    def take_before(self, at: int) -> EventColumns:
        """Remove and return the events that count strictly before ``at``, in order."""
        if self._added:
            self._sorted = self.all().in_order()
            self._due_at = self._sorted.effective_at
            self._added = []
        n_due = int(np.searchsorted(self._due_at, at, side="left"))
        due = self._sorted.take(slice(0, n_due))
        self._sorted = self._sorted.take(slice(n_due, None))
        self._due_at = self._due_at[n_due:]
        return due

    def all(self) -> EventColumns:
        """Return all waiting events; they go on waiting."""
        return EventColumns.concatenate([self._sorted, *self._added])
