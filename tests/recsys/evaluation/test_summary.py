from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import Ranks
from recsys.evaluation.summary import Summary, summarise
from recsys.interactions import InteractionLog
from recsys.times import DAY_US

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
        "silent employee": (102, 51),
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


def _silent(build: Build, n_read: list[int], *, at: int = 10 * DAY_US - 1) -> tuple[int, int, bool]:
    """Return targets, employees and whether shown; employee i read ``n_read[i]`` contents."""
    ranks, data = build([len(n_read) - 1])
    employee = np.repeat(np.arange(len(n_read), dtype=np.int32), n_read)
    content = np.concatenate([np.arange(n, dtype=np.int32) for n in n_read])
    # Twice each: what is read again is still one content.
    log = InteractionLog(
        np.tile(employee, 2), np.tile(content, 2), np.full(2 * len(employee), at)
    )  # fmt: skip
    parts = summarise(ranks, replace(data, log=log), np.random.default_rng(1)).slices
    (part,) = [part for part in parts if part.name == "silent employee"]
    return part.n_targets, part.n_employees, part.estimates is not None


def test_silent_are_the_quarter_that_read_least(ranked_departments: Build) -> None:
    assert _silent(ranked_departments, list(range(48))) == (24, 12, True)
    assert _silent(ranked_departments, [1] * 12 + [2] * 36) == (24, 12, True)


def test_as_silent_as_the_quarter_is_silent(ranked_departments: Build) -> None:
    assert _silent(ranked_departments, [0] * 20 + [5] * 20) == (40, 20, True)


@pytest.mark.parametrize("at", [10 * DAY_US, -18 * DAY_US - 1])
def test_only_the_four_weeks_before_count(ranked_departments: Build, at: int) -> None:
    """Where nobody read anything in them, everybody is as silent, and nothing can be subtracted."""
    assert _silent(ranked_departments, list(range(40)), at=at) == (80, 40, True)
    assert _silent(ranked_departments, list(range(40)), at=-18 * DAY_US) == (20, 10, True)


@pytest.mark.parametrize("n_read", [[0] * 9 + [5] * 27, [0] * 30 + [5] * 9])
def test_few_silent_or_few_others_are_hidden(ranked_departments: Build, n_read: list[int]) -> None:
    assert not _silent(ranked_departments, n_read)[2]
