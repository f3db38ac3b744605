"""How many people are in which segment, and where they came from: aggregates, never a person."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.presence import is_active
from recsys.reports.suppression import DEFAULT_K, SuppressedTable, suppress
from recsys.segments.groups import CODES
from recsys.segments.segments import Segments

__all__ = ["Movement", "segment_movement"]

Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Movement:
    """Employees by segment at two moments, in one table: what one hides the other does not tell."""

    codes: tuple[str, ...]
    """The segments that exist, in the order of the table."""
    table: SuppressedTable
    """Rows: then; columns: now; their totals are the sizes."""

    def as_json(self, segments: Segments) -> dict[str, Any]:
        """Return the report; null stands for what is not shown."""
        *rows, sizes = self.table.values()
        return {
            "suppressed_below": DEFAULT_K,
            "employees": sizes[-1],
            "segments": [
                {
                    "code": code,
                    "name": segments.names[code],
                    "rule": segments.rules[code],
                    "employees": now,
                    "employees_before": row[-1],
                }
                for code, row, now in zip(self.codes, rows, sizes[:-1], strict=True)
            ],
            "migration": [row[:-1] for row in rows],
        }


def segment_movement(
    before: Segments, now: Segments, catalogue: Catalogue, since: int, at: int, k: int = DEFAULT_K
) -> Movement:
    """Return how the employees who are there at ``at`` moved from one moment to another.

    ``before`` looks at a state of ``since`` and ``now`` at one of ``at`` (microseconds), both of
    ``catalogue``'s employees and by one model, so that a move is one of behaviour.
    """
    codes = tuple(code for code in CODES if code in now.rules)
    place = np.array([codes.index(code) if code in codes else -1 for code in CODES])
    employees = catalogue.employees
    who = np.arange(len(employees), dtype=np.int32)
    here = is_active(employees, employees.versions_at(who, np.full(len(who), at)))
    rows, columns = place[before.codes(since)[here]], place[now.codes(at)[here]]
    counts = np.zeros((len(codes), len(codes)), np.int64)
    np.add.at(counts, (rows, columns), 1)
    return Movement(codes, suppress(counts, k))
