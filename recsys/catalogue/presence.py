"""Who is there: has not left, can be reached on a screen, is not away for long."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.employees import EmployeeTable
from recsys.times import parse_instant, to_micros

__all__ = ["has_device", "is_active", "is_on_leave"]

Bools = npt.NDArray[np.bool_]
Versions = npt.NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max


def is_active(employees: EmployeeTable, versions: Versions) -> Bools:
    """Return bool, shape (n,): everybody of whom it is not said that they have left."""
    return ~_is_said(employees, versions, "active", "false")


def has_device(employees: EmployeeTable, versions: Versions) -> Bools:
    """Return bool, shape (n,): those who are not said to have neither PC nor mobile."""
    without = _is_said(employees, versions, "has_pc", "false")
    return np.asarray(~(without & _is_said(employees, versions, "has_mobile", "false")))


def is_on_leave(employees: EmployeeTable, versions: Versions, at: int) -> Bools:
    """Return bool, shape (n,): those whose leave has begun at ``at`` and is not over.

    The moment ``leave_until`` itself is back at work. A leave without a beginning is none, one
    without an end lasts.
    """
    begin = _moments(employees, "leave_from", versions, missing=_NEVER)
    end = _moments(employees, "leave_until", versions, missing=_NEVER)
    return np.asarray((begin <= at) & (at < end))


def _is_said(employees: EmployeeTable, versions: Versions, name: str, value: str) -> Bools:
    code = employees.values[name].index(value)
    return np.asarray((employees.codes(name, versions) == code) & (code >= 0))


def _moments(
    employees: EmployeeTable, name: str, versions: Versions, *, missing: int
) -> npt.NDArray[np.int64]:
    known = [to_micros(parse_instant(text)) for text in employees.values[name].ids]
    return np.array([*known, missing], np.int64)[employees.codes(name, versions)]
