"""What counting says of the next completion: rates of the past, without any model."""

import numpy as np
import numpy.typing as npt

from recsys.schema import FORMATS
from recsys.state.live import LiveState
from recsys.state.showings import Showings
from recsys.times import DAY_US

__all__ = ["BASELINES", "PastRates", "shrunken"]

BASELINES = ("company", "department", "last_used", "personal", "personal_shrunken")
"""Rates of completion: of the format in the company, in the department (shrunken towards that);
of the format somebody completed last against all others; of the format with this employee, as
counted (the company's before the first showing) and shrunken towards the department's."""

_STRENGTH = 20.0
"""Showings at which an own rate counts as much as the rate it is shrunken towards: with 20 a share
of one fifth is known to ±0.09, about as far as groups and people differ."""

_NOTHING = -1

Float = npt.NDArray[np.float64]
Forms = npt.NDArray[np.int8]
"""Places in ``FORMATS``, shape (n,)."""


def shrunken(completed: Float, shown: Float, towards: Float | float) -> Float:
    """Return rates of completion, as if 20 more showings had had the rates ``towards``."""
    return np.asarray((completed + _STRENGTH * towards) / (shown + _STRENGTH))


class PastRates:
    """The baselines' probabilities for an employee's next showings, at the state's clock.

    An employee's own counts are those of the moment. All others are taken at the first question of
    each day: a day moves them by less than they are known.
    """

    def __init__(self, state: LiveState) -> None:
        self._state, self._employees = state, state.catalogue.employees
        self._day = -1

    def of(self, employee: int, forms: Forms) -> Float:
        """Return the probability that showings in ``forms`` are completed, (n, n_baselines)."""
        self._refresh()
        own = _impressions(self._state.showings.of(employee))
        completed, shown = (count[0] for count in _counts(own, np.zeros(len(own), np.int64), 1))
        department = self._department[self._departments_of(np.array([employee], np.int32))[0]]
        raw = np.divide(completed, shown, out=self._company.copy(), where=shown > 0)
        last = own.form[own.completed][-1] if own.completed.any() else _NOTHING
        columns = (
            self._company[forms],
            department[forms],
            self._by_last_used[_relation(np.full(len(forms), last), forms)],
            raw[forms],
            shrunken(completed, shown, department)[forms],
        )
        return np.stack(columns, axis=1)

    def of_content(self, content: int) -> Float:
        """Return the content's rates, shrunken towards the company's, shape (n_formats,)."""
        self._refresh()
        return np.asarray(self._contents[content])

    def _refresh(self) -> None:
        day = self._state.clock // DAY_US
        if day == self._day:
            return
        self._day = day
        past = _impressions(self._state.showings.everybody())
        n_completed, n_shown = np.count_nonzero(past.completed), len(past)
        overall = (n_completed + 1.0) / (n_shown + 2.0)
        counts = _counts(past, np.zeros(n_shown, np.int64), 1)
        self._company = shrunken(*counts, overall)[0]
        n_departments = len(self._employees.values["department"])
        # The last row is that of nobody's department, −1: nothing is counted there.
        self._department = shrunken(
            *_counts(past, self._departments_of(past.employee), n_departments + 1), self._company
        )
        n_contents = len(self._state.catalogue.contents)
        self._contents = shrunken(
            *_counts(past, past.content.astype(np.int64), n_contents), self._company
        )
        relation = _relation(_completed_before(past), past.form)
        n = np.bincount(relation, minlength=3).astype(np.float64)
        k = np.bincount(relation[past.completed], minlength=3).astype(np.float64)
        self._by_last_used = shrunken(k, n, overall)

    def _departments_of(self, employees: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        moments = np.full(len(employees), self._state.clock)
        versions = self._employees.versions_at(employees, moments)
        return self._employees.codes("department", versions).astype(np.int64)


def _impressions(showings: Showings) -> Showings:
    return showings.take(showings.is_impression)


def _counts(showings: Showings, group: npt.NDArray[np.int64], n_groups: int) -> tuple[Float, Float]:
    """Return how many showings of each group and format were completed, and how many there are.

    Those of groups below 0 are left out.
    """
    known = group >= 0
    place = group[known] * len(FORMATS) + showings.form[known]
    size = n_groups * len(FORMATS)
    completed = np.bincount(place[showings.completed[known]], minlength=size).astype(np.float64)
    shown = np.bincount(place, minlength=size).astype(np.float64)
    return completed.reshape(n_groups, -1), shown.reshape(n_groups, -1)


def _completed_before(showings: Showings) -> Forms:
    """Return the format its employee had completed last before each showing.

    Showings are in the order of employee and time.
    """
    rows = np.arange(len(showings))
    latest = np.maximum.accumulate(np.where(showings.completed, rows, -1))
    before = np.concatenate([[-1], latest[:-1]])[: len(rows)]
    is_own = (before >= 0) & (showings.employee[before] == showings.employee)
    return np.where(is_own, showings.form[before], _NOTHING).astype(np.int8)


def _relation(last: Forms, forms: Forms) -> npt.NDArray[np.int64]:
    """Return 0 where nothing was completed before, 1 where another format was, 2 where this one."""
    return np.where(last == _NOTHING, 0, 1 + (last == forms))
