"""Which rendition of a content to show, with a floor under every alternative."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recsys.answers import BeliefSource, RenditionChoice
from recsys.catalogue.renditions import Rendition

__all__ = ["DEFAULT_FLOOR", "choice_probabilities", "choose_rendition"]

DEFAULT_FLOOR = 0.03
"""Least probability of an eligible rendition: what is never shown is never learned."""

Float = npt.NDArray[np.float64]


def choice_probabilities(expected: Float, *, floor: float = DEFAULT_FLOOR) -> Float:
    """Return the probability of showing each of n ≥ 1 renditions, shape (n,), summing to 1.

    The one of highest ``expected`` value (the first of equals) gets all that the floors leave.
    Matching probabilities to beliefs (Thompson sampling) would explore more where little is known,
    and costs more completions than the floor: ``python -m benchmarks.formats`` prints both.
    """
    n = len(expected)
    floor = min(floor, 1.0 / n)
    p = np.full(n, floor)
    p[int(np.argmax(expected))] = 1.0 - floor * (n - 1)
    return p


def choose_rendition(
    renditions: Sequence[Rendition],
    expected: Float,
    rng: np.random.Generator,
    source: BeliefSource,
    *,
    floor: float = DEFAULT_FLOOR,
) -> RenditionChoice:
    """Draw one of ``renditions`` (not empty) by :func:`choice_probabilities`.

    ``expected`` is the probability that each is taken in; ``source`` says where it comes from.
    """
    p = choice_probabilities(expected, floor=floor)
    drawn = int(rng.choice(len(p), p=p))
    return RenditionChoice(
        rendition_id=renditions[drawn].rendition_id,
        format=renditions[drawn].format,
        propensity=float(p[drawn]),
        propensities={r.rendition_id: float(p[i]) for i, r in enumerate(renditions)},
        source=source,
    )
