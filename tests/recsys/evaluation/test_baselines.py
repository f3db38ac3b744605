import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.evaluation.baselines import DecayedPopularity, NewestFirst
from recsys.interactions import InteractionLog
from recsys.times import DAY_US, SECOND_US

_ALL = np.arange(4, dtype=np.int32)


def _log(rows: list[tuple[int, int, float]]) -> InteractionLog:
    """Rows are (employee, content, seconds), in log order."""
    return InteractionLog(
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] for r in rows], np.int32),
        np.array([r[2] * SECOND_US for r in rows]).astype(np.int64),
    )


def _popularity(
    rows: list[tuple[int, int, float]], half_life: float, department: list[int] | None = None
) -> DecayedPopularity:
    return DecayedPopularity(
        "popularity",
        _log(rows),
        half_life_seconds=half_life,
        n_contents=4,
        department=None if department is None else np.array(department, np.int32),
    )


def test_newest_first() -> None:
    scores = NewestFirst(np.array([5, 9, 7])).score(0, np.array([0, 1, 2], np.int32), 10)
    assert scores.argsort()[::-1].tolist() == [1, 2, 0]


def test_counts_by_hand() -> None:
    rows = [(0, 0, 0.0), (0, 0, 100.0), (1, 0, 100.0), (1, 1, 200.0)]
    popularity = _popularity(rows, half_life=100.0)
    np.testing.assert_allclose(
        popularity.counts(200 * SECOND_US), [1 / 4 + 0.2 / 2 + 1 / 2, 0, 0, 0]
    )  # what happens at the moment itself does not count yet
    np.testing.assert_allclose(popularity.counts(300 * SECOND_US), [0.425, 0.5, 0, 0])


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 400)), max_size=25
    ),
    asked=st.lists(st.integers(0, 500), min_size=1, max_size=5),
)
def test_counts_equal_the_sum_over_the_log(
    rows: list[tuple[int, int, int]], asked: list[int]
) -> None:
    ordered = sorted(((e, c, float(t)) for e, c, t in rows), key=lambda row: row[2])
    popularity = _popularity(ordered, half_life=60.0)
    for at in sorted(asked):
        expected, met = np.zeros(4), set()
        for employee, content, t in ordered:
            if t < at:
                weight = 0.2 if (employee, content) in met else 1.0
                met.add((employee, content))
                expected[content] += weight * 2 ** (-(at - t) / 60.0)
        np.testing.assert_allclose(popularity.counts(at * SECOND_US), expected, rtol=1e-10)
        order = popularity.score(0, _ALL, at * SECOND_US)
        for i in range(4):
            for j in range(4):
                if expected[i] > expected[j] * (1 + 1e-9):
                    assert order[i] > order[j]


def test_interactions_of_long_ago_still_have_an_order() -> None:
    popularity = _popularity([(0, 0, 0.0), (0, 1, 1.0)], half_life=300.0)
    scores = popularity.score(0, _ALL, 400 * DAY_US)
    assert scores[1] > scores[0] > scores[2] == -np.inf


def test_equal_histories_tie() -> None:
    rows = [(0, 0, 3.0), (0, 1, 3.0), (1, 0, 7.3), (1, 1, 7.3)]
    scores = _popularity(rows, half_life=61.0).score(0, _ALL, 90 * SECOND_US)
    assert scores[0] == scores[1]


def test_own_department_counts_and_the_unknown_get_everybody() -> None:
    rows = [(0, 0, 0.0), (1, 1, 1.0), (1, 2, 2.0), (2, 3, 3.0), (1, 1, 4.0)]
    popularity = _popularity(rows, half_life=1e6, department=[0, 1, -1])
    at = 10 * SECOND_US
    known = [np.isfinite(popularity.score(employee, _ALL, at)).tolist() for employee in range(3)]
    assert known == [
        [True, False, False, False],
        [False, True, True, False],
        [True, True, True, True],
    ]
    scores = popularity.score(1, _ALL, at)
    assert 2 ** (scores[1] - scores[2]) == pytest.approx(1.2, rel=1e-5)


def test_an_empty_log_scores_nothing() -> None:
    assert (_popularity([], half_life=60.0).score(0, _ALL, 5) == -np.inf).all()
