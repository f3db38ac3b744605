"""Reports over the wire."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from recsys.reports.suppression import DEFAULT_K

__all__ = ["Overview", "SegmentReport"]

_OVERVIEW: dict[str, Any] = {
    "at": "2026-05-01T09:00:00Z", "since": "2026-04-24T09:00:00Z", "smallest_group": DEFAULT_K,
    "contents": {"live": 812, "by_type": {"news": 500, "notice": 312},
                 "by_format": {"article": 700, "short_video": 240}},
    "events": [{"event_type": "impression", "events": 48_210},
               {"event_type": "rsvp", "events": None}],
    "people": {"active": 1_500, "reachable": 1_420, "reachable_share": 0.947},
}  # fmt: skip

_SEGMENTS: dict[str, Any] = {
    "at": "2026-05-01T09:00:00Z", "smallest_group": DEFAULT_K, "message": None,
    "segments": [{"code": "watcher", "name": {"en": "Watchers", "ja": "動画派"},
                  "rule": {"en": "prefers films", "ja": "動画を好む"}, "people": 120}],
}  # fmt: skip


class _Contents(BaseModel):
    """Live contents; numbers of things, not of people."""

    live: int = Field(description="Published, not expired and not withdrawn.")
    by_type: dict[str, int]
    by_format: dict[str, int] = Field(description="A content with several formats is in each.")


class _Activity(BaseModel):
    """Events of one type in multiples of ten; null: of fewer people than may be shown."""

    event_type: str
    events: int | None


class _People(BaseModel):
    """People in multiples of ten; null where it may not be shown."""

    active: int | None = Field(description="Not said to have left.")
    reachable: int | None = Field(description="Of them, with a PC or a mobile.")
    reachable_share: float | None = Field(description="Of the rounded numbers, 0..1.")


class Overview(BaseModel):
    """What there is, what happened in the last seven days, and who can be reached at all."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OVERVIEW]})

    at: AwareDatetime
    since: AwareDatetime
    smallest_group: int
    contents: _Contents
    events: list[_Activity]
    people: _People


class _Segment(BaseModel):
    """A segment, what it is called and made of, and its active people in multiples of ten."""

    code: str
    name: dict[str, str] = Field(description="By language.")
    rule: dict[str, str] = Field(description="By language.")
    people: int | None


class SegmentReport(BaseModel):
    """The behavioural segments learned from how people read."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SEGMENTS]})

    at: AwareDatetime
    smallest_group: int
    segments: list[_Segment]
    message: str | None = Field(description="Said where the model has no segments.")
