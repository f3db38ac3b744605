from math import log1p
from typing import TYPE_CHECKING

import numpy as np
import pytest

from recsys.features.freshness import (
    FRESHNESS_COLUMNS,
    STREAM_COLUMNS,
    fill_freshness,
    fill_stream,
)

if TYPE_CHECKING:
    from tests.recsys.features.conftest import World

_MINUTE = 1 / 60


@pytest.fixture
def news(world: "World") -> "World":
    """Published in this order, b and c at once; the draft nobody sees."""
    world.employee("me")
    for name, hours, author in (
        ("a", 0, "ann"), ("b", 1, "bob"), ("c", 1, "ann"), ("d", 5, "bob"), ("e", 9, None)
    ):  # fmt: skip
        world.content(name, hours, author_id=author)
    world.content("draft", 3, status="draft")
    return world


def test_freshness_by_hand(news: "World") -> None:
    news.event("me", "a", 2)
    moment = news.ask("me", 10, ["d", "c", "b"])
    got = news.fill(moment, FRESHNESS_COLUMNS, fill_freshness)
    ages = [log1p(5), log1p(9), log1p(9)]
    left = 2 ** (-8 / (60 * 24))
    habit = left * log1p(2) / (left + 1)  # one content, read at an age of two hours
    assert got["log_age"].tolist() == pytest.approx(ages)
    assert got["newest_rank"].tolist() == pytest.approx([0, log1p(1), log1p(2)])
    assert got["log_age_to_habit"].tolist() == pytest.approx([age - habit for age in ages])


def test_the_place_in_the_list_is_that_among_all_candidates(news: "World") -> None:
    moment = news.ask("me", 10, ["d", "c", "b"]).narrow(np.array([0, 2]))
    got = news.fill(moment, FRESHNESS_COLUMNS, fill_freshness)
    assert got["newest_rank"].tolist() == pytest.approx([0, log1p(2)])


@pytest.mark.parametrize("who", ["me", "nobody"])
def test_without_readings_the_habit_is_none(news: "World", who: str) -> None:
    got = news.fill(news.ask(who, 10, ["e", "d"]), FRESHNESS_COLUMNS, fill_freshness)
    np.testing.assert_array_equal(got["log_age_to_habit"], got["log_age"])


def test_the_stream_by_hand(news: "World") -> None:
    """Read a at two, d twenty minutes before ten; neighbours of d are c (before) and e (after)."""
    news.event("me", "a", 2)
    news.event("me", "d", 10 - 20 * _MINUTE)
    got = news.fill(news.ask("me", 10, ["e", "d", "c", "b"]), STREAM_COLUMNS, fill_stream)
    third = 1 / 3
    assert got["hours_since_last_read"].tolist() == pytest.approx([log1p(third)] * 4)
    assert got["published_to_last_read"].tolist() == pytest.approx(
        [-log1p(2 * third), -log1p(5 - third), -log1p(9 - third), -log1p(9 - third)]
    )
    assert got["published_to_last_content"].tolist() == pytest.approx(
        [log1p(4), 0, -log1p(4), -log1p(4)]
    )
    # a is the first, b and c are both second: one content is older; d is the fourth, e the fifth.
    assert got["steps_to_last"].tolist() == pytest.approx([log1p(1), 0, -log1p(2), -log1p(2)])
    assert got["steps_apart"].tolist() == [1, 0, 2, 2]
    assert got["steps_to_second_last"].tolist() == pytest.approx(
        [log1p(4), log1p(3), log1p(1), log1p(1)]
    )
    assert got["same_author_as_last"].tolist() == [0, 1, 0, 1]  # e has no author
    assert got["reads_this_visit"].tolist() == [1] * 4
    assert got["minutes_this_visit"].tolist() == pytest.approx([20] * 4)


def test_no_author_is_nobody_in_common(news: "World") -> None:
    news.content("f", 9.5)
    news.event("me", "e", 9.9)
    got = news.fill(news.ask("me", 10, ["f"]), STREAM_COLUMNS, fill_stream)
    assert got["same_author_as_last"].tolist() == [0]


def test_with_one_reading_the_second_last_is_the_last(news: "World") -> None:
    news.event("me", "d", 9)
    got = news.fill(news.ask("me", 10, ["e", "c"]), STREAM_COLUMNS, fill_stream)
    np.testing.assert_array_equal(got["steps_to_second_last"], got["steps_to_last"])


@pytest.mark.parametrize(
    ("asked_at", "n_reads", "minutes"),
    [
        (9 + 51 * _MINUTE, 3, 51),  # 9:00, 9:25, 9:50 hang together, 8:20 does not
        (10 + 20 * _MINUTE, 3, 80),  # half an hour of silence is still the same visit
        (10 + 20.02 * _MINUTE, 0, -1),
    ],
)
def test_a_visit_goes_back_to_half_an_hour_of_silence(
    news: "World", asked_at: float, n_reads: int, minutes: float
) -> None:
    for content, at in (("a", 8 + 20 * _MINUTE), ("b", 9), ("c", 9 + 25 * _MINUTE),
                        ("d", 9 + 50 * _MINUTE)):  # fmt: skip
        news.event("me", content, at)
    got = news.fill(news.ask("me", asked_at, ["e"]), STREAM_COLUMNS, fill_stream)
    assert got["reads_this_visit"].tolist() == [n_reads]
    assert got["minutes_this_visit"].tolist() == pytest.approx([minutes], abs=1e-3)


@pytest.mark.parametrize("who", ["me", "nobody"])
def test_who_has_read_nothing_stands_nowhere_in_the_stream(news: "World", who: str) -> None:
    moment = news.ask(who, 10, ["e", "d"])
    got = news.fill(moment, STREAM_COLUMNS, fill_stream)
    assert np.isnan(np.stack(list(got.values()))).all()
