"""Colleagues who stand in for each other, so that no figure is about one of them."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.formats.stories import Float, Index
from recsys.reports.suppression import DEFAULT_K

__all__ = ["CELL_SIZE", "in_cells", "stand_ins"]

CELL_SIZE = DEFAULT_K
"""Least members of a cell, and of an audience that gets figures."""

_SORTED_BY = ("team_id", "job_family", "work_style", "site", "language")
"""Within departments, which never share a cell if they are large enough for one."""

Employees = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


def in_cells(catalogue: Catalogue, employees: Employees, at: int, rank: Float) -> Index:
    """Return the cell of each employee, shape (n,), n ≥ CELL_SIZE; cells are numbered from 0.

    Sorted by what they are (department, team, job …) and then by ``rank`` (n,), which is random,
    neighbours make a cell; each has ``CELL_SIZE`` members or a few more.
    """
    table = catalogue.employees
    versions = table.versions_at(employees, np.full(len(employees), at))
    keys = [rank]
    keys += [table.codes(name, versions).astype(np.float64) for name in reversed(_SORTED_BY)]
    order = np.lexsort(keys)
    department = _large(table.codes("department", versions))[order]
    cell, n_cells = np.empty(len(employees), np.int64), 0
    for members in (order[department == code] for code in np.unique(department)):
        parts = np.array_split(members, len(members) // CELL_SIZE)
        for number, part in enumerate(parts, start=n_cells):
            cell[part] = number
        n_cells += len(parts)
    return cell


def _large(codes: Employees) -> Employees:
    """Return departments with the small ones put together, or with the largest if still small."""
    names, place, size = np.unique(codes, return_inverse=True, return_counts=True)
    is_small = size < CELL_SIZE
    n_left = size[is_small].sum()
    others = -2 if n_left >= CELL_SIZE else names[size.argmax()]
    return np.where(is_small, others, names)[place].astype(np.int32)


def stand_ins(cell: Index, is_meant: Bools, rank: Float, most: int) -> tuple[Index, Float]:
    """Return who speaks for the people who are meant, and with which weight.

    Each person who is meant counts as the mean of the whole cell, whoever else of it is meant
    (microaggregation; Domingo-Ferrer and Mateo-Sanz 2002, "Practical data-oriented
    microaggregation for statistical disclosure control"). So any two audiences, however little
    they differ, differ by means over ``CELL_SIZE`` people or more: subtraction finds nobody.

    Parameters
    ----------
    cell
        Cell of each of n people.
    is_meant
        (n,) who is in the audience.
    rank
        (n_cells,), random: where there are more than ``most`` people to ask, cells of low rank
        are asked. Audiences that are alike get samples that are alike.

    Returns
    -------
    tuple
        Rows of those who are asked, and their weights, which sum to the number of those meant.
    """
    size = np.bincount(cell)
    meant = np.bincount(cell, is_meant, minlength=len(size))
    by_rank = np.argsort(np.where(meant > 0, rank, np.inf), kind="stable")
    by_rank = by_rank[: np.count_nonzero(meant)]
    asked = by_rank[: max(int(np.searchsorted(np.cumsum(size[by_rank]), most, "right")), 1)]
    weight = np.zeros(len(size))
    weight[asked] = meant[asked] / size[asked] * meant.sum() / meant[asked].sum()
    rows = np.flatnonzero(weight[cell] > 0)
    return rows, weight[cell[rows]]
