"""Kinds of events: how many of each type came from each surface, week by week."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.schema import EVENT_TYPES, SURFACES
from training.monitoring.watched import Watched

__all__ = ["SURFACE_NAMES", "Kinds"]

SURFACE_NAMES = (*SURFACES, "unknown")

Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Kinds:
    """Events by week, type and surface, and how many people usually send each kind."""

    surface: Int
    """Of every event of the log, a place in :data:`SURFACE_NAMES`."""
    counts: npt.NDArray[np.float64]
    """(1 + R, n_types, n_surfaces)."""
    people: Int
    """(n_types, n_surfaces), in a mean week of the reference; where they are few, one on leave is a
    great loss."""

    @classmethod
    def of(cls, watched: Watched) -> Self:
        """Count the events of all weeks."""
        log, n_surfaces = watched.log, len(SURFACE_NAMES)
        shape = watched.weeks.n + 1, len(EVENT_TYPES), n_surfaces
        surface = np.where(log.surface < 0, n_surfaces - 1, log.surface).astype(np.int64)
        kept = watched.week >= 0
        counts = np.zeros(shape)
        kind = log.event_type.astype(np.int64), surface
        np.add.at(counts, (watched.week[kept], kind[0][kept], kind[1][kept]), 1.0)
        is_before = watched.week > 0
        of_kind = (kind[0] * n_surfaces + surface)[is_before]
        who = log.employee[is_before].astype(np.int64) * (shape[0]) + watched.week[is_before]
        pairs = np.unique(who << 16 | of_kind)
        people = np.bincount(pairs & 0xFFFF, minlength=shape[1] * shape[2]) // max(shape[0] - 1, 1)
        return cls(surface, counts, people.reshape(shape[1:]))
