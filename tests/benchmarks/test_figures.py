"""The comparison with the reference learner."""

import numpy as np

from benchmarks.figures import gap_table
from recsys.evaluation.protocol import Ranks
from recsys.interactions import Targets


def _ranks(*models: tuple[str, float]) -> Ranks:
    """Four choices by two people; every model gives all of them one rank."""
    n = 4
    return Ranks(
        tuple(name for name, _ in models),
        Targets(np.array([0, 0, 1, 1], np.int32), *(np.zeros(n, t) for t in (np.int32, int, int))),
        np.tile([rank for _, rank in models], (n, 1)),
        np.full(n, 50, np.int32),
        0,
    )


def test_the_share_is_of_the_lead_over_the_best_baseline() -> None:
    # NDCG of rank 1, 3 and 7: 1, 1/2 and 1/3; neither ceilings nor the engine are baselines.
    table = gap_table(
        {
            "a world": _ranks(
                ("recsys", 3.0), ("reference", 1.0), ("truth_personal", 1.0),
                ("truth_impersonal", 1.0), ("popularity_1h", 7.0), ("newest_first", 15.0),
            ),
            "a real log": _ranks(("recsys", 3.0), ("popularity_1h", 7.0)),
        }
    )  # fmt: skip
    [row] = table.splitlines()[2:]
    assert row == "| a world: popularity_1h 0.333 | +0.667 | +0.167 | 0.25 (0.25–0.25) |"


def test_there_is_no_row_without_a_reference() -> None:
    assert len(gap_table({"a real log": _ranks(("recsys", 3.0))}).splitlines()) == 2
