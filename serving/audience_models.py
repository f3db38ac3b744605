"""Sizes of audiences over the wire."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from recsys.audience.sizes import AudienceSize
from recsys.reports.suppression import DEFAULT_K

__all__ = ["AudienceAnswer", "AudienceQuestion"]

_RULE: dict[str, Any] = {"all": [{"department": ["sales", "plant"]}, {"not": {"site": "osaka"}}]}

_QUESTION: dict[str, Any] = {"rule": _RULE, "by": "department"}

_ANSWER: dict[str, Any] = {
    "people": 210, "active": 200, "reachable": 180, "unreachable": 20, "on_leave": 10,
    "opted_out": 10, "by": "department",
    "groups": [{"value": "plant", "people": 120}, {"value": "sales", "people": 80}],
    "message": None, "warnings": [], "is_suppressed": False, "smallest_group": DEFAULT_K,
}  # fmt: skip


class AudienceQuestion(BaseModel):
    """A rule whose audience is to be counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [_QUESTION]}, extra="forbid")

    rule: dict[str, Any] = Field(
        description="Over attributes and segments: all, any, not, eq, in, range, segment, mode."
    )
    by: str | None = Field(
        default=None, max_length=200, description="An attribute to split the sizes by."
    )


class _AudienceGroup(BaseModel):
    """Active people of the audience with one value of the attribute."""

    value: str
    people: int


class AudienceAnswer(BaseModel):
    """Numbers of people, in multiples of ten; null: fewer than ten, or all but fewer than ten."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWER]})

    people: int | None = Field(description="Everybody meant, people who have left included.")
    active: int | None = Field(description="Not said to have left; the rest are parts of these.")
    reachable: int | None = Field(description="With a PC or a mobile.")
    unreachable: int | None
    on_leave: int | None
    opted_out: int | None = Field(description="Not learned from; contents reach them all the same.")
    by: str | None
    groups: list[_AudienceGroup] = Field(
        description="The largest first; without those too small to show."
    )
    message: str | None = Field(description="Said where no number can be shown.")
    warnings: list[str] = Field(description="Probable mistakes: what hardly anybody has.")
    is_suppressed: bool
    smallest_group: int

    @classmethod
    def of(cls, size: AudienceSize) -> "AudienceAnswer":
        """Return a size as it is answered."""
        told = {"is_suppressed": size.is_suppressed, "smallest_group": DEFAULT_K}
        return cls.model_validate(asdict(size) | told)
