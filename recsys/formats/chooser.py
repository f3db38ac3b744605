"""The rendition policy: which rendition suits this reader, here and now."""

from dataclasses import dataclass
from math import inf, isnan

import numpy as np
import numpy.typing as npt

from recsys.answers import FormatPreference, RenditionChoice, SlateItem
from recsys.audience.audience import Audiences
from recsys.catalogue.renditions import Rendition
from recsys.devices import device_code
from recsys.errors import DatasetError
from recsys.formats.choice import choice_probabilities, draw_place
from recsys.formats.suitable import reader_languages, suitable_formats, suitable_renditions
from recsys.formats.tastes import FormatTastes
from recsys.ids import UNKNOWN_INDEX
from recsys.randomness import uniform_for
from recsys.schema import FORMAT_FAMILIES, FORMATS
from recsys.state.dismissals import dismissals_of
from recsys.state.live import LiveState
from recsys.times import DAY_US

__all__ = ["ALL_FORMATS", "Drawn", "RenditionChooser"]

ALL_FORMATS = (1 << len(FORMATS)) - 1
"""One bit for each of ``FORMATS``."""

_DECLARED, _OF_DECLARED_FAMILY = 2.0, 1.0
"""Added to the expected completion: a wish, and what comes nearest to it, go before any belief."""
_WITH_CAPTIONS = 1e-6
"""Of two equal films the one with captions: it also works where sound is off."""

_WRONG = 0.5
"""What is left of the expectation of a format that was just dismissed as the wrong one."""
_WRONG_HALF_LIFE = 30 * DAY_US
"""A month later half of that is forgotten: it may have been the place, not the format."""

