"""Plans and picks over the wire."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from recsys.newsletter.picks import unpack
from recsys.newsletter.summary import Summary
from recsys.store.newsletter_store import NewsletterStore, PlanStatus, StoredPlan

__all__ = ["PlanAnswer", "SummaryAnswer", "pick_lines"]

_PLAN: dict[str, Any] = {
    "issue_id": "2026-w27", "revision": 1, "status": "running",
    "created_at": "2026-07-03T00:00:00Z", "planned_at": "2026-07-03T00:00:08Z",
    "finished_at": None, "people": 20_000, "done": 5_400, "is_handed_over": False,
    "notes": ["section 'safety' wants 2 contents, but 120 of 20,000 people have 1 or fewer"],
}  # fmt: skip


class PlanAnswer(BaseModel):
    """One revision of an issue and how far it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLAN]})

    issue_id: str
    revision: int
    status: PlanStatus
    created_at: AwareDatetime
    planned_at: AwareDatetime | None = Field(
        description="Whose state picks are made from; null until work has begun."
    )
    finished_at: AwareDatetime | None
    people: int | None
    done: int
    is_handed_over: bool = Field(description="It is this revision that goes out.")
    notes: list[str] = Field(description="Quotas that cannot be met for some, or what failed.")

    @classmethod
    def of(cls, plan: StoredPlan) -> "PlanAnswer":
        """Return a stored plan as an answer."""
        return cls(
            issue_id=plan.issue_id, revision=plan.revision, status=plan.status,
            created_at=plan.created_at, planned_at=plan.planned_at, finished_at=plan.finished_at,
            people=plan.n_people, done=plan.n_done, is_handed_over=plan.is_handed_over,
            notes=list(plan.notes),
        )  # fmt: skip


class _Minutes(BaseModel):
    mean: float
    p10: float
    p50: float
    p90: float


class SummaryAnswer(BaseModel):
    """An issue in numbers of people; null where fewer than ten would be told about."""

    issue_id: str
    revision: int
    status: PlanStatus
    people: int | None
    mails: int | None
    skipped: dict[str, int | None] = Field(description="People without a mail, by cause.")
    coverage: dict[str, int | None] = Field(description="Mails that hold a content.")
    contents: int = Field(description="Distinct contents in all mails together.")
    overlap_share: float | None = Field(
        description="Of two people's mails, the share of items that is in both, on average."
    )
    short: dict[str, int | None] = Field(
        description="Mails in which a section lacks its quota or its `:other_department`."
    )
    formats: dict[str, int | None] = Field(description="Mails that hold something in a format.")
    slot_types: dict[str, int | None]
    items: dict[str, int | None] = Field(description="Mails by number of items.")
    minutes: _Minutes | None
    must_reads_waiting: int | None
    notes: list[str]

    @classmethod
    def of(cls, plan: StoredPlan, summary: Summary) -> "SummaryAnswer":
        """Return the summary of a plan's picks as an answer."""
        about: dict[str, Any] = {
            "issue_id": plan.issue_id, "revision": plan.revision, "status": plan.status,
            "notes": list(plan.notes),
        }  # fmt: skip
        return cls.model_validate(asdict(summary) | about)


def pick_lines(newsletters: NewsletterStore, plan: StoredPlan) -> Iterator[bytes]:
    """Yield every pick as a line of JSON, by employee."""
    about = {"issue_id": plan.issue_id, "revision": plan.revision}
    for text in newsletters.picks(plan.issue_id, plan.revision):
        pick = unpack(text)
        told = about | {field.name: getattr(pick, field.name) for field in fields(pick)}
        yield orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
