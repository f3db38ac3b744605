from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recsys.affinity.batch import BatchModel, NotFitted
from recsys.evaluation.daily import DailyRefit
from recsys.interactions import InteractionLog, first_interactions
from recsys.times import DAY_US

_CANDIDATES = np.array([2, 0], np.int32)


@dataclass
class Readers:
    """Scores an item by how many have read it."""

    n_readers: npt.NDArray[np.float32]

    def scores(self, user_index: int) -> npt.NDArray[np.float32]:
        return self.n_readers


def _pairs() -> InteractionLog:
    times = np.array([1, DAY_US - 1, DAY_US, DAY_US + 5, 3 * DAY_US])
    employee, content = np.array([0, 1, 2, 2, 3], np.int32), np.array([0, 0, 0, 2, 2], np.int32)
    return InteractionLog(employee, content, times)


def test_fits_once_a_day_on_everything_before_midnight() -> None:
    seen: list[list[float]] = []

    def fit(matrix: sp.csr_array) -> BatchModel | NotFitted:
        n_readers = np.asarray(matrix.sum(axis=0)).ravel().astype(np.float32)
        seen.append(n_readers.tolist())
        return Readers(n_readers) if matrix.nnz else NotFitted("nothing read")

    scorer = DailyRefit("readers", fit, first_interactions(_pairs()), shape=(4, 3))
    assert scorer.score(0, _CANDIDATES, 2).tolist() == [-np.inf, -np.inf]
    assert scorer.score(0, _CANDIDATES, DAY_US).tolist() == [0, 2]  # an event at midnight is later
    assert scorer.score(1, _CANDIDATES, 2 * DAY_US - 1).tolist() == [0, 2]
    assert scorer.score(0, _CANDIDATES, 3 * DAY_US + 7).tolist() == [1, 3]
    assert seen == [[0, 0, 0], [2, 0, 0], [3, 0, 1]]
    assert (scorer.n_days, scorer.n_days_without_model) == (3, 1)
    assert scorer.reason == "nothing read"
