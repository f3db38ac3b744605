"""What employees dismissed and why, packed into one number each.

A dismissal is a content, a reason and the format it was shown in. Packed they fit the partners of
:class:`recsys.state.recent.Recent`, which keeps the latest ones of everybody in any order of
arrival. A content dismissed twice for different reasons is two dismissals.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import CODE_OF_REASON, CODE_OF_TYPE, EventColumns
from recsys.schema import DISMISS_REASONS, FORMATS
from recsys.state.recent import Recent

__all__ = ["Dismissals", "dismissals_of", "pack_dismissals"]

_DISMISS = CODE_OF_TYPE["dismiss"]
_REASON_BITS, _FORM_BITS = 3, 4
_NO_REASON = (1 << _REASON_BITS) - 1
_NO_FORM = (1 << _FORM_BITS) - 1
_MOST_CONTENTS = 1 << (31 - _REASON_BITS - _FORM_BITS)  # what is left of an int32: 16 million

assert len(DISMISS_REASONS) <= _NO_REASON
assert len(FORMATS) <= _NO_FORM
assert [CODE_OF_REASON[name] for name in DISMISS_REASONS] == list(range(len(DISMISS_REASONS)))

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dismissals:
    """n dismissals of one employee, newest first; arrays of shape (n,)."""

    content: Index
    reason: Index
    """Place in ``DISMISS_REASONS``, −1 where none was given."""
    form: Index
    """Place in ``FORMATS`` of what was shown, −1 where nobody knows."""
    at: Times

    def because(self, reason: str) -> npt.NDArray[np.bool_]:
        """Return bool, shape (n,): dismissed for ``reason``, one of ``DISMISS_REASONS``."""
        return np.asarray(self.reason == DISMISS_REASONS.index(reason))


def pack_dismissals(events: EventColumns, catalogue: Catalogue) -> tuple[Index, Index, Times]:
    """Return employees, packed dismissals and times of the dismissals among ``events``.

    Contents beyond the 16 millionth do not fit and are left out.
    """
    told = events.take((events.event_type == _DISMISS) & (events.content < _MOST_CONTENTS))
    form = catalogue.renditions.formats(told.rendition, told.content).astype(np.int32)
    reason = np.where(told.reason < 0, _NO_REASON, told.reason).astype(np.int32)
    packed = (told.content << _REASON_BITS | reason) << _FORM_BITS
    return told.employee, packed | np.where(form < 0, _NO_FORM, form), told.occurred_at


def dismissals_of(recent: Recent, employee: int) -> Dismissals:
    """Return what ``employee`` dismissed lately; nothing for somebody unknown."""
    packed, at = recent.of(employee)
    form, reason = packed & _NO_FORM, packed >> _FORM_BITS & _NO_REASON
    return Dismissals(
        packed >> (_FORM_BITS + _REASON_BITS),
        np.where(reason == _NO_REASON, -1, reason).astype(np.int32),
        np.where(form == _NO_FORM, -1, form).astype(np.int32),
        at,
    )
