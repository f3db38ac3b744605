"""The feed policy: must-reads first, then the ranking, each in a fitting rendition."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.answers import (
    Degraded,
    FeedRequest,
    FormatPreference,
    RenditionChoice,
    Slate,
    SlateItem,
    SlotType,
)
from recsys.audience.audience import Audiences
from recsys.formats.choice import choose_rendition
from recsys.formats.suitable import reader_languages, suitable_renditions
from recsys.model import Model
from recsys.randomness import generator_for
from recsys.slate.mandatory import owed_contents
from recsys.slate.reasons import Reasons
from recsys.slate.wishes import wanted
from recsys.state.live import LiveState
from recsys.times import HOUR_US

__all__ = ["MAX_MANDATORY", "POLICY_VERSION", "FeedPolicy"]

POLICY_VERSION = "1"
"""Changes whenever the same ranking would give another slate."""

MAX_MANDATORY = 3
"""Must-reads per slate; the others wait for their turn, or a feed would be nothing else."""


@dataclass(frozen=True, slots=True)
class _Slot:
    content: int
    score: float
    slot_type: SlotType


class FeedPolicy:
    """Turns a ranking into a slate. Slots are deterministic; renditions are drawn."""

    def __init__(self, state: LiveState, audiences: Audiences) -> None:
        self._state = state
        self._audiences = audiences
        self._reasons = Reasons(state)

    def wanted(self, employee: int, candidates: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the candidates without muted topics and languages the employee does not read."""
        catalogue = self._state.catalogue
        preferences = catalogue.preferences.of(employee)
        return candidates[wanted(catalogue.contents, candidates, preferences)]

    def apply(
        self, request: FeedRequest, employee: int, at: int, ranked: npt.NDArray[np.int32],
        scores: npt.NDArray[np.float64], preference: FormatPreference, model: Model,
    ) -> Slate:  # fmt: skip
        """Return the slate for ``ranked`` contents (best first) with their ``scores``.

        ``max_minutes`` skips contents that would exceed what is left of it; must-reads and
        contents of unknown length are never skipped.
        """
        degraded: Degraded | None = "no_model" if model.ranker is None else None
        slots = self._slots(request, employee, at, ranked, scores, personal=degraded is None)
        choose = self.chooser(request, employee, at, preference)
        ids = self._state.catalogue.contents.ids
        opted_out = self._state.catalogue.preferences.of(employee).personalization_opt_out
        choices = [choose(ids.id(slot.content)) for slot in slots]
        reasons = [
            () if opted_out else self._reasons.of(employee, slot.content, at) for slot in slots
        ]
        items = tuple(
            self._item(*parts, position=position)
            for position, parts in enumerate(zip(slots, choices, reasons, strict=True), start=1)
        )
        request_id = request.request_id or _request_id(request, at)
        return Slate(request_id, model.version, POLICY_VERSION, degraded, items)

    def _slots(
        self, request: FeedRequest, employee: int, at: int, ranked: npt.NDArray[np.int32],
        scores: npt.NDArray[np.float64], *, personal: bool,
    ) -> list[_Slot]:  # fmt: skip
        owed = owed_contents(self._state, self._audiences, employee, at)[:MAX_MANDATORY]
        slots = [
            _Slot(int(content), float(scores.max(initial=0.0)), "mandatory") for content in owed
        ]
        minutes = self._state.catalogue.contents["est_minutes"].view(np.float32)
        left = np.inf if request.max_minutes is None else request.max_minutes
        left -= float(np.nansum(minutes[owed]))
        slot_type: SlotType = "personal" if personal else "fallback"
        taken = set(owed.tolist())
        for content, score in zip(ranked.tolist(), scores.tolist(), strict=True):
            if len(slots) >= request.limit:
                break
            length = float(np.nan_to_num(minutes[content]))
            if content not in taken and length <= left:
                slots.append(_Slot(content, score, slot_type))
                left -= length
        return slots[: request.limit]

    def chooser(
        self, request: FeedRequest, employee: int, at: int, preference: FormatPreference
    ) -> Callable[[str], RenditionChoice]:
        """Return the function that draws a rendition for a content id, equal for equal requests."""
        catalogue = self._state.catalogue
        languages = reader_languages(catalogue, employee, at)
        draw = _draw(request, at)

        def choose(content_id: str) -> RenditionChoice:
            renditions = catalogue.renditions.of(catalogue.contents.ids.index(content_id))
            suitable = suitable_renditions(renditions, languages, request.surface)
            rng = generator_for(draw, request.employee_id, content_id)
            return choose_rendition(suitable, preference, rng)

        return choose

    def _item(
        self, slot: _Slot, choice: RenditionChoice, reasons: tuple[str, ...], *, position: int
    ) -> SlateItem:
        return SlateItem(
            content_id=self._state.catalogue.contents.ids.id(slot.content),
            rendition_id=choice.rendition_id,
            format=choice.format,
            position=position,
            score=slot.score,
            slot_type=slot.slot_type,
            propensity=1.0,
            rendition_propensity=choice.propensity,
            reasons=reasons,
        )


def _draw(request: FeedRequest, at: int) -> str:
    """Return what a draw depends on: without a request id the hour, so reloads do not flicker."""
    return request.request_id or f"{request.surface}/{at // HOUR_US}"


def _request_id(request: FeedRequest, at: int) -> str:
    drawn = generator_for(_draw(request, at), request.employee_id, "request")
    return f"r-{drawn.integers(0, 2**63):016x}"
