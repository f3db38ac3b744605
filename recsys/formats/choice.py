"""Which rendition of a content to show, with a floor under every alternative."""

from collections.abc import Sequence

__all__ = ["DEFAULT_FLOOR", "choice_probabilities", "draw_place"]

DEFAULT_FLOOR = 0.03
"""Least probability of an eligible rendition: what is never shown is never learned."""


def choice_probabilities(expected: Sequence[float], *, floor: float = DEFAULT_FLOOR) -> list[float]:
    """Return the probability of showing each of n ≥ 1 renditions, summing to 1.

    The one of highest ``expected`` value (the first of equals) gets all that the floors leave.
    Matching probabilities to beliefs (Thompson sampling) would explore more where little is known,
    and costs more completions than the floor: ``python -m benchmarks.formats`` prints both.
    """
    n = len(expected)
    floor = min(floor, 1.0 / n)
    p = [floor] * n
    p[expected.index(max(expected))] = 1.0 - floor * (n - 1)
    return p


def draw_place(p: Sequence[float], luck: float) -> int:
    """Return the place that ``luck``, a number from [0, 1), draws by the probabilities ``p``."""
    place, left = 0, luck - p[0]
    while left >= 0.0 and place + 1 < len(p):
        place += 1
        left -= p[place]
    return place
