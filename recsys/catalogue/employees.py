"""Employees and their attributes over time."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalogue.columns import micros
from recsys.ids import IdMap
from recsys.kernels import kernel
from recsys.times import NO_TIME

__all__ = ["GROUPINGS", "EmployeeTable"]

GROUPINGS: tuple[str, ...] = ("department", "team_id", "site")
"""The attributes whose groups have counters of their own, from wide to narrow where they nest."""

_ATTRIBUTES: tuple[str, ...] = (
    *GROUPINGS, "departments", "manager_id", "job_family", "grade_band", "hire_month",
    "work_style", "language", "timezone", "has_pc", "has_mobile", "active",
)  # fmt: skip

_LEAVE: tuple[str, ...] = ("leave_from", "leave_until")

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]


@kernel
def _version_at(starts: Times, valid_from: Times, employees: Index, at: Times, out: Times) -> None:
    for i in range(len(employees)):
        employee = employees[i]
        out[i] = -1
        if employee < 0 or employee + 1 >= len(starts) or starts[employee] == starts[employee + 1]:
            continue
        version = starts[employee]
        while version + 1 < starts[employee + 1] and valid_from[version + 1] <= at[i]:
            version += 1
        out[i] = version


class EmployeeTable:
    """Versions of attributes, sorted by employee and the moment they became valid.

    An employee index may exist without a version: events of unknown employees are accepted. The
    first version also holds before its ``valid_from``; there is nothing better to say.
    Not thread-safe for writers.
    """

    def __init__(self) -> None:
        self.ids = IdMap()
        self.values: dict[str, IdMap] = {name: IdMap() for name in _ATTRIBUTES}
        self._employee: Index = np.zeros(0, np.int32)
        self._valid_from: Times = np.zeros(0, np.int64)
        self._codes: dict[str, Index] = {name: np.zeros(0, np.int32) for name in _ATTRIBUTES}
        self._leave: dict[str, Times] = {name: np.zeros(0, np.int64) for name in _LEAVE}
        self._starts: Times = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_versions(self) -> int:
        """Return the number of attribute versions of all employees together."""
        return len(self._employee)

    def upsert(self, frame: pd.DataFrame, *, valid_from: int) -> None:
        """Add the versions of a canonical frame; one of equal employee and moment is replaced.

        Rows without ``valid_from`` get the given one (``NO_TIME``: since ever).
        """
        employee = self.ids.add_many(frame["employee_id"])
        since = micros(frame["valid_from"])
        since = np.where(since == NO_TIME, valid_from, since)
        codes = {name: m.add_many(_as_ids(frame[name])) for name, m in self.values.items()}
        leave = {name: micros(frame[name]) for name in _LEAVE}
        self._append(employee, since, codes, leave)

    def versions_at(self, employees: Index, at: Times) -> Times:
        """Return int64 version rows valid at each moment, shape (n,); −1 where there is none."""
        out = np.empty(len(employees), np.int64)
        _version_at(self._starts, self._valid_from, employees, at, out)
        return out

    def known_since(self, employees: Index) -> Times:
        """Return int64 microseconds since when each employee's attributes are known, shape (n,).

        ``NO_TIME``: since ever, or not at all.
        """
        first = self.versions_at(employees, np.full(len(employees), NO_TIME))
        return np.where(first >= 0, np.append(self._valid_from, NO_TIME)[first], NO_TIME)

    def version_at(self, employee: int, at: int) -> int:
        """Return the version row of one employee at one moment, −1 if there is none."""
        if employee < 0 or employee + 1 >= len(self._starts):
            return -1
        first, end = int(self._starts[employee]), int(self._starts[employee + 1])
        if first == end:
            return -1
        later = int(np.searchsorted(self._valid_from[first + 1 : end], at, side="right"))
        return first + later

    def codes(self, attribute: str, versions: Times) -> Index:
        """Return int32 value indices of ``attribute`` (see ``values``), −1 where unknown."""
        if self.n_versions == 0:
            return np.full(len(versions), -1, np.int32)
        known = versions >= 0
        return np.where(known, self._codes[attribute][np.maximum(versions, 0)], -1).astype(np.int32)

    def code(self, attribute: str, version: int) -> int:
        """Return the value index of ``attribute`` in one version, −1 where unknown."""
        return int(self._codes[attribute][version]) if version >= 0 else -1

    def on_leave(self, versions: Times, at: int) -> npt.NDArray[np.bool_]:
        """Return bool, shape (n,): away at ``at``, from ``leave_from`` to before ``leave_until``.

        A leave without an end lasts, one without a beginning lasts since ever; −1 is never away.
        """
        if self.n_versions == 0:
            return np.zeros(len(versions), np.bool_)
        start, end = (self._leave[name][np.maximum(versions, 0)] for name in _LEAVE)
        said = (versions >= 0) & ((start != NO_TIME) | (end != NO_TIME))
        return np.asarray(said & (start <= at) & ((end == NO_TIME) | (at < end)))

    def attributes(self, version: int) -> dict[str, str]:
        """Return the known attributes of one version as text; empty for −1."""
        if version < 0:
            return {}
        pairs = ((name, int(self._codes[name][version])) for name in _ATTRIBUTES)
        return {name: self.values[name].id(code) for name, code in pairs if code >= 0}

    def _append(
        self, employee: Index, since: Times, codes: dict[str, Index], leave: dict[str, Times]
    ) -> None:
        # Later rows of the concatenation win over earlier ones of equal employee and moment.
        all_employees = np.concatenate([self._employee, employee])
        all_since = np.concatenate([self._valid_from, since])
        order = np.lexsort((np.arange(len(all_employees)), all_since, all_employees))
        e, s = all_employees[order], all_since[order]
        last = np.ones(len(order), np.bool_)
        last[:-1] = (e[1:] != e[:-1]) | (s[1:] != s[:-1])
        keep = order[last]
        self._employee, self._valid_from = all_employees[keep], all_since[keep]
        for name, new in codes.items():
            self._codes[name] = np.concatenate([self._codes[name], new])[keep]
        for name, times in leave.items():
            self._leave[name] = np.concatenate([self._leave[name], times])[keep]
        counts = np.bincount(self._employee, minlength=len(self.ids))
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _as_ids(column: "pd.Series[str]") -> "pd.Series[str]":
    """Return a column as text; flags as ``true`` and ``false``, the way JSON rules write them."""
    if column.dtype == "str":
        return column
    return column.astype("str").str.lower().where(column.notna())
