"""What the ranker learns from: who chose which content when, how deep it went, and from where.

Depth of a choice, by what the employee did with the content within a day of the first contact:

- 3, deep: completed, liked, commented, shared, bookmarked, registered or attended;
- 2, a meaningful read: everything else, because most logs tell nothing more;
- 1, a bounce: dwell was measured and never reached ten seconds, and nothing deeper happened.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.event_columns import CODE_OF_TYPE, IS_DEEP, EventColumns
from recsys.interactions import Targets
from recsys.times import DAY_US

__all__ = ["BOUNCE", "DEEP", "MEANINGFUL", "Choices", "describe_choices"]

BOUNCE, MEANINGFUL, DEEP = 1, 2, 3

_BOUNCE_SECONDS = 10.0
"""Web analytics calls a visit engaged from ten seconds on."""

_IMPRESSION = CODE_OF_TYPE["impression"]


@dataclass(frozen=True, slots=True)
class Choices:
    """Targets with their depth and position; arrays of shape (n_targets,)."""

    targets: Targets
    depth: npt.NDArray[np.int8]
    position: npt.NDArray[np.int16]
    """Where the content was last shown to the employee before the choice; 0 = unknown."""

    def __len__(self) -> int:
        return len(self.targets)

    def latest(self, n: int) -> "Choices":
        """Return the last ``n`` choices, or all if there are fewer."""
        return self.span(max(0, len(self) - n), len(self))

    def span(self, first: int, end: int) -> "Choices":
        """Return the choices ``first`` to ``end`` − 1."""
        rows = np.zeros(len(self), np.bool_)
        rows[first:end] = True
        return Choices(self.targets.take(rows), self.depth[rows], self.position[rows])


def describe_choices(targets: Targets, log: EventColumns) -> Choices:
    """Look up depth and position of targets in the whole log."""
    place = pd.Series(np.arange(len(targets)), index=_pairs(targets.employee, targets.content))
    row = place.reindex(_pairs(log.employee, log.content)).to_numpy()
    about = np.flatnonzero(~np.isnan(row))
    events, row = log.take(about), row[about].astype(np.int64)
    after = events.occurred_at - targets.occurred_at[row]
    soon = (after >= 0) & (after <= DAY_US)
    depth = _depth(events.take(soon), row[soon], len(targets))
    shown = (events.event_type == _IMPRESSION) & (after <= 0) & (events.position > 0)
    position = np.zeros(len(targets), np.int16)
    order = np.argsort(events.occurred_at[shown], kind="stable")  # the last one stays
    position[row[shown][order]] = events.position[shown][order]
    return Choices(targets, depth, position)


def _depth(events: EventColumns, row: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int8]:
    longest = np.full(n, np.nan)
    read = events.is_interaction  # how long a showing stayed on the screen says nothing here
    np.fmax.at(longest, row[read], events.dwell_seconds[read])
    is_deep = np.zeros(n, np.bool_)
    is_deep[row[IS_DEEP[events.event_type]]] = True
    depth = np.where(longest < _BOUNCE_SECONDS, BOUNCE, MEANINGFUL)
    return np.where(is_deep, DEEP, depth).astype(np.int8)


def _pairs(
    employee: npt.NDArray[np.int32], content: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    return (employee.astype(np.int64) << 32) | content.astype(np.int64)
