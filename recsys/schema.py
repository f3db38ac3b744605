"""The canonical tables: one declaration that reading, checking, storing and serving share.

A :class:`Table` lists its columns in the order of a canonical file. A :class:`Column` says which
values are good; :mod:`recsys.dataset.validation` turns that into checks, :mod:`recsys.store` into
database columns. Columns that are not declared here are kept as attributes, never dropped.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "CONTENT_STATUSES",
    "CONTENT_TYPES",
    "DISMISS_REASONS",
    "EVENTS_WITHOUT_CONTENT",
    "EVENT_TYPES",
    "FORMATS",
    "FORMAT_FAMILIES",
    "IMPLICIT_FORMAT",
    "INTERACTIONS",
    "SHARE_REASONS",
    "SURFACES",
    "TABLES",
    "Column",
    "Kind",
    "Table",
]

FORMAT_FAMILIES: dict[str, tuple[str, ...]] = {
    "video": ("video", "short_video"),
    "illustration": ("illustration", "animation", "infographic"),
    "text": ("text_summary", "article", "transcript", "audio"),
}
"""Family → the formats in it."""

FORMATS: tuple[str, ...] = tuple(f for family in FORMAT_FAMILIES.values() for f in family)

IMPLICIT_FORMAT = "article"
"""The format of a content that has no rendition rows."""

INTERACTIONS: tuple[str, ...] = (
    "open", "read", "progress", "complete", "like", "comment", "share", "bookmark",
    "acknowledge", "rsvp", "attend", "newsletter_click",
)  # fmt: skip
"""Event types that make a content seen."""

EVENTS_WITHOUT_CONTENT: tuple[str, ...] = (
    "newsletter_sent", "newsletter_open", "newsletter_click", "follow", "search", "action",
    "unsubscribe",
)  # fmt: skip
"""Event types whose ``content_id`` may be empty."""

EVENT_TYPES: tuple[str, ...] = (
    "impression", "open", "read", "progress", "complete", "like", "comment", "share", "bookmark",
    "follow", "dismiss", "acknowledge", "rsvp", "attend", "search", "action",
    "newsletter_sent", "newsletter_open", "newsletter_click", "unsubscribe",
)  # fmt: skip

SURFACES: tuple[str, ...] = ("portal", "newsletter", "mobile", "signage", "print")
CONTENT_STATUSES: tuple[str, ...] = ("draft", "published", "withdrawn")
CONTENT_TYPES: tuple[str, ...] = (
    "news", "story", "notice", "event", "faq", "award", "manual", "ugc",
)  # fmt: skip
SHARE_REASONS: tuple[str, ...] = ("person", "community", "company")
DISMISS_REASONS: tuple[str, ...] = (
    "not_interested", "too_difficult", "not_my_work", "no_time", "already_known", "wrong_format",
)  # fmt: skip


class Kind(StrEnum):
    """What a column holds, hence how its text is parsed and what is rejected."""

    ID = "id"
    """A string the company uses; never parsed as a number, 64-bit ids survive."""
    TEXT = "text"
    LIST = "list"
    """Strings separated by ``;`` in files, a list in JSON."""
    JSON = "json"
    FLAG = "flag"
    """true/false, yes/no, 1/0 in any case."""
    NUMBER = "number"
    """A finite float."""
    INTEGER = "integer"
    TIME = "time"
    """An instant with a zone, ISO 8601; kept as UTC."""
    DATE = "date"
    """A calendar day, or an instant; a day stands for its midnight in UTC."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds and which values are good.

    ``minimum`` and ``maximum`` are inclusive; ``choices`` empty means any value.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table; ``key`` names the columns that identify a row (empty: no identity)."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the order of a canonical file."""
        return tuple(column.name for column in self.columns)

    @property
    def required_names(self) -> tuple[str, ...]:
        """Names of the columns without which a row says nothing."""
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        """Return the declared column ``name``; ``KeyError`` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _id(name: str, *, required: bool = False) -> Column:
    return Column(name, Kind.ID, required=required)


def _share(name: str) -> Column:
    return Column(name, Kind.NUMBER, minimum=0.0, maximum=1.0)


def _choice(name: str, choices: tuple[str, ...], *, required: bool = False) -> Column:
    return Column(name, Kind.TEXT, required=required, choices=choices)


_LARGEST = 1e9
"""No story has a milliard words, no film lasts thirty years: larger numbers are typing errors, and
features are kept in single precision."""


def _not_negative(name: str) -> Column:
    return Column(name, Kind.NUMBER, minimum=0.0, maximum=_LARGEST)


_EMPLOYEES = Table(
    "employees",
    (
        _id("employee_id", required=True),
        _id("department"),
        Column("departments", Kind.LIST),
        _id("team_id"),
        _id("manager_id"),
        _id("site"),
        _id("job_family"),
        _id("grade_band"),
        Column("hire_month"),
        _choice("work_style", ("desk", "field", "shift")),
        Column("language"),
        Column("timezone"),
        Column("has_pc", Kind.FLAG),
        Column("has_mobile", Kind.FLAG),
        Column("leave_from", Kind.DATE),
        Column("leave_until", Kind.DATE),
        Column("active", Kind.FLAG),
        Column("valid_from", Kind.DATE),
    ),
    key=("employee_id", "valid_from"),
)

_PREFERENCES = Table(
    "preferences",
    (
        _id("employee_id", required=True),
        Column("personalization_opt_out", Kind.FLAG),
        _choice("preferred_format", FORMATS),
        Column("muted_topics", Kind.LIST),
        Column("languages", Kind.LIST),
        Column("newsletter_frequency"),
    ),
    key=("employee_id",),
)

_CONTENTS = Table(
    "contents",
    (
        _id("content_id", required=True),
        Column("title", required=True),
        Column("published_at", Kind.TIME, required=True),
        _choice("status", CONTENT_STATUSES),
        Column("summary"),
        Column("body"),
        Column("language"),
        Column("topics", Kind.LIST),
        _id("author_id"),
        Column("speakers", Kind.LIST),
        _id("owner_department"),
        _choice("content_type", CONTENT_TYPES),
        _choice("style", ("dialogue", "monologue", "data_led", "story", "comic")),
        Column("difficulty"),
        _id("campaign_id"),
        Column("expires_at", Kind.TIME),
        Column("mandatory", Kind.FLAG),
        Column("ack_required", Kind.FLAG),
        Column("ack_due_at", Kind.TIME),
        Column("pinned_until", Kind.TIME),
        Column("priority", Kind.NUMBER, minimum=-_LARGEST, maximum=_LARGEST),
        Column("audience", Kind.JSON),
        _not_negative("est_minutes"),
        Column("sensitive", Kind.FLAG),
    ),
    key=("content_id",),
)

_RENDITIONS = Table(
    "renditions",
    (
        _id("rendition_id", required=True),
        _id("content_id", required=True),
        _choice("format", FORMATS, required=True),
        Column("language"),
        Column("title"),
        Column("audience", Kind.JSON),
        _not_negative("duration_seconds"),
        _not_negative("word_count"),
        Column("has_captions", Kind.FLAG),
        Column("url"),
    ),
    key=("rendition_id",),
)

_EVENTS = Table(
    "events",
    (
        _id("event_id", required=True),
        _choice("event_type", EVENT_TYPES, required=True),
        _id("employee_id", required=True),
        Column("occurred_at", Kind.TIME, required=True),
        _id("content_id"),
        _id("rendition_id"),
        _choice("surface", SURFACES),
        Column("device"),
        _id("session_id"),
        Column("position", Kind.INTEGER, minimum=1),
        _id("request_id"),
        _share("propensity"),
        _share("rendition_propensity"),
        _not_negative("dwell_seconds"),
        _share("progress_share"),
        Column("value", Kind.NUMBER),
        Column("reason"),
        _id("issue_id"),
        Column("target_type"),
        _id("target_id"),
        Column("received_at", Kind.TIME),
    ),
    key=("event_id",),
)

_CAMPAIGNS = Table(
    "campaigns",
    (
        _id("campaign_id", required=True),
        Column("purpose"),
        Column("starts_at", Kind.TIME),
        Column("ends_at", Kind.TIME),
    ),
    key=("campaign_id",),
)

_KPIS = Table(
    "kpis",
    (
        _id("campaign_id", required=True),
        _id("name", required=True),
        Column("unit"),
        Column("baseline", Kind.NUMBER),
        Column("target", Kind.NUMBER),
        Column("due_at", Kind.TIME),
        Column("frozen_at", Kind.TIME),
    ),
    key=("campaign_id", "name"),
)

_KPI_VALUES = Table(
    "kpi_values",
    (
        _id("name", required=True),
        Column("period", required=True),
        Column("group"),
        Column("value", Kind.NUMBER),
    ),
    key=("name", "period", "group"),
)

_SURVEY_ANSWERS = Table(
    "survey_answers",
    (
        _id("survey_id", required=True),
        Column("cohort"),
        Column("value", Kind.NUMBER),
        Column("week"),
    ),
    key=(),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _EMPLOYEES, _PREFERENCES, _CONTENTS, _RENDITIONS, _EVENTS, _CAMPAIGNS, _KPIS,
        _KPI_VALUES, _SURVEY_ANSWERS,
    )
}  # fmt: skip
"""All canonical tables by name, in the order they are imported (catalogue before events)."""
