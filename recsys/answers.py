"""What an engine is asked and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

__all__ = [
    "Begun",
    "BeliefSource",
    "Degraded",
    "Explanation",
    "FeedRequest",
    "FormatBelief",
    "FormatPreference",
    "ObserveReport",
    "PublicRequest",
    "Ranked",
    "Rejected",
    "RenditionChoice",
    "RuleEffect",
    "Sending",
    "SendingCause",
    "Slate",
    "SlateItem",
    "SlotType",
    "UpsertReport",
]

SlotType = Literal[
    "mandatory", "pinned", "personal", "other_department", "fresh", "explore", "fallback"
]
BeliefSource = Literal["declared", "learned", "segment", "prior"]
SendingCause = Literal[
    "inactive", "declined", "on_leave", "weekly_cap", "own_frequency", "quiet_hours"
]
Degraded = Literal["no_model", "time_budget"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be used: its place in the input, and what was expected there."""

    index: int
    column: str
    value: str
    expected: str


@dataclass(frozen=True, slots=True)
class ObserveReport:
    """What became of observed events; the counts add up to the events given."""

    applied: int = 0
    """Counting already."""
    duplicate: int = 0
    """An ``event_id`` seen before; the first one counts."""
    late: int = 0
    """Older than the lateness window; they wait for the next training."""
    pending: int = 0
    """Waiting for their moment, or for their content."""
    rejected: int = 0
    rejects: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class UpsertReport:
    """What became of upserted rows; the counts add up to the rows given."""

    accepted: int = 0
    rejected: int = 0
    rejects: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """One content of a ranking; scores are comparable within one ranking only."""

    content_id: str
    score: float


@dataclass(frozen=True, slots=True)
class FormatBelief:
    """How well a format reaches an employee."""

    p_complete: float
    """Probability to complete a rendition of this format, given an impression at position 1."""
    interval: tuple[float, float]
    """Central 90 % credible interval of ``p_complete``."""
    n_effective: float
    """Contents shown to this employee in this format."""
    share: float
    """Part of a feed this format should hold; shares of all formats sum to 1."""
    probability_best: float
    source: BeliefSource


@dataclass(frozen=True, slots=True)
class FormatPreference:
    """Beliefs about every format that lives in the catalogue."""

    formats: dict[str, FormatBelief]
    best: str | None
    """The preferred format; None when nothing is known well enough."""
    families: dict[str, float]
    """Shares summed by family."""


@dataclass(frozen=True, slots=True)
class RenditionChoice:
    """Which rendition of a content to show, drawn with a known probability."""

    rendition_id: str
    format: str
    propensity: float
    propensities: dict[str, float]
    """Probability of every eligible rendition; they sum to 1."""
    source: BeliefSource


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """One page view that wants a feed. ``max_minutes`` limits the reading time of the slate."""

    employee_id: str
    at: datetime
    limit: int = 20
    surface: str = "portal"
    device: str | None = None
    max_minutes: float | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class PublicRequest:
    """A screen or a kiosk that wants a feed for whoever passes.

    ``attributes`` is what is true of everybody there, as ``{"site": "osaka"}``; ``language`` is a
    wish: renditions in it go first.
    """

    at: datetime
    limit: int = 20
    surface: str = "signage"
    attributes: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None


@dataclass(frozen=True, slots=True)
class SlateItem:
    """One slot of a feed."""

    content_id: str
    rendition_id: str
    format: str
    position: int
    """1-based."""
    score: float
    slot_type: SlotType
    propensity: float
    """P(this content in this slot | slots above, candidates, state); 1 in a deterministic slot."""
    rendition_propensity: float
    reasons: tuple[str, ...] = ()
    """Up to two codes of :data:`recsys.slate.reasons.REASON_CODES`."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Whether something may be sent to an employee now."""

    is_allowed: bool
    cause: SendingCause | None
    """Why not; None where it is allowed."""
    allowed_from: datetime | None
    """The next moment at which this cause is over; None where it is allowed, or nobody knows."""


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What a slate rule multiplied a content's value with: below 1 lowered, above 1 raised."""

    rule: str
    factor: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a content is, or is not, in an employee's feed; for the eyes of that employee only."""

    cause: str
    """One of :data:`recsys.slate.explaining.CAUSES`."""
    position: int | None
    """1-based; None where it is not shown."""
    slot_type: SlotType | None
    effects: tuple[RuleEffect, ...]
    """In the order of the rules; those that changed nothing are left out."""


@dataclass(frozen=True, slots=True)
class Slate:
    """A feed: ordered slots and what produced them."""

    request_id: str
    model_version: str
    policy_version: str
    degraded: Degraded | None
    items: tuple[SlateItem, ...] = field(default_factory=tuple)
    must_reads_waiting: int = 0
    """Contents this employee owes that found no slot; they follow once others are done with."""
    is_whole: bool = False
    """Nothing is left that could continue it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The slots of a slate that were answered before, to be continued."""

    at: datetime
    """When its first slots were answered: what was published later is for the next slate."""
    items: tuple[SlateItem, ...]
