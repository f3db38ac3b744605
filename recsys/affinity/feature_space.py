"""What is known of people and contents before anybody reads: sparse rows, frozen columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from recsys.affinity.side_features import normalise_rows
from recsys.catalogue.contents import ContentTable
from recsys.catalogue.employees import EmployeeTable
from recsys.schema import CONTENT_TYPES
from recsys.text.tokens import terms

__all__ = ["FeatureSpace", "content_names", "employee_names"]

_EMPLOYEE_ATTRIBUTES: tuple[str, ...] = (
    "department", "departments", "team_id", "site", "job_family", "grade_band", "work_style",
    "language",
)  # fmt: skip
_TITLE_TERMS = 12  # a title has about ten words; more would only drown author and topics

Names = list[list[str]]


def employee_names(employees: EmployeeTable, versions: npt.NDArray[np.int64]) -> Names:
    """Return the feature names of each attribute version; none for an unknown employee."""
    return [
        [
            f"{name}={part}"
            for name, value in employees.attributes(int(version)).items()
            if name in _EMPLOYEE_ATTRIBUTES
            for part in value.split(";")
        ]
        for version in versions
    ]


def content_names(contents: ContentTable, rows: npt.NDArray[np.int32]) -> Names:
    """Return the feature names of each content: author, owner, topics, type, language, title."""
    authors = contents["author"].view(np.int32)
    owners = contents["owner_department"].view(np.int32)
    types = contents["content_type"].view(np.int8)
    names: Names = []
    for row in rows.tolist():
        own = [f"term={t}" for t in terms(contents.titles.get(row, ""))[:_TITLE_TERMS]]
        own += [
            f"topic={contents.topics_map.id(t)}" for t in contents.topics[row].tolist() if t >= 0
        ]
        if authors[row] >= 0:
            own.append(f"author={contents.authors.id(int(authors[row]))}")
        if owners[row] >= 0:
            own.append(f"owner={contents.departments.id(int(owners[row]))}")
        if types[row] >= 0:
            own.append(f"type={CONTENT_TYPES[types[row]]}")
        names.append(own)
    return names


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """Frozen columns: sorted 64-bit hashes of feature names, so that no id is stored in a model."""

    columns: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, names: Names, *, min_rows: int) -> Self:
        """Return the space of the names that occur in ``min_rows`` rows or more."""
        rows, keys = _hashed(names)
        pairs = np.unique(np.stack([keys, rows.astype(np.uint64)]), axis=1)
        columns, counts = np.unique(pairs[0], return_counts=True)
        return cls(columns[counts >= min_rows])

    def rows(self, names: Names) -> sp.csr_array:
        """Return float32 CSR, shape (n, n_columns), l2-normalised; unknown names are left out."""
        rows, keys = _hashed(names)
        place = np.searchsorted(self.columns, keys)
        known = place < len(self.columns)
        known[known] = self.columns[place[known]] == keys[known]
        shape = (len(names), len(self.columns))
        ones = np.ones(int(known.sum()), np.float32)
        matrix = sp.coo_array((ones, (rows[known], place[known])), shape=shape).tocsr()
        matrix.data[:] = 1.0
        return normalise_rows(matrix)


def _hashed(names: Names) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    lengths = np.fromiter((len(own) for own in names), np.int64, len(names))
    flat = np.array(list(_flatten(names)), dtype=object)
    return np.repeat(np.arange(len(names)), lengths), pd.util.hash_array(flat, categorize=True)


def _flatten(names: Names) -> Iterable[str]:
    return (name for own in names for name in own)
