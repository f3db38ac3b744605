"""Which rendition of a content to show, with a floor under every alternative."""

from collections.abc import Sequence

from recsys.answers import BeliefSource, RenditionChoice
from recsys.catalogue.renditions import Rendition

__all__ = ["DEFAULT_FLOOR", "choice_probabilities", "choose_rendition"]

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


def choose_rendition(
    renditions: Sequence[Rendition],
    expected: Sequence[float],
    luck: float,
    source: BeliefSource,
    *,
    floor: float = DEFAULT_FLOOR,
) -> RenditionChoice:
    """Draw one of ``renditions`` (not empty) by :func:`choice_probabilities`.

    ``expected`` is the probability that each is taken in, ``luck`` a number drawn from [0, 1);
    ``source`` says where the expectation comes from.
    """
    p = choice_probabilities(expected, floor=floor)
    drawn, left = 0, luck - p[0]
    while left >= 0.0 and drawn + 1 < len(p):
        drawn += 1
        left -= p[drawn]
    chosen = renditions[drawn]
    return RenditionChoice(
        rendition_id=chosen.rendition_id,
        format=chosen.format,
        propensity=p[drawn],
        propensities={r.rendition_id: p[i] for i, r in enumerate(renditions)},
        source=source,
    )
