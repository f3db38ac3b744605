"""One person's issue after the last check: what is rendered, and what is handed over.

Texts, links and lengths are the catalogue's; a mail only says which renditions come in which order.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from recsys.answers import SlotType

__all__ = ["Mail", "MailItem", "MailSource"]

MailSource = Literal["plan", "last_good_plan", "popular"]


@dataclass(frozen=True, slots=True)
class MailItem:
    """One rendition in a mail."""

    content_id: str
    rendition_id: str
    format: str
    section: str
    """The plan's id of the section it stands in."""
    position: int
    """1-based, counted through the whole mail."""
    slot_type: SlotType
    propensity: float
    rendition_propensity: float
    reasons: tuple[str, ...] = ()
    """Codes of :data:`recsys.slate.reasons.REASON_CODES`, the strongest first."""
    est_minutes: float | None = None
    is_alternate: bool = False
    """Took the place of something that was withdrawn, had expired or was read in the meantime."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What one person gets; sections in the plan's order, none of them empty."""

    issue_id: str
    revision: int
    employee_id: str
    language: str
    """The employee's first language, empty where nobody knows."""
    sections: tuple[tuple[str, tuple[MailItem, ...]], ...]
    """Section ids with their items, in reading order."""
    source: MailSource = "plan"
    """``last_good_plan`` and ``popular`` stand in for a plan that missed its deadline."""
    lines: int | None = None
    """Lines of text that each item gets in this person's segment; None leaves it to the layout."""
    not_before: datetime | None = None
    """Where the send time lies in this person's quiet hours: when they end."""
    subject: str | None = None
    """As planned, or as this person's variant has it; None leaves it to the layout."""
    variant: str = ""
    """Of the plan's experiment; empty for whoever takes no part."""

    @property
    def items(self) -> tuple[MailItem, ...]:
        """Return the items of all sections in reading order."""
        return tuple(item for _, items in self.sections for item in items)
