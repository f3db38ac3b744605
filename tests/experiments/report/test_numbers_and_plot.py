from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.report.numbers import Scale, relative, scale_of
from experiments.report.plot import axis_of, ticks_between

numbers = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("number", "width", "is_share", "value", "difference"),
    [
        (6.4186, 0.9067, False, "6.42", "+6.42"),
        (0.0123456, 0.0011, False, "0.0123", "+0.0123"),
        (-1234.5, 300.0, False, "−1,234", "−1,234"),
        (0.46312, 0.054, True, "46.3%", "+46.3 pt"),
        (-0.00002, 0.05, True, "0.0%", "0.0 pt"),
        (0.0, 1.0, False, "0.0", "0"),
        (3e12, 1.0, False, "3e+12", "+3e+12"),
    ],
)
def test_numbers_have_the_digits_of_their_evidence(
    number: float, width: float, is_share: bool, value: str, difference: str
) -> None:
    scale = scale_of(width, is_share=is_share, point=" pt")
    assert scale.value(number) == value
    assert scale.difference(number).removesuffix(" pt") == difference.removesuffix(" pt")


def test_no_number_is_a_dash() -> None:
    scale = Scale(2, is_share=True)
    assert {scale.value(None), scale.difference(None), scale.tick(None), relative(None)} == {"–"}
    assert {scale.value(float("inf")), scale.tick(float("nan"))} == {"–"}


def test_relative_changes() -> None:
    assert [relative(share) for share in (0.0667, -0.123, 0.0)] == ["+6.7%", "−12.3%", "0.0%"]


@given(pairs=st.lists(st.tuples(numbers, numbers), max_size=4), margins=st.lists(st.floats(0, 1e9)))
def test_everything_that_is_drawn_lies_on_the_plot(
    pairs: list[tuple[float, float]], margins: list[float]
) -> None:
    intervals = [(min(pair), max(pair)) for pair in pairs]
    axis = axis_of(intervals, margins)
    if axis is None:
        return
    shown = [0.0, *axis.ticks, *(end for interval in intervals for end in interval)]
    assert all(0 <= axis.place(number) <= 100 for number in shown)
    assert axis.low < 0 < axis.high
    assert all(axis.low <= end <= axis.high for interval in intervals for end in interval)


def test_a_plot_of_nothing_is_none() -> None:
    assert axis_of([]) is None
    assert axis_of([(0.0, 0.0)]) is None


def test_a_margin_that_dwarfs_the_intervals_does_not_stretch_the_plot() -> None:
    assert axis_of([(-1.0, 1.0)], [2.0]) != axis_of([(-1.0, 1.0)])
    assert axis_of([(-1.0, 1.0)], [50.0]) == axis_of([(-1.0, 1.0)])


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low: float, width: float) -> None:
    ticks = ticks_between(low, low + width)
    assert 1 <= len(ticks) <= 5
    assert all(isfinite(t) and low - 1e-6 * width <= t <= low + 1.000001 * width for t in ticks)
    if low < 0 < low + width:
        assert 0.0 in ticks
