"""What is chosen for one person."""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

import orjson

from recsys.answers import SendingCause, SlotType

__all__ = ["Pick", "PickedItem", "SkippedCause", "pack", "unpack"]

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
    is_alternate: bool = False
    """Took another's place at the last moment."""


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
    is_personal: bool = True
    """False where nothing they did decided: opted out, or a popular issue."""
    not_before: datetime | None = None
    """When quiet hours end, where the send time lies in them."""
    model_version: str = ""
    policy_version: str = ""
    variant: str = ""
    """Of the plan's experiment; empty for whoever takes no part."""


def pack(pick: Pick) -> str:
    """Return a pick as JSON without the names of fields, which would double it."""
    held = [getattr(pick, name) for name in _FIELDS]
    held[_ITEMS] = [_values(item) for item in pick.items]
    return orjson.dumps(held).decode()


def unpack(text: str) -> Pick:
    """Return the pick that :func:`pack` wrote."""
    # Picks of an older release have no values for what came later.
    held: dict[str, Any] = dict(zip(_FIELDS, orjson.loads(text), strict=False))
    until = held.pop("not_before")
    items = tuple(_item(values) for values in held.pop("items"))
    short = tuple(held.pop("short"))
    not_before = None if until is None else datetime.fromisoformat(until)
    return Pick(items=items, short=short, not_before=not_before, **held)


_FIELDS = [field.name for field in fields(Pick)]
_ITEMS = _FIELDS.index("items")
_ITEM_FIELDS = [field.name for field in fields(PickedItem)]
_values = attrgetter(*_ITEM_FIELDS)


def _item(values: list[Any]) -> PickedItem:
    held = dict(zip(_ITEM_FIELDS, values, strict=True))
    for name in ("reasons", "alternates"):
        held[name] = tuple(held[name])
    return PickedItem(**held)
