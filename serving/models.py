"""What goes over the wire, as JSON."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from experiments.running.definition import UnitType
from recsys.answers import BeliefSource, Degraded, SlotType

__all__ = [
    "MAX_ROWS",
    "AssignmentAnswer",
    "BatchReport",
    "Belief",
    "Details",
    "EffectAnswer",
    "EventReport",
    "ExplanationAnswer",
    "FeedItem",
    "FeedPage",
    "Formats",
    "Health",
    "ModelInfo",
    "Readiness",
    "Reason",
    "Receipt",
    "ReceiptPart",
    "RejectedRow",
    "ShownRendition",
    "Token",
    "Written",
]

MAX_ROWS = 10_000
"""Rows of one request; a longer transaction would keep others waiting for more than a second."""


class Reason(BaseModel):
    """Why an item is in the feed: a stable code, and words in the language asked for."""

    code: str
    text: str


class ShownRendition(BaseModel):
    """One rendition of a content, with all that is needed to show it in place.

    ``captions_url``, ``poster_url``, ``alt_text``, ``summary`` and ``text`` are columns of these
    names that the company gave its renditions. The last two fall back to the content's own where
    that is in the language of the rendition.
    """

    rendition_id: str
    format: str
    language: str | None
    title: str
    url: str | None
    est_minutes: float | None
    duration_seconds: float | None
    has_captions: bool
    captions_url: str | None
    poster_url: str | None
    alt_text: str | None
    summary: str | None
    text: str | None


class Details(BaseModel):
    """What a page shows of a slot besides its title."""

    published_at: datetime | None
    ack_required: bool
    ack_due_at: datetime | None
    renditions: list[ShownRendition] = Field(
        description="The drawn one first, then the others that this employee may see."
    )


class FeedItem(BaseModel):
    """One slot of a feed."""

    content_id: str
    rendition_id: str
    format: str
    position: int = Field(description="1-based, over all pages of the request_id.")
    score: float
    propensity: float
    rendition_propensity: float
    slot_type: SlotType
    reasons: list[Reason]
    title: str
    url: str | None
    est_minutes: float | None
    details: Details | None = Field(default=None, description="Only with `details=true`.")


class AssignmentAnswer(BaseModel):
    """The employee's part in an experiment that runs."""

    experiment: str
    version: int
    unit_type: UnitType
    unit_id: str = Field(description="The employee, or the team, department or site drawn.")
    variant: str | None
    source: str = Field(description="stored, hash, forced or holdout")
    bucket: float = Field(description="GrowthBook's hash, version 2, of key and unit: 0..1.")
    parameters: dict[str, Any] = Field(description="The variant's own, for the portal.")
    employee_id: str | None = Field(default=None, description="In lists of several people only.")


class FeedPage(BaseModel):
    """A page of a feed; ``next_cursor`` is null on the last one."""

    request_id: str
    model_version: str
    policy_version: str
    degraded: Degraded | None
    assignments: list[AssignmentAnswer] = []
    items: list[FeedItem]
    must_reads_waiting: int = Field(
        0, description="Must-reads that found no slot yet; they follow once others are done."
    )
    next_cursor: str | None
    clock: datetime | None = Field(
        default=None,
        description="The server's present moment, for dates; only with `details=true`.",
    )


class EffectAnswer(BaseModel):
    """What a rule multiplied the value of a content with, and that in words."""

    rule: str
    factor: float
    text: str


class ExplanationAnswer(BaseModel):
    """Why a content is, or is not, in an employee's feed."""

    content_id: str
    employee_id: str
    cause: str
    text: str
    position: int | None
    slot_type: SlotType | None
    effects: list[EffectAnswer]


class Belief(BaseModel):
    """How well a format reaches an employee; ``interval`` is central, 90 %."""

    p_complete: float
    interval: tuple[float, float]
    n_effective: float
    share: float
    probability_best: float
    source: BeliefSource


class Formats(BaseModel):
    """An employee's preferred formats; ``best`` is null when nothing is known well enough."""

    employee_id: str
    best: str | None
    formats: dict[str, Belief]
    families: dict[str, float]


class RejectedRow(BaseModel):
    """A row that was not stored: its index in the request, the column and what it should hold."""

    index: int
    column: str
    expected: str


class EventReport(BaseModel):
    """What became of the events; the counts add up to those sent."""

    accepted: int
    duplicate: int
    refused: int = Field(description="Of employees who were erased.")
    rejected: list[RejectedRow]


class BatchReport(BaseModel):
    """What became of catalogue rows; the counts add up to those sent."""

    inserted: int
    updated: int
    unchanged: int
    refused: int = Field(description="Of employees who were erased.")
    rejected: list[RejectedRow]


class Written(BaseModel):
    """What one row's write did: inserted, updated or unchanged."""

    id: str
    result: str


class Token(BaseModel):
    """An employee's token for a browser; expires by the wall clock."""

    token: str
    expires_at: datetime


class ReceiptPart(BaseModel):
    """One place an employee was erased from, and when; null: with the next training."""

    part: str
    erased_at: datetime | None
    rows: int | None = None


class Receipt(BaseModel):
    """Proof of an erasure; the tombstone is a salted hash that blocks a re-import."""

    tombstone: str
    erased_at: datetime
    parts: list[ReceiptPart]


class ModelInfo(BaseModel):
    """What is serving."""

    model_version: str
    policy_version: str
    degraded: Degraded | None
    trained_until: datetime | None
    notes: list[str]
    clock: datetime = Field(description="The server's present moment.")
    change: int = Field(description="The last change of the log that counts.")


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """The process answers from up-to-date data; ``behind`` counts changes not taken in yet."""

    status: str = "ready"
    change: int
    behind: int
