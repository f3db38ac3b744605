"""Periods divide the test window, and none of them is about a few people."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks
from recsys.interactions import Targets
from recsys.times import DAY_US, WEEK_US
from training.weeks import divide, weeks_of

_Choices = list[tuple[int, int]]


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 6)), max_size=60),
    st.integers(1, 120),
    st.integers(1, 4),
)
def test_periods_lie_end_to_end_and_each_has_enough_people(
    choices: _Choices, length: int, smallest: int
) -> None:
    times = np.array([time for time, _ in choices], np.int64)
    people = np.array([person for _, person in choices], np.int32)
    found = divide(times, people, 0, 100, length, smallest)
    if len(np.unique(people)) < smallest:
        assert found == ()
        return
    assert (found[0].since, found[-1].until) == (0, 100)
    for period, following in pairwise(found):
        assert period.until == following.since
        assert period.until % length == 0
    assert np.array_equal(sum(period.rows.astype(int) for period in found), np.ones(len(times)))
    for period in found:
        assert len(np.unique(people[period.rows])) >= smallest
        assert period.until - period.since >= min(length, 100 - period.since)


def test_a_quiet_day_is_joined_with_the_next() -> None:
    times = np.array([0, 0, 1, 2, 2, 3], np.int64)
    people = np.array([0, 1, 0, 0, 1, 1], np.int32)
    found = divide(times, people, 0, 4, 1, smallest=2)
    assert [(period.since, period.until) for period in found] == [(0, 1), (1, 4)]


def _ranks() -> Ranks:
    """Twelve people choose once a day for two weeks; the model is perfect in the second."""
    days = np.repeat(np.arange(14), 12)
    n = len(days)
    people = np.tile(np.arange(12, dtype=np.int32), 14)
    targets = Targets(people, np.zeros(n, np.int32), days * DAY_US, np.zeros(n, np.int32))
    rank = np.stack([np.where(days < 7, 3.0, 1.0), np.full(n, 2.0)], axis=1)
    return Ranks(("recsys", "newest_first"), targets, rank, np.full(n, 9, np.int32), 0)


def test_figures_by_hand() -> None:
    first, second = weeks_of(_ranks(), 0, 2 * WEEK_US, seed=0)
    assert (first.since, first.until, second.until) == (0, WEEK_US, 2 * WEEK_US)
    assert first.n_targets == second.n_targets == 84
    assert first.n_employees == 12
    other = float(ndcg(np.array([2.0]), 10)[0])
    assert first.ndcg.value.tolist() == pytest.approx([0.5, other])
    assert second.ndcg.value.tolist() == pytest.approx([1.0, other])
    assert [end for end, _ in first.days] == [day * DAY_US for day in range(1, 8)]
    for _, values in first.days:
        assert values.tolist() == pytest.approx([0.5, other])


def test_where_nobody_may_be_shown_there_is_no_week() -> None:
    ranks = _ranks()
    few = ranks.targets.employee < 9
    targets = ranks.targets.take(few)
    fewer = Ranks(ranks.models, targets, ranks.rank[few], ranks.n_candidates[few], 0)
    assert weeks_of(fewer, 0, 2 * WEEK_US, seed=0) == ()
