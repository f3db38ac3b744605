"""What a training run reads: the log as columns, its choices, and a state that can follow it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from recsys.affinity.snapshots import Pairs
from recsys.catalogue.catalogue import Catalogue
from recsys.engine import DEFAULT_LATENESS
from recsys.event_columns import EventColumns
from recsys.fitting import find_choices
from recsys.ranker.choices import Choices
from recsys.state.live import LiveState
from recsys.times import to_micros
from training.material import Material

__all__ = ["History"]


@dataclass(frozen=True)
class History:
    """A data set in index form; people who opted out make no choices in it."""

    catalogue: Catalogue
    log: EventColumns
    """The events before ``until``, in the order of the data set."""
    split: datetime
    until: datetime

    @classmethod
    def of(cls, material: Material) -> "History":
        """Encode what a run learns from and is tested on."""
        events = material.dataset["events"]
        catalogue = Catalogue.of(material.dataset)
        log = catalogue.encode(events[events["occurred_at"] < material.until])
        return cls(catalogue, log, material.split, material.until)

    @cached_property
    def before_split(self) -> EventColumns:
        """Return the events that the model on trial may know."""
        return self.log.take(self.log.occurred_at < to_micros(self.split))

    @cached_property
    def found(self) -> tuple[Pairs, Choices]:
        """Return first interactions, and the choices among them with all that came of them."""
        return find_choices(self.catalogue, self.log, to_micros(self.until))

    @property
    def choices(self) -> Choices:
        """Return all choices, in time order."""
        return self.found[1]

    @cached_property
    def choices_before_split(self) -> Choices:
        """Return the choices before the split, with what had come of them by then."""
        return find_choices(self.catalogue, self.before_split, to_micros(self.split))[1]

    def first_needed(self, max_targets: int) -> int:
        """Return the place of the first choice that a model learns from, on trial or not."""
        return max(0, len(self.choices_before_split) - max_targets)

    def state(self, *, log: EventColumns | None = None) -> LiveState:
        """Return a new state that has observed ``log`` (default: everything) and not moved yet."""
        state = LiveState(self.catalogue, lateness_us=DEFAULT_LATENESS)
        state.observe(self.log if log is None else log)
        return state

    def count_before(self, at: int) -> int:
        """Return how many choices were made strictly before ``at``."""
        return int(np.searchsorted(self.choices.targets.occurred_at, at, side="left"))
