"""From a fitted format model through the days after: visit by visit, with only the past known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.engine import DEFAULT_LATENESS
from recsys.fitting import learnable
from recsys.formats.taste_fitting import fit_tastes
from recsys.formats.tastes import FormatTastes
from recsys.state.live import VISIT_US, LiveState
from recsys.state.marks import marks_of
from recsys.state.showings import Showings, showings_of
from recsys.times import to_micros

__all__ = ["FormatTest", "Judge", "Visit", "prepare_formats", "walk"]


@dataclass(frozen=True, slots=True)
class Visit:
    """The showings of one employee that follow each other within half an hour."""

    employee: int
    at: int
    """Microseconds of its first showing; what is known of anybody is from strictly before."""
    rows: slice
    """Its showings in :attr:`FormatTest.showings`."""


@dataclass(frozen=True, slots=True)
class FormatTest:
    """A model fitted on the past, the state it lives in, and what was shown afterwards."""

    state: LiveState
    tastes: FormatTastes
    showings: Showings
    """Impressions that began in the window, in the order of their visits; with what came of them,
    whenever it came."""
    visits: tuple[Visit, ...]
    """In the order of time."""


class Judge(Protocol):
    """Looks at every visit before it happens; the state and tastes it holds are those of then."""

    def see(self, visit: Visit) -> None:
        """Note what is to be said of the visit's showings."""


def prepare_formats(dataset: Dataset, *, train_until: datetime, until: datetime) -> FormatTest:
    """Fit the format model alone on what was known strictly before ``train_until``.

    It is the model that an engine trained at that moment would have. People who opted out are
    neither learned from nor tested. Costs seconds; the ranker is not needed.
    """
    catalogue = Catalogue.of(dataset)
    log = learnable(catalogue.encode(dataset["events"]), catalogue)
    start, end = to_micros(train_until), to_micros(until)
    past = log.take((log.occurred_at < start) & (log.received_at < start))
    model = fit_tastes(past, catalogue)
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    state.observe(log)
    state.advance(start)
    everything = showings_of(*marks_of(log, catalogue))
    in_window = (everything.at >= start) & (everything.at < end) & everything.is_impression
    showings, visits = _visits(everything.take(in_window))
    return FormatTest(state, FormatTastes(model, state), showings, visits)


def walk(
    test: FormatTest, judges: Sequence[Judge], *, progress: Callable[[int], None] | None = None
) -> None:
    """Move the test's state through the window and show every visit to the judges.

    ``progress`` is called with the number of showings done since its last call.
    """
    for visit in test.visits:
        test.state.advance(visit.at)
        for judge in judges:
            judge.see(visit)
        if progress is not None:
            progress(visit.rows.stop - visit.rows.start)


def _visits(showings: Showings) -> tuple[Showings, tuple[Visit, ...]]:
    """Return the showings in the order of their visits, and the visits."""
    showings = showings.take(np.lexsort((showings.at, showings.employee)))
    is_new = np.diff(showings.employee, prepend=-1) != 0
    is_new |= np.diff(showings.at, prepend=0) > VISIT_US
    visit = np.cumsum(is_new) - 1
    began = showings.at[is_new][visit]
    order = np.lexsort((visit, began))
    showings = showings.take(order)
    bounds = np.flatnonzero(np.diff(visit[order], prepend=-1, append=-1)).tolist()
    return showings, tuple(
        Visit(int(showings.employee[first]), int(showings.at[first]), slice(first, end))
        for first, end in pairwise(bounds)
    )
