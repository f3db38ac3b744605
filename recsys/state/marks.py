"""Marks: single events about a content in a format, small enough to keep many per employee."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import CODE_OF_TYPE, IS_DEEP, IS_INTERACTION, EventColumns

__all__ = [
    "COMPLETED",
    "COMPLETE_DWELL_SHARE",
    "COMPLETE_PROGRESS_SHARE",
    "DEEP",
    "IMPRESSION",
    "MARK",
    "OPENED",
    "ORDER",
    "Marks",
    "completed",
    "marks_of",
]

COMPLETE_PROGRESS_SHARE = 0.9
"""Videos are left during the credits: nine tenths count as completed."""

COMPLETE_DWELL_SHARE = 0.7
"""Readers are a third faster than 240 words a minute: 0.7 of the expected time is a whole read."""

IMPRESSION, OPENED, COMPLETED, DEEP = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)

MARK = np.dtype(
    [
        ("at", np.int64),
        ("content", np.int32),
        ("propensity", np.float32),  # of the rendition; 0 = unknown
        ("position", np.int16),
        ("form", np.int8),
        ("device", np.int8),
        ("kind", np.uint8),  # IMPRESSION, or what an event shows: OPENED, COMPLETED, DEEP
    ],
    align=True,
)
"""24 bytes."""

ORDER = ("at", "content", "form", "kind", "position", "device", "propensity")
"""A total order of marks, so that equal sets give equal histories; impressions come first."""

Marks = np.ndarray[tuple[int], np.dtype[np.void]]

_COMPLETE = CODE_OF_TYPE["complete"]
_IMPRESSION = CODE_OF_TYPE["impression"]


def completed(events: EventColumns, expected: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return bool, shape (n,): events that show their rendition was taken in to the end.

    ``expected`` is the time a rendition takes in seconds, NaN where unknown (then dwell says
    nothing).
    """
    explicit = events.event_type == _COMPLETE
    watched = events.progress_share >= COMPLETE_PROGRESS_SHARE
    read = events.dwell_seconds >= np.float32(COMPLETE_DWELL_SHARE) * expected
    return np.asarray(explicit | watched | read)


def marks_of(events: EventColumns, catalogue: Catalogue) -> tuple[npt.NDArray[np.int32], Marks]:
    """Return employees and marks of the events that tell of a showing in a known format.

    ``events`` all name a known content. Sensitive contents enter no profile. An event whose format
    nobody knows (no rendition named where there are several) tells nothing about formats.
    """
    form = catalogue.renditions.formats(events.rendition, events.content)
    sensitive = catalogue.contents["sensitive"].view(np.bool_)[events.content]
    done = completed(events, catalogue.renditions.expected_seconds(events.rendition))
    kind = np.where(events.event_type == _IMPRESSION, IMPRESSION, np.uint8(0))
    kind |= np.where(IS_INTERACTION[events.event_type] | done, OPENED, np.uint8(0))
    kind |= np.where(done, COMPLETED, np.uint8(0))
    reacted = IS_DEEP[events.event_type] & (events.event_type != _COMPLETE)
    kind |= np.where(reacted, DEEP, np.uint8(0))
    told = np.flatnonzero((kind > 0) & (form >= 0) & ~sensitive)
    marks = np.zeros(len(told), MARK)
    marks["at"], marks["content"] = events.occurred_at[told], events.content[told]
    marks["propensity"] = np.nan_to_num(events.rendition_propensity[told])
    marks["position"], marks["device"] = events.position[told], events.device[told]
    marks["form"], marks["kind"] = form[told], kind[told]
    return events.employee[told], marks
