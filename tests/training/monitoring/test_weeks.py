"""Which week a moment is of."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.times import DAY_US, WEEK_US
from training.monitoring.weeks import Weeks


def test_the_reference_is_what_the_model_learned_from() -> None:
    weeks = Weeks.of(0, 12 * WEEK_US, 9 * WEEK_US)
    assert (weeks.skipped, weeks.n) == (3, 8)
    assert weeks.reference == (1 * WEEK_US, 9 * WEEK_US)
    assert weeks.since == 11 * WEEK_US


def test_a_model_of_last_night_is_compared_with_the_weeks_before() -> None:
    assert Weeks.of(0, 6 * WEEK_US, 6 * WEEK_US - DAY_US).reference == (0, 5 * WEEK_US)


def test_too_little_before_the_model_means_the_weeks_right_before() -> None:
    assert Weeks.of(0, 6 * WEEK_US, 2 * WEEK_US).skipped == 1
    assert not Weeks.of(0, 3 * WEEK_US).is_enough


@given(st.integers(0, 11), st.integers(0, WEEK_US - 1), st.integers(1, 11))
def test_every_moment_lies_between_the_ends_of_its_week(back: int, within: int, age: int) -> None:
    weeks = Weeks.of(0, 12 * WEEK_US, (12 - age) * WEEK_US)
    moment = np.array([12 * WEEK_US - 1 - within - back * WEEK_US])
    week, day = int(weeks.of_times(moment)[0]), int(weeks.day_of(moment)[0])
    if week < 0:
        assert 0 < back < weeks.skipped or back >= weeks.skipped + weeks.n
        return
    end = weeks.ends(week)
    assert end - (day + 1) * DAY_US <= moment[0] < end - day * DAY_US
