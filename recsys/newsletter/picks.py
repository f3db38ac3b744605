"""What is chosen for one person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from recsys.answers import SendingCause, SlotType

__all__ = ["Pick", "PickedItem", "SkippedCause"]

SkippedCause = SendingCause | Literal["nothing_relevant"]


@dataclass(frozen=True, slots=True)
class PickedItem:
    """One slot of somebody's issue, and what may take its place."""

    content_id: str
    rendition_id: str
    format: str
    section: str
    position: int
    """1-based, through the whole mail."""
    slot_type: SlotType
    score: float
    propensity: float
    """P(this content in this slot | slots filled before, state), given that the slot is drawn."""
    rendition_propensity: float
    reasons: tuple[str, ...] = ()
    est_minutes: float | None = None
    alternates: tuple[str, ...] = ()
    """Contents of the same section, best first; nobody else's in this mail."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Somebody's issue; without items there is a cause."""

    employee_id: str
    language: str
    segment: str
    """One of :data:`recsys.segments.groups.CODES`; empty without learned segments."""
    items: tuple[PickedItem, ...] = ()
    skipped: SkippedCause | None = None
    short: tuple[str, ...] = ()
    """Sections that did not get their quota; with ``:other_department`` their minimum of that."""
    must_reads_waiting: int = 0
    not_before: datetime | None = None
    """When quiet hours end, where the send time lies in them."""
    model_version: str = ""
    policy_version: str = ""
