"""The feed policy: must-reads first, then the ranking, each in a fitting rendition.

A :class:`recsys.slate.format_mix.FormatMix` of some strength pulls the part after the must-reads
towards the shares of formats that suit the reader.
"""

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
from recsys.formats.chooser import RenditionChooser
from recsys.formats.tastes import FormatTastes
from recsys.model import Model
from recsys.randomness import generator_for
from recsys.schema import FORMATS
from recsys.slate.format_mix import (
    FormatMix,
    MixCandidates,
    Mixed,
    calibrated_mix,
    sampled_mix,
    unmixed,
)
from recsys.slate.mandatory import owed_contents
from recsys.slate.reasons import Reasons
from recsys.slate.wishes import wanted
from recsys.state.live import LiveState
from recsys.times import HOUR_US

__all__ = ["MAX_MANDATORY", "POLICY_VERSION", "FeedPolicy"]

POLICY_VERSION = "2"
"""Changes whenever the same ranking would give another slate."""

MAX_MANDATORY = 3
"""Must-reads per slate; the others wait for their turn, or a feed would be nothing else."""

_MIX_DEPTH = 300
"""Formats are sought among so many: what trees rank, below it there is only popularity."""

_SAMPLED_SURFACES = ("portal", "mobile")
"""Where somebody comes back to a new feed; what is sent or printed once has one best mix."""

_SENT_MIX = FormatMix(strength=0.05)
"""What is sent should hold several formats; this much costs nothing that can be measured
(``python -m benchmarks.mix``), while drawing slots of a feed costs as much as it gives."""


@dataclass(frozen=True, slots=True)
class _Slot:
    content: int
    score: float
    slot_type: SlotType
    propensity: float = 1.0


class FeedPolicy:
    """Turns a ranking into a slate.

    Renditions are drawn, and with a ``mix`` of some strength so are the slots on surfaces that
    people come back to. All other slots are deterministic; what is sent holds a calibrated mix.
    """

    def __init__(
        self, state: LiveState, audiences: Audiences, tastes: FormatTastes,
        mix: FormatMix | None = None,
    ) -> None:  # fmt: skip
        self._state, self._tastes = state, tastes
        self._audiences = audiences
        self._mixes = (mix or FormatMix(), mix or _SENT_MIX)
        self._reasons = Reasons(state)

    def depth(self, request: FeedRequest) -> int | None:
        """Return how many contents of the ranking the slate may need; None is all of them."""
        if request.max_minutes is not None:
            return None  # short contents further down may be all that fits into the minutes left
        is_mixed = self._mix(request.surface).strength > 0
        return (max(request.limit, _MIX_DEPTH) if is_mixed else request.limit) + MAX_MANDATORY

    def _mix(self, surface: str) -> FormatMix:
        fleeting, sent = self._mixes
        return fleeting if surface in _SAMPLED_SURFACES else sent

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
        chooser = self.chooser(request, employee, at, preference)
        slots = self._slots(
            request, chooser, employee, at, ranked, scores, preference, personal=degraded is None
        )
        ids = self._state.catalogue.contents.ids
        opted_out = self._state.catalogue.preferences.of(employee).personalization_opt_out
        choices = [chooser.choose(ids.id(slot.content)) for slot in slots]
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
        self, request: FeedRequest, chooser: RenditionChooser, employee: int, at: int,
        ranked: npt.NDArray[np.int32], scores: npt.NDArray[np.float64],
        preference: FormatPreference, *, personal: bool,
    ) -> list[_Slot]:  # fmt: skip
        owed = owed_contents(self._state, self._audiences, employee, at)[:MAX_MANDATORY]
        owed = owed[: request.limit]
        highest = float(scores.max(initial=0.0))
        slots = [_Slot(content, highest, "mandatory") for content in owed.tolist()]
        others = ~np.isin(ranked, owed)
        ranked, scores = ranked[others], scores[others]
        minutes = self._state.catalogue.contents["est_minutes"].view(np.float32)
        left = np.inf if request.max_minutes is None else request.max_minutes
        candidates = MixCandidates(
            self._has_format(request, chooser, ranked),
            np.nan_to_num(minutes[ranked]).astype(np.float64),
            left - float(np.nansum(minutes[owed])),
        )
        mixed = self._mixed(request, at, candidates, preference, request.limit - len(owed))
        slot_type: SlotType = "personal" if personal else "fallback"
        return slots + [
            _Slot(int(ranked[place]), float(scores[place]), slot_type, float(propensity))
            for place, propensity in zip(mixed.places, mixed.propensities, strict=True)
        ]

    def _mixed(
        self, request: FeedRequest, at: int, candidates: MixCandidates,
        preference: FormatPreference, k: int,
    ) -> Mixed:  # fmt: skip
        mix = self._mix(request.surface)
        if mix.strength == 0:
            return unmixed(candidates, k)
        beliefs = preference.formats
        target = np.array([beliefs[f].share if f in beliefs else 0.0 for f in FORMATS])
        if request.surface in _SAMPLED_SURFACES:
            # One part more than the draws of renditions have, so no content's id meets it.
            rng = generator_for(_draw(request, at), request.employee_id, "format", "mix")
            return sampled_mix(candidates, target, k, mix, rng)
        return calibrated_mix(candidates, target, k, mix)

    def _has_format(
        self, request: FeedRequest, chooser: RenditionChooser, ranked: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.bool_]:
        """Return bool, shape (n, n_formats): what suits the reader, where the mix looks at it."""
        has_format = np.zeros((len(ranked), len(FORMATS)), np.bool_)
        sought = _MIX_DEPTH if self._mix(request.surface).strength > 0 else 0
        for row, content in enumerate(ranked[:sought].tolist()):
            for rendition in chooser.suitable(content):
                has_format[row, FORMATS.index(rendition.format)] = True
        return has_format

    def chooser(
        self, request: FeedRequest, employee: int, at: int, preference: FormatPreference
    ) -> RenditionChooser:
        """Return what draws the renditions of a request."""
        return RenditionChooser(
            self._state, self._tastes, request.employee_id, employee, at, preference,
            surface=request.surface, device=request.device, draw=_draw(request, at),
            max_minutes=request.max_minutes, audiences=self._audiences,
        )  # fmt: skip

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
            propensity=slot.propensity,
            rendition_propensity=choice.propensity,
            reasons=reasons,
        )


def _draw(request: FeedRequest, at: int) -> str:
    """Return what a draw depends on: without a request id the hour, so reloads do not flicker."""
    return request.request_id or f"{request.surface}/{at // HOUR_US}"


def _request_id(request: FeedRequest, at: int) -> str:
    drawn = generator_for(_draw(request, at), request.employee_id, "request")
    return f"r-{drawn.integers(0, 2**63):016x}"
