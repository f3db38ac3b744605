import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.state.decayed import DecayedCounts
from recsys.times import DAY_US, HOUR_US

_HALF_LIVES = (HOUR_US, DAY_US)
_NOW = 40 * DAY_US

events = st.lists(
    st.tuples(
        st.integers(-1, 5), st.integers(0, _NOW), st.sampled_from([1.0, 0.2, 0.2 - 1.0, 3.5])
    ),
    max_size=30,
)


def _sums(rows: list[tuple[int, int, float]], now: int) -> npt.NDArray[np.float64]:
    """The formula of the docstring, one term at a time; shape (6, n_half_lives)."""
    return np.array(
        [
            [sum(w * 2 ** (-(now - t) / h) for row, t, w in rows if row == i) for h in _HALF_LIVES]
            for i in range(6)
        ]
    )


def _counts(rows: list[tuple[int, int, float]]) -> DecayedCounts:
    counts = DecayedCounts(_HALF_LIVES)
    for row, time, weight in rows:
        counts.add(np.array([row]), np.array([time]), np.array([weight]))
    return counts


def test_half_is_left_after_a_half_life() -> None:
    counts = _counts([(0, 0, 1.0), (0, HOUR_US, 1.0)])
    assert counts.read(np.array([0]), HOUR_US)[0, 0] == pytest.approx(1 / 2 + 1)
    assert counts.read(np.array([0]), 2 * HOUR_US)[0, 0] == pytest.approx(1 / 4 + 1 / 2)


@given(events)
def test_reading_is_the_decayed_sum_in_any_order(rows: list[tuple[int, int, float]]) -> None:
    read = _counts(rows).read(np.arange(6), _NOW)
    np.testing.assert_allclose(read, _sums(rows, _NOW), rtol=1e-9, atol=1e-15)


@given(events, st.integers(0, 30))
def test_two_parts_of_a_log_merge_into_the_whole(
    rows: list[tuple[int, int, float]], cut: int
) -> None:
    merged = _counts(rows[:cut])
    merged.merge(_counts(rows[cut:]))
    np.testing.assert_allclose(
        merged.read(np.arange(6), _NOW), _sums(rows, _NOW), rtol=1e-9, atol=1e-15
    )


def test_rows_without_events_and_rows_of_nobody_read_zero() -> None:
    counts = _counts([(2, 0, 1.0)])
    assert not counts.read(np.array([-1, 0, 1, 7_000_000]), _NOW).any()


def test_a_thousand_years_later_nothing_is_left_and_nothing_overflows() -> None:
    counts = _counts([(0, 0, 1.0)])
    later = 365_000 * DAY_US
    assert not counts.read(np.array([0]), later).any()
    counts.add(np.array([0]), np.array([later]), np.array([1.0]))
    assert counts.read(np.array([0]), later).tolist() == [[1.0, 1.0]]
