"""The feed policy: must-reads first, then the ranking, each in a fitting rendition."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.answers import Degraded, FeedRequest, FormatPreference, Slate, SlateItem, SlotType
from recsys.audience.audience import Audiences
from recsys.formats.choice import choose_rendition
from recsys.model import Model
from recsys.randomness import generator_for
from recsys.slate.mandatory import owed_contents
from recsys.slate.reasons import Reasons
from recsys.slate.wishes import wanted
from recsys.state.live import LiveState
from recsys.times import HOUR_US

__all__ = ["POLICY_VERSION", "FeedPolicy"]

POLICY_VERSION = "1"
"""Changes whenever the same ranking would give another slate."""

_MAX_MANDATORY = 3
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
        draw = request.request_id or f"{request.surface}/{at // HOUR_US}"
        opted_out = self._state.catalogue.preferences.of(employee).personalization_opt_out
        items = tuple(
            self._item(slot, place, preference, draw, request.employee_id,
                       () if opted_out else self._reasons.of(employee, slot.content, at))
            for place, slot in enumerate(slots, start=1)
        )  # fmt: skip
        request_id = request.request_id or _request_id(request, draw)
        return Slate(request_id, model.version, POLICY_VERSION, degraded, items)

    def _slots(
        self, request: FeedRequest, employee: int, at: int, ranked: npt.NDArray[np.int32],
        scores: npt.NDArray[np.float64], *, personal: bool,
    ) -> list[_Slot]:  # fmt: skip
        owed = owed_contents(self._state, self._audiences, employee, at)[:_MAX_MANDATORY]
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

    def _item(
        self, slot: _Slot, position: int, preference: FormatPreference, draw: str,
        employee_id: str, reasons: tuple[str, ...],
    ) -> SlateItem:  # fmt: skip
        catalogue = self._state.catalogue
        content_id = catalogue.contents.ids.id(slot.content)
        rng = generator_for(draw, employee_id, content_id)
        choice = choose_rendition(catalogue.renditions.of(slot.content), preference, rng)
        return SlateItem(
            content_id, choice.rendition_id, choice.format, position, slot.score, slot.slot_type,
            1.0, choice.propensity, reasons,
        )  # fmt: skip


def _request_id(request: FeedRequest, draw: str) -> str:
    drawn = generator_for(draw, request.employee_id, "request")
    return f"r-{drawn.integers(0, 2**63):016x}"
