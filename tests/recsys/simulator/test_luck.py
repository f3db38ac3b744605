"""Luck is uniform, independent where it should be, and the same whoever asks in whatever order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from recsys.errors import ConfigurationError
from recsys.simulator.luck import Luck

_INDEX = st.integers(0, 2**31)


@given(_INDEX, st.lists(_INDEX, min_size=1, max_size=12, unique=True), _INDEX, st.randoms())
def test_luck_does_not_depend_on_what_else_is_shown(
    employee: int, contents: list[int], seed: int, shuffler: object
) -> None:
    """The number of a showing is its own: alone, among others, in any order."""
    luck, nth = Luck(seed), np.arange(len(contents))
    whole = luck.of_page(employee, np.array(contents), nth)
    reverse = luck.of_page(employee, np.array(contents[::-1]), nth[::-1].copy())
    alone = luck.of_page(employee, np.array(contents[:1]), nth[:1])
    assert np.array_equal(whole, reverse[::-1])
    assert np.array_equal(whole[:1], alone)
    assert ((whole >= 0) & (whole < 1)).all()


def test_numbers_are_uniform_and_uncorrelated() -> None:
    """Over employees, over contents and over repeats; 8 tests, so p > 0.001 for each."""
    luck, zeros = Luck(7), np.zeros(20_000, np.int64)
    many = np.arange(20_000)
    by_content = luck.of_page(3, many, zeros)
    by_repeat = luck.of_page(3, zeros, many)
    by_employee = np.concatenate([luck.of_page(e, zeros[:1], zeros[:1]) for e in range(5_000)])
    for numbers in (by_content, by_repeat, by_employee):
        assert kstest(numbers[:, 0], "uniform").pvalue > 0.001
        assert kstest(numbers[:, 1], "uniform").pvalue > 0.001
        bound = 4 / np.sqrt(len(numbers))
        assert abs(np.corrcoef(*numbers.T)[0, 1]) < bound
        assert abs(np.corrcoef(numbers[1:, 1], numbers[:-1, 1])[0, 1]) < bound


def test_seeds_differ_and_readings_repeat() -> None:
    one = np.arange(5)
    assert not np.array_equal(Luck(1).of_page(0, one, one), Luck(2).of_page(0, one, one))
    first, again = Luck(1).of_reading(3, 4, 0), Luck(1).of_reading(3, 4, 0)
    assert np.array_equal(first.random(5), again.random(5))
    assert first.random() != Luck(1).of_reading(3, 4, 1).random()


def test_settled_interest_keeps_every_showing_uniform_and_ties_repeats() -> None:
    """A share s of repeats has the first luck; correlation with it is then s, the mean 1/2."""
    contents, zeros = np.arange(40_000), np.zeros(40_000, np.int64)
    luck = Luck(5, settled_share=0.6)
    first, later = (luck.of_page(9, contents, zeros + n) for n in (0, 3))
    assert np.mean(first[:, 1] == later[:, 1]) == pytest.approx(0.6, abs=4 * 0.5 / 200)
    assert np.corrcoef(first[:, 1], later[:, 1])[0, 1] == pytest.approx(0.6, abs=0.02)
    assert kstest(later[:, 1], "uniform").pvalue > 0.001
    assert not (first[:, 0] == later[:, 0]).any()  # looking is a new chance every time
    assert np.array_equal(first, Luck(5).of_page(9, contents, zeros))


def test_impossible_shares_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"settled_share 1\.5"):
        Luck(settled_share=1.5)
