"""A feed for whoever passes: a screen in the hall, a kiosk, a print on the wall.

Nothing that anybody did decides: what is urgent, what the editors pinned or gave priority, and
what is new. So nobody can read off a screen what others read, and it shows the same to all.
"""

from collections.abc import Mapping

import numpy as np

from recsys.answers import FeedRequest, PublicRequest, Slate, SlateItem, SlotType
from recsys.audience.passers import Passers
from recsys.candidates.eligible import EligibleContents
from recsys.catalogue.renditions import Rendition, primary_language
from recsys.formats.chooser import RenditionChooser
from recsys.formats.tastes import FormatTastes
from recsys.ids import UNKNOWN_INDEX
from recsys.randomness import uniform_for
from recsys.slate.draft import Draft, Float, Index, Question, Retrieving, SlateSources, Slot
from recsys.slate.filling import fill
from recsys.slate.policy import rows_of
from recsys.slate.reasons import reasons_of
from recsys.slate.recipe import SlateRecipe
from recsys.state.live import LiveState
from recsys.times import DAY_US, HOUR_US

__all__ = ["PublicSlates"]

_RULES = ("mandatory", "pins", "boosts", "caps", "diversity")
"""Those of a recipe that look at contents only; the others are about one reader."""

_HALF_LIFE = DAY_US
"""A day older is half as good: one step of priority, a factor of two, is worth a day."""

_AT_A_GLANCE = (
    "illustration", "infographic", "animation", "short_video", "text_summary", "video", "article",
    "transcript", "audio",
)  # fmt: skip
"""Formats by how much of them is taken in while walking past, without sound."""


class PublicSlates:
    """Slates without a reader; equal questions within an hour get equal answers, ids included."""

    def __init__(self, sources: SlateSources, tastes: FormatTastes, recipe: SlateRecipe) -> None:
        self._sources, self._tastes = sources, tastes
        self._recipe = SlateRecipe(tuple(r for r in recipe.rules if r.name in _RULES))

    def feed(self, request: PublicRequest, at: int) -> Slate:
        """Return the slate of a request; ``at`` in microseconds."""
        catalogue = self._sources.state.catalogue
        passers = Passers(self._sources.audiences, catalogue, request.attributes)
        sources = SlateSources(
            self._sources.state, passers, self._sources.vectors, self._sources.duplicates,
            self._sources.fatigue,
        )  # fmt: skip
        draft = self._draft(request, sources, passers, at)
        slots = fill(draft)
        items = tuple(
            _item(draft, slot, codes, position)
            for position, (slot, codes) in enumerate(
                zip(slots, _reasons(draft, slots), strict=True), start=1
            )
        )
        request_id = _request_id(request.surface, passers.attributes, at)
        return Slate(
            request_id, "none", self._recipe.version, None, items,
            must_reads_waiting=len(draft.waiting),
        )  # fmt: skip

    def _draft(
        self, request: PublicRequest, sources: SlateSources, passers: Passers, at: int
    ) -> Draft:
        asked = FeedRequest("", request.at, request.limit, request.surface)
        question = Question(asked, UNKNOWN_INDEX, -1, at, passers.attributes, "", False)
        candidates = EligibleContents(sources.state, passers).retrieve(UNKNOWN_INDEX, at)
        wanted = {
            rule.name: rule.retrieve(sources, question, candidates)
            for rule in self._recipe.rules
            if isinstance(rule, Retrieving)
        }
        chooser = _PublicChooser(sources.state, self._tastes, passers, at, request)
        draft = Draft(
            sources, question, chooser, candidates, _freshness(sources.state, candidates),
            rows_of(candidates, wanted),
            None, np.full(len(candidates), -1),
        )  # fmt: skip
        for rule in self._recipe.rules:
            rule.apply(draft)
        return draft


class _PublicChooser(RenditionChooser):
    """Takes the rendition that suits the surface best; draws nothing, believes nothing."""

    def __init__(
        self, state: LiveState, tastes: FormatTastes, passers: Passers, at: int,
        request: PublicRequest,
    ) -> None:  # fmt: skip
        super().__init__(
            state, tastes, "", UNKNOWN_INDEX, at, surface=request.surface, device=None, draw="",
            audiences=passers,
        )  # fmt: skip
        if request.language:
            self._languages = frozenset([primary_language(request.language)])
        self._is_passed_by = request.surface == "signage"

    def _probabilities(self, content: int, renditions: list[Rendition]) -> list[float]:
        del content
        chosen = min(renditions, key=self._standing)  # the first one listed, of equals
        return [float(rendition is chosen) for rendition in renditions]

    def _standing(self, rendition: Rendition) -> tuple[int, bool]:
        place = _AT_A_GLANCE.index(rendition.format) if self._is_passed_by else 0
        return place, not rendition.has_captions


def _freshness(state: LiveState, contents: Index) -> Float:
    """Return float64, shape (n,): 1 for the newest, 0.5 for what is a day older; newest first.

    It does not depend on the moment, so that a screen that asks again sees the same.
    """
    published_at = state.catalogue.contents.published_at[contents]
    return np.asarray(np.exp2((published_at - published_at.max(initial=0)) / _HALF_LIFE))


def _reasons(draft: Draft, slots: list[Slot]) -> list[tuple[str, ...]]:
    """Return what rules say of each slot, and that it is of today."""
    published_at = draft.column("published_at").view(np.int64)
    return [
        (*codes, "new") if len(codes) < 2 and draft.question.at - published_at[s.row] < DAY_US
        else codes
        for s, codes in zip(slots, reasons_of(draft, slots, None), strict=True)
    ]  # fmt: skip


def _item(draft: Draft, slot: Slot, reasons: tuple[str, ...], position: int) -> SlateItem:
    slot_type: SlotType = "fallback" if slot.slot_type == "personal" else slot.slot_type
    contents = draft.sources.state.catalogue.contents
    return SlateItem(
        contents.ids.id(int(draft.contents[slot.row])), slot.choice.rendition_id,
        slot.choice.format, position, float(draft.scores[slot.row]), slot_type, slot.propensity,
        slot.choice.propensity, reasons,
    )  # fmt: skip


def _request_id(surface: str, attributes: Mapping[str, str], at: int) -> str:
    asked = repr(sorted(attributes.items()))
    return f"r-{int(uniform_for(f'{surface}/{at // HOUR_US}', asked, 'request') * 2**53):014x}"
