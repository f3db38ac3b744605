"""Where the parts of an interval plot stand, in per cent of its width."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

__all__ = ["Axis", "axis_of", "ticks_between"]

_MARGIN = 0.07
"""Left free at both ends, so that labels of ticks and ends of lines stay inside."""
_WIDEST_BAND = 4.0
"""A band wider than four times what was found would hide it: it then fills the background."""
_MOST_TICKS = 5


@dataclass(frozen=True)
class Axis:
    """A linear axis: the numbers at both ends, and round numbers between them."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, number: float) -> float:
        """Return where a number stands, 0..100; what lies outside stands at the edge."""
        share = (number - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 3)


def axis_of(intervals: Sequence[tuple[float, float]], margins: Sequence[float] = ()) -> Axis | None:
    """Return an axis that holds 0, all intervals, and ±margins unless these dwarf the intervals.

    None if there is nothing to draw, or nothing but zeros.
    """
    ends = [end for interval in intervals for end in interval]
    reach = max((abs(end) for end in ends), default=0.0)
    near = [m for m in margins if reach and m <= _WIDEST_BAND * reach]
    numbers = [0.0, *ends, *near, *(-m for m in near)]
    low, high = min(numbers), max(numbers)
    if not 1e-300 < high - low < 1e300:  # nothing, or beyond arithmetic
        return None
    free = _MARGIN * (high - low)
    return Axis(low - free, high + free, ticks_between(low, high))


def ticks_between(low: float, high: float) -> tuple[float, ...]:
    """Return at most five round numbers from ``low`` to ``high``; 0 is one if it lies there."""
    raw = (high - low) / (_MOST_TICKS - 1)
    if not (raw > 0 and isfinite(raw)):
        return ()
    power = 10.0 ** floor(log10(raw))
    for factor in (1, 2, 2.5, 5, 10, 20):
        step = factor * power
        first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
        if last - first < _MOST_TICKS:
            return tuple(n * step for n in range(first, last + 1))
    return ()
