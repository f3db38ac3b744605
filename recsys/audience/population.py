"""Everybody at one moment, as masks: which employees a rule means.

A comparison is looked up once per distinct value of its attribute and then taken by the codes of
all employees; equal comparisons of many rules share one mask.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from recsys.audience.conditions import (
    BOUNDS,
    Bound,
    Comparison,
    Condition,
    Equals,
    InSegment,
    Within,
    as_number,
    evaluate,
)
from recsys.audience.named import NamedSegments
from recsys.catalogue.employees import EmployeeTable
from recsys.segments.groups import CODES

__all__ = ["Bools", "Population"]

Bools = npt.NDArray[np.bool_]

_KEPT_BYTES = 100_000_000
"""Of masks that are kept for equal comparisons: a thousand of 100,000 employees."""
_FEW = 64  # values whose holders are faster marked group by group than looked up one by one


class Population:
    """All employees at one moment.

    Parameters
    ----------
    employees
        Not changed while this lives.
    at
        Microseconds; the attribute versions of this moment count.
    segments
        Gives int8 places in ``CODES`` of all employees, shape (n_employees,); asked at most once,
        and only if a rule mentions segments. None: nobody is in a learned segment.
    named
        The company's own segments.
    """

    def __init__(
        self, employees: EmployeeTable, at: int, *,
        segments: Callable[[], npt.NDArray[np.int8]] | None = None,
        named: NamedSegments | None = None,
    ) -> None:  # fmt: skip
        self._table, self._segments = employees, segments
        self._named = named or NamedSegments()
        who = np.arange(len(employees), dtype=np.int32)
        self.versions = employees.versions_at(who, np.full(len(who), at))
        """int64, shape (n_employees,): attribute versions, −1 where nothing is known."""
        self.is_known: Bools = self.versions >= 0
        self._values: dict[str, tuple[_Values, _Holders]] = {}
        self._codes: dict[str, npt.NDArray[np.intp]] = {}
        self._segment_codes: npt.NDArray[np.int8] | None = None
        self._masks: dict[Comparison, Bools] = {}
        self._in_named: dict[str, Bools] = {}

    def mask(self, condition: Condition) -> Bools:
        """Return bool, shape (n_employees,): known employees who meet a condition.

        Cost: 10 µs a comparison that was asked before, 50 µs a new one, with 100,000 employees.
        """
        return evaluate(condition, self.leaf, self.is_known) & self.is_known

    def leaf(self, comparison: Comparison) -> Bools:
        """Return bool, shape (n_employees,), for one comparison; do not modify."""
        found = self._masks.get(comparison)
        if found is None:
            found = self._compared(comparison)
            if len(self._masks) * max(len(found), 1) < _KEPT_BYTES:
                self._masks[comparison] = found
        return found

    def codes(self, attribute: str) -> npt.NDArray[np.intp]:
        """Return value indices of all employees, shape (n_employees,), −1 where unknown."""
        if attribute not in self._codes:
            self._codes[attribute] = self._table.codes(attribute, self.versions).astype(np.intp)
        return self._codes[attribute]

    def _compared(self, comparison: Comparison) -> Bools:
        if isinstance(comparison, InSegment):
            return self._in_segments(comparison.names)
        if comparison.attribute not in self._table.values:
            return np.zeros(len(self.versions), np.bool_)
        values, holders = self._values_of(comparison.attribute)
        if isinstance(comparison, Within):
            return holders.of(values.within(comparison))
        return holders.of(values.equal(comparison))

    def _values_of(self, attribute: str) -> "tuple[_Values, _Holders]":
        if attribute not in self._values:
            values = _Values(self._table.values[attribute].ids)
            self._values[attribute] = values, _Holders(self.codes(attribute), values.n)
        return self._values[attribute]

    def _in_segments(self, names: tuple[str, ...]) -> Bools:
        return _any_of((self._in_segment(name) for name in names), len(self.versions))

    def _in_segment(self, name: str) -> Bools:
        if name in self._named:
            if name not in self._in_named:
                self._in_named[name] = self.mask(self._named.condition(name))
            return self._in_named[name]
        if self._segments is None or name not in CODES:
            return np.zeros(len(self.versions), np.bool_)
        if self._segment_codes is None:
            self._segment_codes = self._segments()
        return np.asarray(self._segment_codes == CODES.index(name))


def _any_of(masks: Iterable[Bools], n: int) -> Bools:
    found = np.zeros(n, np.bool_)
    for mask in masks:
        found |= mask
    return found


class _Holders:
    """Who has which value of an attribute: employees sorted by code."""

    def __init__(self, codes: npt.NDArray[np.intp], n_values: int) -> None:
        self._codes, self._n_values = codes, n_values
        self._order = np.argsort(codes, kind="stable").astype(np.int32)
        self._starts = np.searchsorted(codes[self._order], np.arange(n_values + 1)).tolist()

    def of(self, values: list[int]) -> Bools:
        """Return bool, shape (n_employees,): holders of one of the values.

        Marking them group by group costs a nanosecond a holder, a look-up two for everybody.
        """
        if len(values) <= _FEW:
            found = np.zeros(len(self._codes), np.bool_)
            for value in values:
                found[self._order[self._starts[value] : self._starts[value + 1]]] = True
            return found
        table = np.zeros(self._n_values + 1, np.bool_)
        table[values] = True
        return np.asarray(table[self._codes])


class _Values:
    """The distinct values of an attribute, and the parts that those with several have."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._codes: defaultdict[str, list[int]] = defaultdict(list)
        self.n = 0
        for code, text in enumerate(texts):
            for part in text.split(";"):
                self._codes[part].append(code)
            self.n += 1
        self._order: list[str] | None = None

    def equal(self, comparison: Equals) -> list[int]:
        """Return the codes of the values that have one of the parts asked for."""
        found = {code for value in comparison.values for code in self._codes.get(value, ())}
        return sorted(found)

    def within(self, comparison: Within) -> list[int]:
        """Return the codes of the values of which one part is within all bounds."""
        if self._order is None:
            self._sort()
        order = self._order or []
        held = np.ones(len(order), np.bool_)
        for bound in comparison.bounds:
            held &= self._beyond(bound, order)
        places = np.flatnonzero(held).tolist()
        return sorted({code for place in places for code in self._codes[order[place]]})

    def _sort(self) -> None:
        self._order = sorted(self._codes)
        numbers = [as_number(part) for part in self._order]
        self._number = np.array([np.nan if n is None else n for n in numbers], np.float64)

    def _beyond(self, bound: Bound, order: list[str]) -> Bools:
        """Return bool per part in order: by number where both are numbers, else by text."""
        place = np.arange(len(order))
        if bound.word in {"gte", "lt"}:
            after = place >= bisect_left(order, bound.value)
        else:
            after = place >= bisect_right(order, bound.value)
        by_text = after if bound.word in {"gt", "gte"} else ~after
        end = as_number(bound.value)
        if end is None:
            return np.asarray(by_text)
        by_number = np.asarray(BOUNDS[bound.word](self._number, end))
        return np.where(np.isnan(self._number), by_text, by_number)
