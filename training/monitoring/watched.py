"""What all measures look at: a log with its weeks."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import EventColumns
from training.monitoring.weeks import Weeks

__all__ = ["Watched"]

Int = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Watched:
    """A log up to ``weeks.until``, in the order of time."""

    catalogue: Catalogue
    log: EventColumns
    weeks: Weeks
    seed: int = 0

    @cached_property
    def week(self) -> Int:
        """Return the week of every event, −1 for none."""
        return self.weeks.of_times(self.log.occurred_at)

    @cached_property
    def day(self) -> Int:
        """Return the day of every event within its week."""
        return self.weeks.day_of(self.log.occurred_at)

    def rng(self) -> np.random.Generator:
        """Return a generator; every measure draws from its own, so none shifts another."""
        return np.random.default_rng(self.seed)

    def people(self, rows: npt.NDArray[np.bool_]) -> int:
        """Return how many employees the events at ``rows`` are of."""
        return len(np.unique(self.log.employee[rows]))
