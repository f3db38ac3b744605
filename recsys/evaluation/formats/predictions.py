"""What the model and the baselines say of every showing before it happens."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.formats.baselines import BASELINES, PastRates
from recsys.evaluation.formats.walk import FormatTest, Visit

__all__ = ["MODELS", "Predictions", "Predictor"]

MODELS = ("recsys", *BASELINES)

_LEAST = 0.001
"""Nobody may be surer than this: a rate of no completions in three showings is no proof, and one
completion more would make its log-loss infinite."""

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Predictions:
    """n showings and what was said of them, in the order of the walk."""

    p: Float
    """(n, n_models) probability of completion, within 0.001 … 0.999; columns as ``MODELS``."""
    completed: npt.NDArray[np.bool_]
    employee: npt.NDArray[np.int32]
    n_before: npt.NDArray[np.int64]
    """Showings of the employee that were known before."""


class Predictor:
    """A judge that notes all probabilities; one posterior per visit."""

    def __init__(self, test: FormatTest, rates: PastRates) -> None:
        self._test, self._rates = test, rates
        n = len(test.showings)
        self._p = np.empty((n, len(MODELS)))
        self._n_before = np.zeros(n, np.int64)

    def see(self, visit: Visit) -> None:
        """Note what is said of the visit's showings."""
        tastes, rows = self._test.tastes, visit.rows
        showings = self._test.showings.take(rows)
        person = tastes.person(visit.employee, visit.at)
        self._p[rows, 0] = tastes.p_completed(person, showings)
        self._p[rows, 1:] = self._rates.of(visit.employee, showings.form)
        own = self._test.state.showings.of(visit.employee)
        self._n_before[rows] = np.count_nonzero(own.is_impression)

    def predictions(self) -> Predictions:
        """Return everything noted; call after the walk."""
        showings = self._test.showings
        p = np.clip(self._p, _LEAST, 1.0 - _LEAST)
        return Predictions(p, showings.completed, showings.employee, self._n_before)
