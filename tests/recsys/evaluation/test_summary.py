from collections.abc import Callable

import numpy as np
import pytest

from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import Ranks
from recsys.evaluation.summary import Summary, summarise

Build = Callable[[list[int]], tuple[Ranks, EvaluationData]]


def _summarise(build: Build, sizes: list[int]) -> Summary:
    return summarise(*build(sizes), np.random.default_rng(1))


def test_figures_by_hand(ranked_departments: Build) -> None:
    summary = _summarise(ranked_departments, [20, 30])
    assert summary.metrics == ("hr@5", "hr@10", "ndcg@10", "mrr")
    assert summary.overall.estimates is not None
    np.testing.assert_allclose(
        summary.overall.estimates.value, np.array([[1, 1, 1, 1], [1, 1, 0.5, 1 / 3]])
    )
    np.testing.assert_allclose(summary.differences.value, np.array([[0, 0, 0.5, 2 / 3]]))
    np.testing.assert_allclose(summary.differences.low, summary.differences.value)
    assert (summary.overall.n_targets, summary.overall.n_employees) == (102, 51)
    assert summary.n_ineligible == 4


def test_slices(ranked_departments: Build) -> None:
    summary = _summarise(ranked_departments, [20, 30])
    counts = {part.name: (part.n_targets, part.n_employees) for part in summary.slices}
    assert counts == {
        "content < 24 h": (51, 51),
        "new employee": (51, 51),
        "department a": (40, 20),
        "department b": (60, 30),
    }


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([20, 30], ["a"]),  # the one employee without department would be whole minus shown
        ([20, 9, 30], ["b"]),  # 9, and 1 without department, hide each other
        ([20, 8, 30], ["b", "a"]),
        ([20, 6, 5, 30], ["b", "c"]),
        ([3], ["a"]),
    ],
)
def test_small_departments_are_hidden_and_cannot_be_subtracted(
    ranked_departments: Build, sizes: list[int], hidden: list[str]
) -> None:
    parts = _summarise(ranked_departments, sizes).slices
    names = {p.name for p in parts if p.estimates is None and p.name.startswith("department")}
    assert names == {f"department {letter}" for letter in hidden}


def test_slices_of_few_employees_are_suppressed(ranked_departments: Build) -> None:
    summary = _summarise(ranked_departments, [4])
    assert all(part.estimates is None for part in summary.slices)
    assert summary.overall.estimates is not None


def test_without_targets_everything_is_unknown(ranked_departments: Build) -> None:
    ranks, data = ranked_departments([3])
    nothing = np.zeros(len(ranks.targets), np.bool_)
    empty = Ranks(ranks.models, ranks.targets.take(nothing), ranks.rank[nothing],
                  ranks.n_candidates[nothing], 0)  # fmt: skip
    summary = summarise(empty, data, np.random.default_rng(1))
    assert summary.overall.estimates is not None
    assert np.isnan(summary.overall.estimates.value).all()
    assert np.isnan(summary.differences.value).all()
