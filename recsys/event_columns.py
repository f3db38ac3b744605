"""Events as columns of numbers: what the live state consumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.schema import DISMISS_REASONS, EVENT_TYPES, INTERACTIONS, SHARE_REASONS

__all__ = [
    "CODE_OF_REASON",
    "CODE_OF_TYPE",
    "IS_DEEP",
    "IS_INTERACTION",
    "LAST_POSITION",
    "EventColumns",
]

CODE_OF_TYPE: dict[str, int] = {name: code for code, name in enumerate(EVENT_TYPES)}
"""Event type → its int8 code."""

CODE_OF_REASON: dict[str, int] = {
    name: code for code, name in enumerate((*DISMISS_REASONS, *SHARE_REASONS))
}
"""Reason of a dismissal or a share → its int8 code; other reasons are free text and have none."""

IS_INTERACTION = np.array([name in INTERACTIONS for name in EVENT_TYPES])
"""bool, shape (n_event_types,): whether an event type makes a content seen."""

LAST_POSITION = int(np.iinfo(np.int16).max)
"""Positions further down count as this one; nobody scrolls there."""


IS_DEEP = np.array(
    [
        name in ("complete", "like", "comment", "share", "bookmark", "rsvp", "attend")
        for name in EVENT_TYPES
    ]
)
"""bool, shape (n_event_types,): whether an event type says more than that somebody looked."""


@dataclass(frozen=True, slots=True)
class EventColumns:
    """n events; every field is an array of shape (n,), indices and codes are internal, −1 = none.

    Times are int64 microseconds UTC. Durations, shares and propensities are NaN where the event has
    none.
    """

    key: npt.NDArray[np.uint64]
    """:func:`recsys.siphash.hash_texts` of ``event_id``; two of 10 M collide with
    probability 3e-6."""
    event_type: npt.NDArray[np.int8]
    employee: npt.NDArray[np.int32]
    content: npt.NDArray[np.int32]
    rendition: npt.NDArray[np.int32]
    occurred_at: npt.NDArray[np.int64]
    received_at: npt.NDArray[np.int64]
    dwell_seconds: npt.NDArray[np.float32]
    progress_share: npt.NDArray[np.float32]
    device: npt.NDArray[np.int8]
    """Place in :data:`recsys.devices.DEVICES`."""
    surface: npt.NDArray[np.int8]
    """Place in :data:`recsys.schema.SURFACES`."""
    position: npt.NDArray[np.int16]
    """1-based, at most ``LAST_POSITION``; 0 = unknown."""
    rendition_propensity: npt.NDArray[np.float32]
    reason: npt.NDArray[np.int8]
    """Place in ``CODE_OF_REASON``."""
    target: npt.NDArray[np.int32]
    """The employee a content was shared with."""

    def __len__(self) -> int:
        return len(self.key)

    @property
    def is_interaction(self) -> npt.NDArray[np.bool_]:
        """Return bool, shape (n,): interactions that name a content."""
        return IS_INTERACTION[self.event_type] & (self.content >= 0)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice) -> Self:
        """Return the events at ``rows`` (indices, mask or slice)."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the columns by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        """Return the events whose columns :meth:`arrays` returned."""
        return cls(**{f.name: arrays[f.name] for f in fields(cls)})  # type: ignore[arg-type]  # by name

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the events of ``parts`` one after the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[float, ...]]) -> Self:
        """Return the events whose fields, in their order, each row holds."""
        columns = zip(*rows, strict=True) if rows else ((),) * len(_DTYPES)
        return cls(*map(np.array, columns, _DTYPES))

    @classmethod
    def empty(cls) -> Self:
        """Return no events."""
        return cls.of_rows([])


_DTYPES = (
    np.uint64, np.int8, np.int32, np.int32, np.int32, np.int64, np.int64, np.float32, np.float32,
    np.int8, np.int8, np.int16, np.float32, np.int8, np.int32,
)  # fmt: skip
"""Of the fields of :class:`EventColumns`."""
