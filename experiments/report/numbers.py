"""Numbers as people read them: no more digits than the evidence has."""

from dataclasses import dataclass
from math import floor, isfinite, log10

__all__ = ["NO_NUMBER", "Scale", "relative", "scale_of"]

NO_NUMBER = "–"
_MINUS = "−"
_LARGEST = 1e9
_MOST_DECIMALS = 8
"""Beyond these, digits say nothing; powers of ten do."""


@dataclass(frozen=True)
class Scale:
    """How the numbers of one metric are written.

    ``decimals`` after the point; ``is_share``: written as per cent, differences as points.
    """

    decimals: int
    is_share: bool
    point: str = ""
    """The word for percentage points, with the blank before it."""

    def value(self, number: float | None) -> str:
        """Return a level: a mean or a share."""
        if number is None or not isfinite(number):
            return NO_NUMBER
        return _plain(self._shown(number), self._shown_decimals) + ("%" if self.is_share else "")

    def difference(self, number: float | None) -> str:
        """Return a difference with its sign and, of a share, in points."""
        if number is None or not isfinite(number):
            return NO_NUMBER
        return self.tick(number) + (self.point if self.is_share else "")

    def tick(self, number: float | None) -> str:
        """Return a difference with its sign, without a unit: on an axis, or first of two."""
        if number is None or not isfinite(number):
            return NO_NUMBER
        if number == 0:
            return "0"
        return _signed(self._shown(number), self._shown_decimals)

    def _shown(self, number: float) -> float:
        return 100 * number if self.is_share else number

    @property
    def _shown_decimals(self) -> int:
        return max(self.decimals - 2, 0) if self.is_share else self.decimals


def scale_of(width: float, *, is_share: bool, point: str = "") -> Scale:
    """Return a scale that shows two digits of an interval of this width; 0: there is none."""
    if not (width > 0 and isfinite(width)):
        return Scale(3, is_share, point)
    return Scale(min(max(1 - floor(log10(width)), 0), 12), is_share, point)


def relative(share: float | None) -> str:
    """Return a relative change in per cent, with its sign."""
    if share is None or not isfinite(share):
        return NO_NUMBER
    return f"{_signed(100 * share, 1)}%"


def _signed(number: float, decimals: int) -> str:
    text = _plain(number, decimals)
    is_positive = text[0] != _MINUS and any(c in "123456789" for c in text)
    return f"+{text}" if is_positive else text


def _plain(number: float, decimals: int) -> str:
    """Return digits as asked, or three with a power of ten where that would be a long row."""
    if abs(number) >= _LARGEST or (number != 0 and decimals >= _MOST_DECIMALS):
        text = f"{number:.3g}"
    else:
        text = f"{number:,.{decimals}f}"
    is_zero = not any(c in "123456789" for c in text)
    return text.lstrip("-") if is_zero else text.replace("-", _MINUS)