_FAMILY = {form: family for family, forms in FORMAT_FAMILIES.items() for form in forms}
_PLACE = {form: place for place, form in enumerate(FORMATS)}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A rendition for one slot."""

    rendition_id: str
    format: str
    propensity: float
    seconds: float
    """How long it takes, 0 where nobody knows."""


class RenditionChooser:
    """Draws renditions for one employee at one moment; equal questions get equal answers.

    ``draw`` names the request: contents of one request are drawn independently of each other.
    """

    def __init__(
        self, state: LiveState, tastes: FormatTastes, employee_id: str, employee: int, at: int,
        *, surface: str, device: str | None, draw: str,
        audiences: Audiences | None = None,
    ) -> None:  # fmt: skip
        self._catalogue, self._tastes = state.catalogue, tastes
        self._audiences = audiences or Audiences(state.catalogue)
        self._employee_id, self._draw = employee_id, draw
        self._employee, self._at = employee, at
        preferences = state.catalogue.preferences.of(employee)
        personal = UNKNOWN_INDEX if preferences.personalization_opt_out else employee
        self._personal, self._person = personal, tastes.person(personal, at)
        self._languages = reader_languages(state.catalogue, employee, at)
        self._est_minutes = state.catalogue.contents["est_minutes"]
        self._surface, self._device = surface, device_code(device or "")
        self._declared = preferences.preferred_format
        self._unwanted = _unwanted(state, personal, at)

    @property
    def preference(self) -> FormatPreference:
        """Return what is believed of the reader; drawing a rendition does without."""
        return self._tastes.preference(self._personal, self._at, self._declared)

    @property
    def completion(self) -> npt.NDArray[np.float64]:
        """Return P(complete) by place in ``FORMATS``, for this reader over all contents."""
        return self._tastes.belief(self._person, self._at).p_complete

    def formats(self, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Return the formats that suit reader and surface, shape (n,), a bit each of ``FORMATS``.

        Audiences of single renditions are not looked at: :meth:`draw` may still find nothing.
        """
        table = self._catalogue.renditions
        return suitable_formats(table, contents, self._languages, self._surface)

    def shortest(self, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Return float64, shape (n,): seconds that a rendition takes at least; 0 if nobody knows.

        What takes longer than there is time for need not be drawn.
        """
        est_seconds = 60.0 * self._catalogue.contents["est_minutes"].astype(np.float64)
        return self._catalogue.renditions.shortest_seconds(est_seconds)[contents]

    def suitable(self, content: int) -> list[Rendition]:
        """Return the renditions of a content that suit reader and surface.

        None if all have an audience that the reader is not in.
        """
        renditions = self._catalogue.renditions.of(content)
        meant = self._audiences.meant(self._employee, self._at, content, renditions)
        return suitable_renditions(renditions, self._languages, self._surface, meant)

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
        p = self._probabilities(content, renditions)
        drawn = draw_place(p, self._luck(content_id))
        sources = {belief.source for belief in self.preference.formats.values()}
        return RenditionChoice(
            rendition_id=renditions[drawn].rendition_id,
            format=renditions[drawn].format,
            propensity=p[drawn],
            propensities={r.rendition_id: p[i] for i, r in enumerate(renditions)},
            source=sources.pop() if len(sources) == 1 else "prior",
        )

    def draw(
        self, content: int, max_seconds: float = inf, formats: int = ALL_FORMATS, *,
        or_any: bool = False,
    ) -> Drawn | None:  # fmt: skip
        """Return what is drawn among what takes at most ``max_seconds`` and is in ``formats``.

        ``formats`` has one bit for each of ``FORMATS``. None if there is nothing, unless
        ``or_any``: then all that suits may be drawn.
        """
        suitable = self.suitable(content)
        renditions = suitable
        if formats != ALL_FORMATS:
            renditions = [r for r in renditions if formats >> _PLACE[r.format] & 1]
        if max_seconds < inf:
            renditions = [r for r in renditions if self._seconds(content, r) <= max_seconds]
        if not renditions and or_any:
            renditions = suitable
        if not renditions:
            return None
        p = self._probabilities(content, renditions)
        place = 0
        if len(p) > 1:
            place = draw_place(p, self._luck(self._catalogue.contents.ids.id(content)))
        chosen = renditions[place]
        seconds = self._seconds(content, chosen)
        return Drawn(chosen.rendition_id, chosen.format, p[place], seconds)

    def drawn(self, content: int, item: SlateItem) -> Drawn:
        """Return what was drawn for a slot before, with the length that its rendition has today."""
        held = self._catalogue.renditions.of(content)
        rendition = next((r for r in held if r.rendition_id == item.rendition_id), held[0])
        seconds = self._seconds(content, rendition)
        return Drawn(item.rendition_id, item.format, item.rendition_propensity, seconds)

    def _seconds(self, content: int, rendition: Rendition) -> float:
        if not isnan(rendition.expected_seconds):
            return rendition.expected_seconds
        minutes = float(self._est_minutes[content])
        return 0.0 if isnan(minutes) else 60.0 * minutes

    def _luck(self, content_id: str) -> float:
        return uniform_for(self._draw, self._employee_id, content_id)

    def _probabilities(self, content: int, renditions: list[Rendition]) -> list[float]:
        if len(renditions) == 1:
            return [1.0]
        return choice_probabilities(self._expected(content, renditions))

    def _expected(self, content: int, renditions: list[Rendition]) -> list[float]:
        by_format = self._tastes.p_on_content(self._person, content, self._device)
        if self._unwanted is not None:
            by_format = by_format * self._unwanted
        p = by_format.tolist()
        return [
            p[_PLACE[r.format]] + _WITH_CAPTIONS * r.has_captions + self._wish(r.format)
            for r in renditions
        ]

    def _wish(self, form: str) -> float:
        if self._declared is None:
            return 0.0
        if form == self._declared:
            return _DECLARED
        same = _FAMILY.get(form) == _FAMILY.get(self._declared, "")
        return _OF_DECLARED_FAMILY if same else 0.0


def _unwanted(state: LiveState, employee: int, at: int) -> npt.NDArray[np.float64] | None:
    """Return factors by format for what was dismissed as the wrong one; None if nothing was."""
    dismissed = dismissals_of(state.dismissals, employee)
    wrong = dismissed.because("wrong_format") & (dismissed.form >= 0)
    if not wrong.any():
        return None
    left = np.exp2((dismissed.at[wrong] - at) / _WRONG_HALF_LIFE)
    factors = np.ones(len(FORMATS))
    np.multiply.at(factors, dismissed.form[wrong], 1.0 - _WRONG * left)
    return factors
