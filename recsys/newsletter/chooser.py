"""The rendition of a newsletter item: the best one for its reader, and nothing drawn."""

from collections.abc import Mapping
from types import MappingProxyType

from recsys.catalogue.renditions import Rendition
from recsys.formats.chooser import RenditionChooser

__all__ = ["BestRendition"]

NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})


class BestRendition(RenditionChooser):
    """Takes what the reader will most probably complete, weighted as their segment's style says.

    A mail is read once and cannot be asked for again: what formats people like is learned on
    surfaces that they come back to.
    """

    weights: Mapping[str, float] = NO_WEIGHTS
    """By format."""

    def _probabilities(self, content: int, renditions: list[Rendition]) -> list[float]:
        if len(renditions) == 1:
            return [1.0]
        expected = [
            p * self.weights.get(rendition.format, 1.0)
            for rendition, p in zip(renditions, self._expected(content, renditions), strict=True)
        ]
        best = expected.index(max(expected))
        return [float(place == best) for place in range(len(renditions))]
