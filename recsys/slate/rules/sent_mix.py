"""The mix of formats in what is sent: several formats, in the shares that suit the reader."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from recsys.schema import FORMATS
from recsys.slate.draft import Draft
from recsys.slate.format_mix import FormatMix, MixCandidates, calibrated_mix
from recsys.slate.rules.exploration import FLEETING_SURFACES

__all__ = ["SentMix"]

_DEPTH = 300
"""Formats are sought among so many: what trees rank, below it there is only popularity."""


@dataclass(frozen=True, slots=True)
class SentMix:
    """Orders what is sent or printed once so that every first few slots are a good mix of formats.

    Five hundredths of strength cost nothing that can be measured (``python -m benchmarks.mix``).
    A feed that somebody comes back to is left alone: there it costs as much as it gives.
    """

    name: ClassVar[str] = "sent_mix"
    mix: FormatMix = field(default_factory=lambda: FormatMix(strength=0.05))

    def apply(self, draft: Draft) -> None:
        """Give the values of the best to those that a good mix puts first."""
        request = draft.question.request
        if request.surface in FLEETING_SURFACES or self.mix.strength == 0:
            return
        order = np.argsort(-draft.values, kind="stable")
        order = order[draft.is_open[order]][:_DEPTH]
        has_format = np.zeros((len(order), len(FORMATS)), np.bool_)
        for place, content in enumerate(draft.contents[order].tolist()):
            for rendition in draft.chooser.suitable(content):
                has_format[place, FORMATS.index(rendition.format)] = True
        beliefs = draft.chooser.preference.formats
        target = np.array([beliefs[f].share if f in beliefs else 0.0 for f in FORMATS])
        candidates = MixCandidates(has_format, np.zeros(len(order)))
        mixed = calibrated_mix(candidates, target, request.limit, self.mix).places
        others = np.delete(np.arange(len(order)), mixed)
        draft.values[order[np.concatenate([mixed, others])]] = draft.values[order]
