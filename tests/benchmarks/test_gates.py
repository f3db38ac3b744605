"""The gates benchmark finds a ruined department, and refuses few of those that are equal."""

from benchmarks.gates import fabricated


def test_equal_challengers_are_seldom_refused_and_ruined_ones_always() -> None:
    assert fabricated(10, 0.0) <= 3
    assert fabricated(5, 0.3) == 5
