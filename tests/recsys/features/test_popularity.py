from math import log, log1p
from typing import TYPE_CHECKING

import pytest

from recsys.features.popularity import (
    POPULARITY_COLUMNS,
    RESPONSE_COLUMNS,
    fill_popularity,
    fill_response,
)

if TYPE_CHECKING:
    from tests.recsys.features.conftest import World

_HOURS = {"0.0833h": 1 / 12, "1h": 1, "6h": 6, "24h": 24, "72h": 72, "336h": 336}


@pytest.fixture
def news(world: "World") -> "World":
    for name in ("x", "y", "z", "old"):
        world.content(name, -100 if name == "old" else 0)
    return world


def test_the_half_lives_are_those_the_columns_name() -> None:
    assert [c for c in POPULARITY_COLUMNS if c.startswith("readers_") and "rank" not in c] == [
        f"readers_{name}" for name in _HOURS
    ]


def test_readers_count_again_at_a_fifth_unique_ones_once(news: "World") -> None:
    """Of x: e1 at four and again at eight, e2 at ten; asked at eleven."""
    news.event("e1", "x", 4)
    news.event("e1", "x", 8)
    news.event("e2", "x", 10, "open")
    got = news.fill(news.ask("me", 11, ["y", "x"]), POPULARITY_COLUMNS, fill_popularity)
    for name, h in _HOURS.items():
        readers = 2 ** (-7 / h) + 0.2 * 2 ** (-3 / h) + 2 ** (-1 / h)
        assert got[f"readers_{name}"].tolist() == pytest.approx([0, log1p(readers)])
        if f"unique_readers_{name}" in got:
            unique = 2 ** (-7 / h) + 2 ** (-1 / h)
            assert got[f"unique_readers_{name}"].tolist() == pytest.approx([0, log1p(unique)])
    assert got["seconds_since_reader"].tolist() == pytest.approx([20, log1p(3600)])


def test_an_earlier_reading_that_arrives_later_becomes_the_first_one(news: "World") -> None:
    """Known first: at nine. Then it turns out the same person had opened it at five."""
    news.event("e1", "x", 9)
    news.event("e1", "x", 5)
    got = news.fill(news.ask("me", 11, ["x"]), POPULARITY_COLUMNS, fill_popularity)
    assert got["unique_readers_6h"].tolist() == pytest.approx([log1p(2 ** (-6 / 6))])
    readers = 2 ** (-6 / 6) + 0.2 * 2 ** (-2 / 6)
    assert got["readers_6h"].tolist() == pytest.approx([log1p(readers)])
    assert got["seconds_since_reader"].tolist() == pytest.approx([log1p(2 * 3600)])


def test_deep_interactions_are_counted_beside_readers(news: "World") -> None:
    for hours, kind in ((2, "open"), (3, "like"), (5, "bookmark"), (5, "progress")):
        news.event("e1", "x", hours, kind)
    got = news.fill(news.ask("me", 11, ["x"]), POPULARITY_COLUMNS, fill_popularity)
    for name, h in (("deep_24h", 24), ("deep_336h", 336)):
        assert got[name].tolist() == pytest.approx([log1p(2 ** (-8 / h) + 2 ** (-6 / h))])


def test_ranks_are_by_readers_and_of_equals_the_newest_comes_first(news: "World") -> None:
    """x and z have one reader each at the same moment, old has two, y none."""
    for person, content in (("e1", "z"), ("e1", "x"), ("e1", "old"), ("e2", "old")):
        news.event(person, content, 4)
    for candidates, ranks in (
        (["x", "y", "z", "old"], [1, 3, 2, 0]),
        (["z", "y", "x", "old"], [1, 3, 2, 0]),
        (["y", "z"], [1, 0]),
    ):
        moment = news.ask("me", 5, candidates)
        got = news.fill(moment, POPULARITY_COLUMNS, fill_popularity)
        for name in ("1h", "6h", "24h"):
            assert got[f"readers_rank_{name}"].tolist() == ranks


def test_each_rank_is_by_its_own_half_life(news: "World") -> None:
    """Of x two readers long ago, of y one just now."""
    news.event("e1", "x", 1)
    news.event("e2", "x", 1)
    news.event("e1", "y", 9.9)
    got = news.fill(news.ask("me", 10, ["x", "y"]), POPULARITY_COLUMNS, fill_popularity)
    assert got["readers_rank_1h"].tolist() == [1, 0]
    assert got["readers_rank_6h"].tolist() == [1, 0]
    assert got["readers_rank_24h"].tolist() == [0, 1]


def test_response_by_hand(news: "World") -> None:
    """x was shown first at five, third at six, and opened by one of the two at seven."""
    news.event("me", "x", 5, "impression", position=1)
    news.event("e2", "x", 6, "impression", position=3)
    news.event("me", "y", 6, "impression")  # where, nobody knows: in full
    news.event("e2", "x", 7)
    got = news.fill(news.ask("me", 11, ["x", "y"]), RESPONSE_COLUMNS, fill_response)
    for name, h in (("6h", 6), ("72h", 72), ("336h", 336)):
        shown = [2 ** (-6 / h) + 0.5 * 2 ** (-5 / h), 2 ** (-5 / h)]
        read = [2 ** (-4 / h), 0]
        share = [log((r + 1) / (s + 10)) for r, s in zip(read, shown, strict=True)]
        assert got[f"readers_per_showing_{name}"].tolist() == pytest.approx(share)
        if h < 100:
            assert got[f"shown_{name}"].tolist() == pytest.approx([log1p(s) for s in shown])
    assert got["own_showings"].tolist() == [1, 1]


def test_what_nobody_was_shown_has_the_usual_response(news: "World") -> None:
    got = news.fill(news.ask("nobody", 11, ["x"]), RESPONSE_COLUMNS, fill_response)
    assert got["readers_per_showing_6h"].tolist() == pytest.approx([log(0.1)])
    assert got["own_showings"].tolist() == got["shown_6h"].tolist() == [0]
