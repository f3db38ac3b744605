"""The rendition policy: which rendition suits this reader, here and now."""

import numpy as np
import numpy.typing as npt

from recsys.answers import BeliefSource, FormatPreference, RenditionChoice
from recsys.audience.audience import Audiences
from recsys.catalogue.renditions import Rendition
from recsys.devices import device_code
from recsys.errors import DatasetError
from recsys.formats.choice import choose_rendition
from recsys.formats.suitable import reader_languages, suitable_renditions
from recsys.formats.tastes import FormatTastes
from recsys.ids import UNKNOWN_INDEX
from recsys.randomness import generator_for
from recsys.schema import FORMAT_FAMILIES, FORMATS
from recsys.state.live import LiveState

__all__ = ["RenditionChooser"]

_DECLARED, _OF_DECLARED_FAMILY = 2.0, 1.0
"""Added to the expected completion: a wish, and what comes nearest to it, go before any belief."""
_WITH_CAPTIONS = 1e-6
"""Of two equal films the one with captions: it also works where sound is off."""

_FAMILY = {form: family for family, forms in FORMAT_FAMILIES.items() for form in forms}


class RenditionChooser:
    """Draws renditions for one employee at one moment; equal questions get equal answers.

    ``draw`` names the request: contents of one request are drawn independently of each other.
    """

    def __init__(
        self, state: LiveState, tastes: FormatTastes, employee_id: str, employee: int, at: int,
        preference: FormatPreference, *, surface: str, device: str | None, draw: str,
        max_minutes: float | None = None, audiences: Audiences | None = None,
    ) -> None:  # fmt: skip
        self._catalogue, self._tastes = state.catalogue, tastes
        self._audiences = audiences or Audiences(state.catalogue)
        self._employee_id, self._draw = employee_id, draw
        self._employee, self._at = employee, at
        preferences = state.catalogue.preferences.of(employee)
        personal = UNKNOWN_INDEX if preferences.personalization_opt_out else employee
        self._person = tastes.person(personal, at)
        self._languages = reader_languages(state.catalogue, employee, at)
        self._surface, self._device = surface, device_code(device or "")
        self._declared = preferences.preferred_format
        self._max_seconds = np.inf if max_minutes is None else 60.0 * max_minutes
        sources = {belief.source for belief in preference.formats.values()}
        self._source: BeliefSource = sources.pop() if len(sources) == 1 else "prior"

    def suitable(self, content: int) -> list[Rendition]:
        """Return the renditions of a content that suit reader, surface and minutes.

        None if all have an audience that the reader is not in.
        """
        renditions = self._catalogue.renditions.of(content)
        meant = self._audiences.meant(self._employee, self._at, content, renditions)
        suitable = suitable_renditions(renditions, self._languages, self._surface, meant)
        in_time = [r for r in suitable if not r.expected_seconds > self._max_seconds]
        return in_time or suitable

    def choose(self, content_id: str) -> RenditionChoice:
        """Return the drawn rendition of a content and the probabilities it was drawn by.

        Raises :class:`DatasetError` if no rendition is meant for the reader.
        """
        content = self._catalogue.contents.ids.index(content_id)
        renditions = self.suitable(content)
        if not renditions:
            raise DatasetError(
                f"no rendition of {content_id!r} is meant for {self._employee_id!r}; ask for a "
                "content that is eligible for them"
            )
        rng = generator_for(self._draw, self._employee_id, content_id)
        return choose_rendition(renditions, self._expected(content, renditions), rng, self._source)

    def _expected(self, content: int, renditions: list[Rendition]) -> npt.NDArray[np.float64]:
        if len(renditions) == 1:
            return np.ones(1)
        p = self._tastes.p_on_content(self._person, content, self._device)
        expected = p[[FORMATS.index(r.format) for r in renditions]]
        expected += [_WITH_CAPTIONS * r.has_captions for r in renditions]
        if self._declared is not None:
            expected += [self._wish(rendition.format) for rendition in renditions]
        return expected

    def _wish(self, form: str) -> float:
        if form == self._declared:
            return _DECLARED
        same = _FAMILY.get(form) == _FAMILY.get(self._declared or "", "")
        return _OF_DECLARED_FAMILY if same else 0.0
