"""Who leaves no trace: people about whom a log can say nothing."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.presence import has_device
from recsys.times import DAY_US

__all__ = ["SILENT_DAYS", "has_no_device", "is_unmeasurable"]

SILENT_DAYS = 14
"""Whoever has been known for two weeks has been back from any usual holiday."""

Bools = npt.NDArray[np.bool_]


def has_no_device(catalogue: Catalogue, employees: npt.NDArray[np.int32], at: int) -> Bools:
    """Return bool, shape (n,): the company says that they have neither PC nor mobile."""
    table = catalogue.employees
    return ~has_device(table, table.versions_at(employees, np.full(len(employees), at)))


def is_unmeasurable(
    catalogue: Catalogue, employees: npt.NDArray[np.int32], has_trace: Bools, at: int
) -> Bools:
    """Return bool, shape (n,): nothing was or could be logged of these employees before ``at``.

    Either the company says that they have neither PC nor mobile, or there is no trace of them
    although they have been known for ``SILENT_DAYS`` and contents were published meanwhile.
    Silence of the first kind and of the second is no lack of interest.
    """
    without = has_no_device(catalogue, employees, at)
    since = catalogue.employees.known_since(employees)
    live = catalogue.contents.live(at)
    newest = catalogue.contents.published_at[live].max(initial=np.iinfo(np.int64).min)
    could_be_shown = (since <= at - SILENT_DAYS * DAY_US) & (newest > since)
    return np.asarray(without | (~has_trace & could_be_shown))
