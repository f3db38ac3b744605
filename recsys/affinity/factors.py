"""Scores of factor models at a point in time: the latest model fitted before the question."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.affinity.factor_model import FactorModel
from recsys.affinity.feature_space import FeatureSpace, content_names, employee_names
from recsys.catalogue.catalogue import Catalogue

__all__ = ["FactorProvider", "FactorSnapshot"]

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FactorSnapshot:
    """A factor model with its frozen columns; it knows nothing from ``fitted_at`` on."""

    fitted_at: int
    model: FactorModel
    employee_space: FeatureSpace
    content_space: FeatureSpace


class FactorProvider:
    """Scores (employee, content) pairs by the snapshot in force; unread contents are folded in.

    Vectors are computed when a snapshot comes into force, those of later arrivals when first asked
    for; contents that change are dropped by :meth:`refresh`. Not thread-safe.
    """

    def __init__(self, catalogue: Catalogue, snapshots: Sequence[FactorSnapshot] = ()) -> None:
        self.snapshots = sorted(snapshots, key=lambda s: s.fitted_at)
        self._catalogue = catalogue
        self._current: FactorSnapshot | None = None
        self._employees: dict[int, Vectors] = {}
        self._contents: Vectors = np.zeros((0, 0), np.float32)
        self._filled: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)

    def refresh(self, rows: npt.NDArray[np.int32]) -> None:
        """Forget the vectors of contents that are new or changed."""
        self._filled[rows[rows < len(self._filled)]] = False

    def forget_employees(self) -> None:
        """Drop the vectors of employees; call after attributes changed, since versions move."""
        self._employees = {}

    def scores(
        self, version: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float32]:
        """Return float32 scores, shape (n,), for an employee's attribute version.

        NaN where no snapshot was fitted by ``at``. An employee without attributes gets biases.
        """
        self._switch(at)
        if self._current is None:
            return np.full(len(candidates), np.nan, np.float32)
        self._fill(candidates)
        vectors = self._contents[candidates]
        return np.asarray(vectors[:, :-1] @ self._employee(version) + vectors[:, -1], np.float32)

    def _switch(self, at: int) -> None:
        usable = [s for s in self.snapshots if s.fitted_at <= at]
        latest = usable[-1] if usable else None
        if latest is not self._current:
            self._current = latest
            self._employees = {}
            width = 0 if latest is None else latest.model.item_feature_embeddings.shape[1] + 1
            self._contents = np.zeros((0, width), np.float32)
            self._filled = np.zeros(0, np.bool_)
            if latest is not None:
                self._prepare(latest)

    def _prepare(self, snapshot: FactorSnapshot) -> None:
        """Compute the vectors of all that are known by now: together they cost little."""
        versions = np.arange(self._catalogue.employees.n_versions)
        names = employee_names(self._catalogue.employees, versions)
        vectors = snapshot.model.user_vectors(snapshot.employee_space.rows(names))
        self._employees = dict(enumerate(vectors))
        self._fill(np.arange(len(self._catalogue.contents), dtype=np.int32))

    def _employee(self, version: int) -> Vectors:
        assert self._current is not None
        if version not in self._employees:
            names = employee_names(self._catalogue.employees, np.array([version]))
            rows = self._current.employee_space.rows(names)
            self._employees[version] = self._current.model.user_vectors(rows)[0]
        return self._employees[version]

    def _fill(self, candidates: npt.NDArray[np.int32]) -> None:
        assert self._current is not None
        n_contents = len(self._catalogue.contents)
        if len(self._filled) < n_contents:
            missing = n_contents - len(self._filled)
            self._filled = np.concatenate([self._filled, np.zeros(missing, np.bool_)])
            empty = np.zeros((missing, self._contents.shape[1]), np.float32)
            self._contents = np.concatenate([self._contents, empty])
        wanted = candidates[~self._filled[candidates]]
        if len(wanted):
            rows = self._current.content_space.rows(content_names(self._catalogue.contents, wanted))
            self._contents[wanted, :-1] = self._current.model.item_vectors(rows)
            self._contents[wanted, -1] = self._current.model.item_biases(rows)
            self._filled[wanted] = True
