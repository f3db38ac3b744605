from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp

from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import Ranks
from recsys.ids import IdMap
from recsys.interactions import InteractionLog, Targets
from recsys.times import DAY_US

Build = Callable[[list[int]], tuple[Ranks, EvaluationData]]


@pytest.fixture
def ranked_departments() -> Build:
    """Build ranks of two models for employees spread over departments of the given sizes.

    Each employee has two targets: one content of two hours, one of three days. The first model
    always ranks 1, the second 3. Department numbers are letters; one more employee has none.
    """

    def build(sizes: list[int]) -> tuple[Ranks, EvaluationData]:
        department = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        department = np.append(department, np.int32(-1))
        n_employees = len(department)
        data = EvaluationData(
            employees=IdMap(f"e{i}" for i in range(n_employees)),
            contents=IdMap(["fresh", "old"]),
            log=InteractionLog(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64)),
            published_at=np.array([10 * DAY_US - DAY_US // 12, 7 * DAY_US]),
            departments=IdMap("abcdefgh"[: len(sizes)]),
            department=department,
            employee_attributes=sp.csr_array((n_employees, 0), dtype=np.float32),
            content_attributes=sp.csr_array((2, 0), dtype=np.float32),
        )
        n = 2 * n_employees
        targets = Targets(
            np.repeat(np.arange(n_employees, dtype=np.int32), 2),
            np.tile(np.array([0, 1], np.int32), n_employees),
            np.full(n, 10 * DAY_US),
            np.tile(np.array([2, 3]), n_employees),
        )
        rank = np.tile([1.0, 3.0], (n, 1))
        return Ranks(("good", "fair"), targets, rank, np.full(n, 9, np.int32), 4), data

    return build
