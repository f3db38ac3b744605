"""Events as columns of numbers: what the live state consumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.schema import EVENT_TYPES, INTERACTIONS

__all__ = [
    "CODE_OF_TYPE",
    "IS_INTERACTION",
    "EventColumns",
    "event_keys",
]

CODE_OF_TYPE: dict[str, int] = {name: code for code, name in enumerate(EVENT_TYPES)}
"""Event type → its int8 code."""

IS_INTERACTION = np.array([name in INTERACTIONS for name in EVENT_TYPES])
"""bool, shape (n_event_types,): whether an event type makes a content seen."""


@dataclass(frozen=True, slots=True)
class EventColumns:
    """n events; every field is an array of shape (n,), indices are internal, −1 = none.

    Times are int64 microseconds UTC. ``dwell_seconds`` and ``progress_share`` are NaN where the
    event has none.
    """

    key: npt.NDArray[np.uint64]
    """64-bit hash of ``event_id``; two ids of 10 M collide with probability 3e-6."""
    event_type: npt.NDArray[np.int8]
    employee: npt.NDArray[np.int32]
    content: npt.NDArray[np.int32]
    rendition: npt.NDArray[np.int32]
    occurred_at: npt.NDArray[np.int64]
    received_at: npt.NDArray[np.int64]
    dwell_seconds: npt.NDArray[np.float32]
    progress_share: npt.NDArray[np.float32]

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
    def empty(cls) -> Self:
        """Return no events."""
        index = np.zeros(0, np.int32)
        time = np.zeros(0, np.int64)
        number = np.zeros(0, np.float32)
        return cls(
            np.zeros(0, np.uint64), np.zeros(0, np.int8), index, index, index, time, time,
            number, number,
        )  # fmt: skip


def event_keys(event_ids: "pd.Series[str]") -> npt.NDArray[np.uint64]:
    """Return uint64 hashes, shape (n,), the same in every process and version (SipHash-2-4)."""
    return pd.util.hash_array(event_ids.to_numpy(dtype=object), categorize=False)
