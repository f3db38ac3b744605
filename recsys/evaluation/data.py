"""A data set prepared for evaluation: index spaces, the log as arrays, attributes."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from recsys.affinity.side_features import one_hot
from recsys.dataset.dataset import Dataset
from recsys.ids import UNKNOWN_INDEX, IdMap
from recsys.interactions import InteractionLog
from recsys.schema import INTERACTIONS
from recsys.times import series_to_micros

__all__ = ["EvaluationData", "interaction_log", "prepare"]

_EMPLOYEE_ATTRIBUTES = ("department", "site", "job_family", "grade_band", "work_style", "language")
# Without the language: it is often a guess, and two guesses on one log would give two figures.
_CONTENT_ATTRIBUTES = ("topics", "author_id", "owner_department", "content_type")


@dataclass(frozen=True, slots=True)
class EvaluationData:
    """What baselines, slices and reports need; everything is by index of the two id maps."""

    employees: IdMap
    contents: IdMap
    log: InteractionLog
    published_at: npt.NDArray[np.int64]
    """Microseconds by content, shape (n_contents,)."""
    departments: IdMap
    department: npt.NDArray[np.int32]
    """Department by employee, −1 unknown, shape (n_employees,)."""
    employee_attributes: sp.csr_array
    """One-hot, float32, shape (n_employees, n_employee_attributes)."""
    content_attributes: sp.csr_array
    """One-hot, float32, shape (n_contents, n_content_attributes)."""


def prepare(
    dataset: Dataset,
    *,
    train_until: datetime,
    employees: IdMap | None = None,
    contents: IdMap | None = None,
) -> EvaluationData:
    """Bring a data set into the form of the evaluation.

    ``employees`` and ``contents`` are maps to share with the caller's world; ids they lack are
    added. Attributes of employees, the department among them, are those valid at ``train_until``
    (the earliest known ones if none is valid yet), the whole test window through. Events of unknown
    employees get an index without attributes; events of unknown contents are left out.
    """
    employees = IdMap() if employees is None else employees
    contents = IdMap() if contents is None else contents
    people = _valid_versions(dataset["employees"], train_until)
    employees.add_many(people["employee_id"])
    employees.add_many(dataset["events"]["employee_id"])
    contents.add_many(dataset["contents"]["content_id"])
    people = people.set_index("employee_id").reindex(list(employees.ids))
    catalogue = dataset["contents"].drop_duplicates("content_id", keep="last")
    catalogue = catalogue.set_index("content_id").reindex(list(contents.ids))
    departments = IdMap()
    return EvaluationData(
        employees=employees,
        contents=contents,
        log=interaction_log(dataset["events"], employees, contents),
        published_at=series_to_micros(catalogue["published_at"]),
        department=departments.add_many(people["department"]),
        departments=departments,
        employee_attributes=one_hot(people, _EMPLOYEE_ATTRIBUTES),
        content_attributes=one_hot(catalogue, _CONTENT_ATTRIBUTES),
    )


def interaction_log(events: pd.DataFrame, employees: IdMap, contents: IdMap) -> InteractionLog:
    """Return the interactions of a canonical events frame, in its order, with known contents."""
    events = events[events["event_type"].isin(INTERACTIONS)]
    content = contents.indices(events["content_id"])
    is_known = content != UNKNOWN_INDEX
    return InteractionLog(
        employees.indices(events["employee_id"])[is_known],
        content[is_known],
        series_to_micros(events["occurred_at"])[is_known],
    )


def _valid_versions(employees: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Return one row per employee: the last version valid at ``at``, else the earliest."""
    ordered = employees.sort_values("valid_from", kind="stable", na_position="first")
    is_valid = ~(ordered["valid_from"] > at)
    valid = ordered[is_valid].drop_duplicates("employee_id", keep="last")
    later = ordered[~is_valid & ~ordered["employee_id"].isin(valid["employee_id"])]
    both = pd.concat([valid, later.drop_duplicates("employee_id", keep="first")])
    return both.sort_index()
