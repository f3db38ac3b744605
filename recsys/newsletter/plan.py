"""What the editors want of an issue, checked already; the border that reads it is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Exclusions", "IssuePlan", "SectionPlan", "Style"]


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """A part of the mail: at most ``quota`` contents of a kind."""

    section_id: str
    quota: int
    topics: tuple[str, ...] = ()
    """A content needs one of them; none: any content."""
    content_types: tuple[str, ...] = ()
    min_other_department: int = 0
    max_per_author: int | None = None
    max_per_campaign: int | None = None


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What is left out for somebody; must-reads that are still owed are not."""

    seen: bool = True
    """Interacted with or dismissed, on whatever surface."""
    sent_within_days: float = 14.0
    max_sends: int = 2
    """At most so many mails hold one content, ever."""


@dataclass(frozen=True, slots=True)
class Style:
    """How the issue differs for one segment."""

    formats: Mapping[str, float] = field(default_factory=dict)
    """Factors on the expected completion in a format, and on the value of contents that have it:
    2 is "twice as welcome"."""
    max_minutes: float | None = None
    """Instead of the plan's."""
    lines: int | None = None
    """Lines of text of each item."""


@dataclass(frozen=True, slots=True)
class IssuePlan:
    """One revision of one issue."""

    issue_id: str
    send_at: datetime
    sections: tuple[SectionPlan, ...]
    total: int
    """Slots of a mail, at most the sum of all quotas."""
    mandatory: tuple[str, ...] = ()
    """Contents that everybody in their audience gets until they are done with them."""
    pinned: tuple[str, ...] = ()
    exclude: Exclusions = Exclusions()
    max_minutes: float | None = None
    explore_share: float = 0.1
    """Of all slots; drawn with logged propensities."""
    seed: int = 0
    styles: Mapping[str, Style] = field(default_factory=dict)
    """By segment code."""
