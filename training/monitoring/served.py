"""The slate log as columns: what was served, with what came of every slot."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.event_columns import IS_INTERACTION
from recsys.schema import EVENT_TYPES
from recsys.store.slate_log import LoggedSlate
from recsys.times import to_micros

__all__ = ["Served", "served_of"]

_SLOT_COLUMNS = (
    "slate", "content_id", "rendition_id", "position", "score", "slot_type", "propensity",
    "rendition_propensity",
)  # fmt: skip
_SLATE_COLUMNS = (
    "employee_id", "request_id", "surface", "at", "model_version", "policy_version", "degraded",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Served:
    """A sample of the feeds that were answered, and all slots of each."""

    slates: pd.DataFrame
    """``employee_id``, ``request_id``, ``surface``, ``at`` (microseconds), ``model_version``,
    ``policy_version`` and ``degraded`` ("" for none), in the order of time."""
    slots: pd.DataFrame
    """``slate`` (a row of ``slates``), ``content_id``, ``rendition_id``, ``position``, ``score``,
    ``slot_type``, ``propensity``, ``rendition_propensity`` and ``opened``."""


def served_of(slates: Iterable[LoggedSlate], events: pd.DataFrame, *, share: float = 1.0) -> Served:
    """Return a ``share`` of slates with their slots, and which of these were opened.

    The same slates are drawn every time, by a hash of their request. Opened: an interaction with
    the content that names the request of the slate.
    """
    feeds: list[tuple[object, ...]] = []
    slots: list[tuple[object, ...]] = []
    for logged in slates:
        if share < 1.0 and _place(logged) >= share:
            continue
        slate = logged.slate
        feeds.append(
            (
                logged.employee_id, slate.request_id, logged.surface, to_micros(logged.at),
                slate.model_version, slate.policy_version, slate.degraded or "",
            )
        )  # fmt: skip
        slots += [
            (
                len(feeds) - 1, item.content_id, item.rendition_id, item.position, item.score,
                item.slot_type, item.propensity, item.rendition_propensity,
            )
            for item in slate.items
        ]  # fmt: skip
    found = pd.DataFrame(slots, columns=list(_SLOT_COLUMNS))
    made = pd.DataFrame(feeds, columns=list(_SLATE_COLUMNS))
    found["opened"] = _opened(made, found, events)
    return Served(made, found)


def _opened(
    slates: pd.DataFrame, slots: pd.DataFrame, events: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    counts = {name for name, yes in zip(EVENT_TYPES, IS_INTERACTION, strict=True) if yes}
    read = events[events["event_type"].isin(counts) & events["request_id"].notna()]
    of = slates.iloc[slots["slate"].to_numpy(np.int64)]
    keys = pd.MultiIndex.from_arrays(
        [of["employee_id"], of["request_id"], slots["content_id"].to_numpy()]
    )
    known = pd.MultiIndex.from_frame(read[["employee_id", "request_id", "content_id"]])
    return np.asarray(keys.isin(known))


def _place(logged: LoggedSlate) -> float:
    digest = blake2b("\x1f".join(logged.request).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest()) / 2**64
