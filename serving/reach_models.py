"""Reach, gains and related contents over the wire."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from recsys.reach.analyst import Reach
from recsys.reach.gains import Gains, NoGains
from recsys.reach.plan import Action
from recsys.reach.wording import gain_sentences, reach_sentences
from recsys.reports.suppression import DEFAULT_K
from serving.models import Reason
from serving.texts import Language

__all__ = ["AudiencesAnswer", "ReachAnswer", "RelatedAnswer", "RelatedItem"]

Count = int | None
"""People; null where the number is below ten or would tell such a number."""


class _Stage(BaseModel):
    """People at one stage."""

    stage: str
    furthest: Count = Field(description="Came exactly so far; with the causes the whole audience.")
    at_least: Count = Field(description="Came so far or further.")


class _ReachGroup(BaseModel):
    """People of one group by what became of it."""

    group: str | None = Field(description="null: small groups together, and people without one.")
    people: Count
    opened: Count = Field(description="Or further.")
    seen: Count = Field(description="Not opened.")
    delivered: Count = Field(description="Had the chance, not seen.")
    not_delivered: Count = Field(description="Everybody else, whatever the cause.")


class _Funnel(BaseModel):
    """The audience by how far the content came, or why it did not."""

    audience: Count
    stages: list[_Stage] = Field(description="From the nearest to the furthest.")
    not_reached: dict[str, Count] = Field(description="By cause.")
    not_deliverable: Count
    not_delivered: Count
    by: dict[str, list[_ReachGroup]] = Field(description="By department and work style.")


class _Hint(BaseModel):
    """In which form to show it to those who passed it over."""

    format: str
    exists: bool
    is_clear: bool


class _Step(BaseModel):
    """What to do about one cause."""

    cause: str
    action: Action
    people: Count
    expected_readers: int | None = Field(description="People who would open it within a week.")
    best_hours: list[int] = Field(description="0..23, on their own clocks.")
    format: _Hint | None


_REACH_EXAMPLE: dict[str, Any] = {
    "content_id": "c-42", "at": "2026-05-01T09:00:00Z", "smallest_group": 10,
    "is_sensitive": False,
    "funnel": {
        "audience": 480,
        "stages": [
            {"stage": "delivered", "furthest": 140, "at_least": 370},
            {"stage": "seen", "furthest": 120, "at_least": 230},
            {"stage": "opened", "furthest": 60, "at_least": 110},
            {"stage": "completed", "furthest": 50, "at_least": 50},
            {"stage": "acknowledged", "furthest": 0, "at_least": 0},
        ],
        "not_reached": {"not_visited": 70, "no_device": 20, "on_leave": None, "language": 0,
                        "muted": 0, "unmeasurable": None, "opted_out": None},
        "not_deliverable": None, "not_delivered": 110,
        "by": {"department": [
            {"group": "sales", "people": 200, "opened": 60, "seen": 50, "delivered": 60,
             "not_delivered": 30},
            {"group": None, "people": 280, "opened": 50, "seen": 70, "delivered": 80,
             "not_delivered": 80}]},
    },
    "plan": [{"cause": "delivered", "action": "show_again", "people": 140,
              "expected_readers": 40, "best_hours": [8, 9, 12], "format": None}],
    "sentences": ["Of 480 people in the audience, 110 opened it or went further."],
}  # fmt: skip


class ReachAnswer(BaseModel):
    """Whom a content reached, why not the others, and what to do; aggregates only."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REACH_EXAMPLE]})

    content_id: str
    at: datetime
    smallest_group: int = Field(description="Smaller numbers are null, and what would tell them.")
    is_sensitive: bool = Field(description="Totals only.")
    funnel: _Funnel
    plan: list[_Step] = Field(description="One step a cause; empty if it was not asked for.")
    sentences: list[str] = Field(description="The same in the language asked for.")

    @classmethod
    def of(cls, reach: Reach, at: datetime, language: Language) -> "ReachAnswer":
        """Return the reach of a content with its sentences."""
        told = {
            "at": at, "smallest_group": DEFAULT_K, "sentences": reach_sentences(reach, language),
        }  # fmt: skip
        return cls.model_validate(asdict(reach) | told)


class _Gain(BaseModel):
    """What a content would do for one group."""

    attribute: str
    group: str
    people: int = Field(description="To the nearest ten.")
    expected_readers: int = Field(description="More readers, if it is served to all who lack it.")
    gain_share: float
    would_open_share: float = Field(description="Would read it next at the first place; 0..1.")
    lift: float = Field(description="Over the whole audience.")
    not_opened_share: float | None = Field(description="To the nearest tenth; null where small.")
    seldom_here_share: float | None = Field(description="In the quarter who come least; likewise.")
    is_usually_unreached: bool


_GAINS_EXAMPLE: dict[str, Any] = {
    "content_id": "c-42", "at": "2026-05-01T09:00:00Z", "smallest_group": 10, "reason": None,
    "would_open_share": 0.12, "is_sample": True,
    "groups": [{"attribute": "department", "group": "plant", "people": 210,
                "expected_readers": 31, "gain_share": 0.17, "would_open_share": 0.24, "lift": 2.0,
                "not_opened_share": 0.9, "seldom_here_share": 0.6, "is_usually_unreached": True}],
    "n_left_out": 2, "sentences": ["Department plant (about 210 people): …"],
}  # fmt: skip


class AudiencesAnswer(BaseModel):
    """Which groups would gain most from a content; no figures where a reason is given."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GAINS_EXAMPLE]})

    content_id: str
    at: datetime
    smallest_group: int = Field(description="Smaller groups are left out.")
    reason: NoGains | None = Field(description="Why there are no figures.")
    would_open_share: float | None = Field(description="Of the whole audience.")
    is_sample: bool = Field(description="Means are of a random part of the audience.")
    groups: list[_Gain] = Field(description="The most expected readers first.")
    n_left_out: int = Field(description="Groups too small to show.")
    sentences: list[str] = Field(description="The first of them in the language asked for.")

    @classmethod
    def of(cls, gains: Gains, at: datetime, language: Language) -> "AudiencesAnswer":
        """Return gains with their sentences."""
        told = {
            "at": at, "smallest_group": DEFAULT_K, "sentences": gain_sentences(gains, language),
        }  # fmt: skip
        return cls.model_validate(asdict(gains) | told)


class RelatedItem(BaseModel):
    """One content to read next."""

    content_id: str
    title: str
    score: float = Field(description="Comparable within one answer only.")
    reasons: list[Reason]


_RELATED_EXAMPLE: dict[str, Any] = {
    "content_id": "c-42",
    "items": [{"content_id": "c-40", "title": "New robots at the plant", "score": 0.41,
               "reasons": [{"code": "same_topic", "text": "On the same topic"}]}],
}  # fmt: skip


class RelatedAnswer(BaseModel):
    """What to read next to a content, nearest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RELATED_EXAMPLE]})

    content_id: str
    items: list[RelatedItem]
