"""Tables of the model card."""

import numpy as np

from recsys.evaluation.bootstrap import Estimates
from recsys.evaluation.summary import Slice, Summary
from training.card import slices_table
from training.gate import WITHOUT_TASTE

_MODELS = ("recsys", WITHOUT_TASTE, "newest_first", "popularity_1h")


def _figures(*values: float) -> Estimates:
    value = np.array(values)[:, None]
    return Estimates(value, value - 0.1, value + 0.1)


def _summary(*slices: Slice, n_targets: int = 99) -> Summary:
    overall = Slice("overall", n_targets, 40, _figures(0.5, 0.49, 0.2, 0.3))
    nothing = Estimates(*(np.zeros((3, 1)) for _ in range(3)))
    return Summary(_MODELS, ("ndcg@10",), overall, slices, nothing, 0)


def test_slices_stand_beside_the_best_baseline_and_hidden_ones_are_absent() -> None:
    shown = Slice("silent employee", 20, 12, _figures(0.4, 0.39, 0.9, 0.25))
    hidden = Slice("department x", 3, 2, None)
    table = slices_table(_summary(shown, hidden))
    assert table.splitlines() == [
        "| slice | choices | employees | recsys | 95 % | popularity_1h |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| silent employee | 20 | 12 | 0.400 | 0.300 to 0.500 | 0.250 |",
    ]


def test_of_many_departments_the_largest_are_shown() -> None:
    departments = [Slice(f"department {i}", i, 12, _figures(0, 0, 0, 0)) for i in range(30)]
    fresh = Slice("content < 24 h", 2, 12, _figures(0, 0, 0, 0))
    names = [
        line.split(" | ")[0] for line in slices_table(_summary(fresh, *departments)).splitlines()
    ]
    assert names[2] == "| content < 24 h"
    assert names[3:] == [f"| department {i}" for i in range(29, 19, -1)]


def test_without_choices_there_is_no_table() -> None:
    assert slices_table(_summary(n_targets=0)).startswith("No choice fell")
