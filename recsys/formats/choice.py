"""Which rendition of a content to show, with a floor under every alternative."""

from collections.abc import Sequence

import numpy as np

from recsys.answers import FormatPreference, RenditionChoice
from recsys.catalogue.renditions import Rendition

__all__ = ["DEFAULT_FLOOR", "choose_rendition"]

DEFAULT_FLOOR = 0.03
"""Least probability of an eligible rendition: what is never shown is never learned."""


def choose_rendition(
    renditions: Sequence[Rendition],
    preference: FormatPreference,
    rng: np.random.Generator,
    *,
    floor: float = DEFAULT_FLOOR,
) -> RenditionChoice:
    """Draw the rendition whose format is completed most, or with ``floor`` each another one.

    With more than 1 / ``floor`` renditions all are equally likely. ``renditions`` is not empty.
    """
    n = len(renditions)
    floor = min(floor, 1.0 / n)
    expected = [_expected(rendition, preference) for rendition in renditions]
    p = np.full(n, floor)
    p[int(np.argmax(expected))] = 1.0 - floor * (n - 1)
    drawn = int(rng.choice(n, p=p))
    sources = {belief.source for belief in preference.formats.values()}
    return RenditionChoice(
        rendition_id=renditions[drawn].rendition_id,
        format=renditions[drawn].format,
        propensity=float(p[drawn]),
        propensities={r.rendition_id: float(p[i]) for i, r in enumerate(renditions)},
        source=sources.pop() if len(sources) == 1 else "prior",
    )


def _expected(rendition: Rendition, preference: FormatPreference) -> float:
    if rendition.format == preference.best:
        return 1.0
    belief = preference.formats.get(rendition.format)
    return belief.p_complete if belief is not None else 0.0
