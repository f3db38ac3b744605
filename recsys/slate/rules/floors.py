"""Floors: at least one of a kind in every few slots, where there is one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.ids import IdMap
from recsys.slate.draft import Bool, Draft, Floor, Index
from recsys.times import HOUR_US

__all__ = ["Fresh", "OtherDepartment", "is_from_elsewhere", "owned_elsewhere"]


@dataclass(frozen=True, slots=True)
class OtherDepartment:
    """At least one of ``every`` slots comes from a department that is not the reader's own.

    Contents without an owner, and readers without a department, are in no silo. On top, what comes
    from elsewhere is raised by ``strength``.
    """

    name: ClassVar[str] = "other_department"
    every: int = 5
    strength: float = 1.0
    """Added to the factor: 1 is "twice as good". In a simulated company of strong tastes this costs
    one completion in a hundred and takes a third of what is left to gain in openings from
    elsewhere; three costs two and takes half (``python -m benchmarks.slate --sweep elsewhere``)."""

    def apply(self, draft: Draft) -> None:
        """Add the floor."""
        elsewhere = is_from_elsewhere(draft)
        if elsewhere.any():
            draft.floors.append(Floor("other_department", elsewhere, self.every, self.every))
            if self.strength:
                draft.scale(self.name, 1.0 + self.strength * elsewhere)


@dataclass(frozen=True, slots=True)
class Fresh:
    """At least one of ``every`` slots was published within the last ``hours``."""

    name: ClassVar[str] = "fresh"
    every: int = 10
    hours: float = 24.0

    def apply(self, draft: Draft) -> None:
        """Add the floor."""
        age_us = draft.question.at - draft.column("published_at").view(np.int64)
        is_fresh = age_us < self.hours * HOUR_US
        if is_fresh.any():
            # Two slots before the end, where the other floor has its turn.
            draft.floors.append(Floor("fresh", is_fresh, self.every, max(self.every - 2, 1)))


def is_from_elsewhere(draft: Draft) -> Bool:
    """Return bool by row: owned by a department that is none of the employee's."""
    departments = draft.sources.state.catalogue.contents.departments
    owners = draft.column("owner_department").view(np.int32)
    return owned_elsewhere(departments, draft.question.attributes, owners)


def owned_elsewhere(departments: IdMap, attributes: Mapping[str, str], owners: Index) -> Bool:
    """Return bool, shape (n,): owner departments (−1: nobody's) that are none of the employee's."""
    names = [attributes.get("department", ""), *attributes.get("departments", "").split(";")]
    if not any(names):
        return np.zeros(len(owners), np.bool_)
    is_elsewhere = np.ones(len(departments) + 1, np.bool_)
    is_elsewhere[[*(departments.index(name) for name in names if name), -1]] = False
    return is_elsewhere[owners]  # −1, nobody's, takes the last one
