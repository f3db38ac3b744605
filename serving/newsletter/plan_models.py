"""The plan of an issue as the editors send it."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from recsys.newsletter.plan import Exclusions, IssuePlan, SectionPlan, Style
from recsys.schema import CONTENT_TYPES, FORMATS
from recsys.segments.groups import CODES

__all__ = ["PlanBody", "PlanSection"]

EXAMPLE: dict[str, Any] = {
    "send_at": "2026-07-03T03:00:00Z", "deadline": "2026-07-03T02:00:00Z",
    "audience": {"work_style": ["desk", "field"]},
    "sections": [
        {"id": "for_you", "quota": 5, "max_per_author": 2},
        {"id": "safety", "quota": 2, "topics": ["safety"], "content_types": ["news", "notice"]},
        {"id": "elsewhere", "quota": 3, "min_other_department": 2, "max_per_campaign": 1},
    ],
    "mandatory": [], "pinned": [], "total": 10,
    "exclude": {"seen": True, "sent_within_days": 14, "max_sends": 2},
    "max_minutes": 20, "explore_share": 0.1, "seed": 27,
    "segments": {
        "time_poor_interested": {"formats": {"short_video": 2.0}, "max_minutes": 8, "lines": 3},
        "light_interest": {"formats": {"illustration": 2.0}},
    },
}  # fmt: skip

MOST_ITEMS = 50
"""A mail is cut off by mail programs at 102 kB; no reader comes so far."""

ContentId = Annotated[str, Field(min_length=1, max_length=400)]
SectionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,40}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanSection(_Strict):
    """A part of the mail that holds contents of a kind."""

    id: SectionId
    title: str | None = Field(default=None, max_length=100, description="Heading in the mail.")
    quota: int = Field(ge=1, le=MOST_ITEMS)
    topics: list[str] = Field(default=[], max_length=50, description="One of them; none: any.")
    content_types: list[Literal[CONTENT_TYPES]] = []  # type: ignore[valid-type]  # names of a tuple
    min_other_department: int = Field(default=0, ge=0)
    max_per_author: int | None = Field(default=None, ge=1)
    max_per_campaign: int | None = Field(default=None, ge=1)


class PlanExclusions(_Strict):
    """What is left out for somebody; must-reads that are still owed are not."""

    seen: bool = Field(default=True, description="On whatever surface.")
    sent_within_days: float = Field(default=14.0, ge=0, le=3650)
    max_sends: int = Field(default=2, ge=1, description="At most so many mails hold one content.")


class PlanStyle(_Strict):
    """How the issue differs for a segment."""

    formats: dict[Literal[FORMATS], Annotated[float, Field(gt=0, le=100)]] = Field(  # type: ignore[valid-type]
        default={},
        description="2 is twice as welcome; of equal contents those in this format come first.",
    )
    max_minutes: float | None = Field(default=None, gt=0)
    lines: int | None = Field(default=None, ge=0, le=20, description="Lines of text of each item.")


class PlanBody(_Strict):
    """What the editors want of an issue. The same revision again changes nothing."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    revision: int = Field(
        default=1, ge=1, le=1_000_000, description="A changed plan takes the next one."
    )
    name: str = Field(default="", max_length=100, description="Of this newsletter, in its head.")
    send_at: AwareDatetime
    deadline: AwareDatetime | None = Field(
        default=None,
        description="When mails go out with what there is; default: an hour before `send_at`.",
    )
    audience: dict[str, Any] = Field({}, description="A JSON rule over attributes; {}: everybody.")
    sections: list[PlanSection] = Field(
        default=[PlanSection(id="for_you", quota=10)], min_length=1, max_length=20
    )
    total: int | None = Field(default=None, ge=1, le=MOST_ITEMS, description="Default: all quotas.")
    mandatory: list[ContentId] = Field(default=[], max_length=MOST_ITEMS)
    pinned: list[ContentId] = Field(default=[], max_length=MOST_ITEMS)
    exclude: PlanExclusions = PlanExclusions()
    max_minutes: float | None = Field(default=None, gt=0)
    explore_share: float = Field(default=0.1, ge=0, le=1)
    seed: int = 0
    experiment: str | None = Field(
        default=None,
        max_length=200,
        description="Key of a running experiment on the newsletter, whose variants change the "
        "plan for their people.",
    )
    subject: str | None = Field(default=None, max_length=200, description="Of the mail.")
    variants: dict[str, dict[str, Any]] = Field(
        default={},
        max_length=20,
        description="What each variant replaces of this plan; taken from the experiment.",
    )
    segments: dict[Literal[CODES], PlanStyle] = {}  # type: ignore[valid-type]  # names of a tuple

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse what no company could fulfil, with a sentence that says why."""
        for wrong in self._wrongs():
            raise ValueError(wrong)
        return self

    def _wrongs(self) -> list[str]:
        wrongs = []
        ids = [section.id for section in self.sections]
        room = sum(section.quota for section in self.sections)
        if len(set(ids)) < len(ids):
            wrongs.append(f"sections are called {ids}; give each an id of its own")
        if self.total is not None and self.total > room:
            wrongs.append(
                f"the sections have room for {room} items, total is {self.total}; raise a quota"
            )
        if len(self.mandatory) > (self.total or room):
            wrongs.append(
                f"{len(self.mandatory)} items are mandatory, but a mail holds "
                f"{self.total or room}; raise total, or leave some for the next issue"
            )
        wrongs += [
            f"section {s.id!r} wants {s.min_other_department} contents of other departments among "
            f"{s.quota}; lower min_other_department, or raise the quota"
            for s in self.sections
            if s.min_other_department > s.quota
        ]
        if self.deadline is not None and self.deadline > self.send_at:
            wrongs.append(
                f"the deadline {self.deadline.isoformat()} is after send_at "
                f"{self.send_at.isoformat()}; set it before"
            )
        return wrongs

    def for_variant(self, name: str) -> "PlanBody":
        """Return the plan of a variant's people; the plan itself where it changes nothing.

        Raises :class:`pydantic.ValidationError` where no such plan can be.
        """
        changes = self.variants.get(name)
        if not changes:
            return self
        return PlanBody.model_validate(self.model_dump(exclude={"variants"}) | changes)

    @property
    def ends_at(self) -> AwareDatetime:
        """Return the deadline."""
        return self.deadline or self.send_at - timedelta(hours=1)

    def plan(self, issue_id: str) -> IssuePlan:
        """Return what the picking works with."""
        return IssuePlan(
            issue_id, self.send_at, tuple(_section(section) for section in self.sections),
            self.total or sum(section.quota for section in self.sections),
            tuple(self.mandatory), tuple(self.pinned),
            Exclusions(**self.exclude.model_dump()), self.max_minutes, self.explore_share,
            self.seed,
            {code: Style(**style.model_dump()) for code, style in self.segments.items()},
        )  # fmt: skip


def _section(section: PlanSection) -> SectionPlan:
    return SectionPlan(
        section.id, section.quota, tuple(section.topics), tuple(section.content_types),
        section.min_other_department, section.max_per_author, section.max_per_campaign,
    )  # fmt: skip
