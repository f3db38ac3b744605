"""Canonical rows over the wire: described, and answered, as the declared tables say."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from recsys.dataset.dataset import ATTRIBUTES
from recsys.dataset.parsing import LONGEST_ID
from recsys.schema import TABLES, Column, Kind, Table

__all__ = [
    "EXAMPLES", "ROW_SCHEMAS", "ContentBody", "ContentRow", "EmployeeBody", "EmployeeRow",
    "EventRow", "PreferencesBody", "RenditionBody", "RenditionRow", "StoredContent",
    "StoredPreferences", "StoredRendition", "example_row", "row_values",
]  # fmt: skip

EXAMPLES: dict[str, dict[str, Any]] = {
    "events": {
        "event_id": "e-7f3a", "event_type": "read", "employee_id": "p-81c2",
        "occurred_at": "2026-05-01T09:30:12+09:00", "content_id": "c-42",
        "rendition_id": "c-42-summary", "surface": "portal", "device": "desktop",
        "request_id": "r-1f6c", "dwell_seconds": 48.5,
    },
    "contents": {
        "title": "New safety rules in the plant", "published_at": "2026-05-01T09:00:00+09:00",
        "summary": "What changes on Monday.", "language": "en", "topics": ["safety", "plant"],
        "owner_department": "production", "content_type": "notice", "mandatory": True,
        "ack_required": True, "ack_due_at": "2026-05-15T00:00:00Z",
        "audience": {"site": ["osaka", "nagoya"]},
    },
    "renditions": {
        "content_id": "c-42", "format": "short_video", "language": "en",
        "title": "Safety rules in 60 seconds", "duration_seconds": 60, "has_captions": True,
        "url": "https://intranet.example/videos/c-42",
    },
    "employees": {
        "department": "production", "site": "osaka", "work_style": "shift", "language": "ja",
        "timezone": "Asia/Tokyo", "has_pc": False, "has_mobile": True, "active": True,
        "valid_from": "2026-04-01",
    },
    "preferences": {
        "personalization_opt_out": False, "preferred_format": "text_summary",
        "muted_topics": ["sports"], "languages": ["ja", "en"],
    },
}  # fmt: skip
"""One worked row per table; ids that stand in the path are left out."""

_IN_PATH = {
    "contents": "content_id", "renditions": "rendition_id", "employees": "employee_id",
    "preferences": "employee_id",
}  # fmt: skip
_EXAMPLE_IDS = {"content_id": "c-42", "rendition_id": "c-42-film", "employee_id": "p-81c2"}
_OF_SERVER = {"events": ("received_at",)}
"""Columns that are not the caller's to say."""

_ID = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
_TIME = {"type": "string", "format": "date-time", "description": "With a zone, ISO 8601."}
_KINDS: Mapping[Kind, dict[str, Any]] = {
    Kind.ID: _ID,
    Kind.TEXT: {"type": "string"},
    Kind.LIST: {"type": "array", "items": {"type": "string"}},
    Kind.JSON: {"type": "object", "description": "An audience rule."},
    Kind.FLAG: {"type": "boolean"},
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.TIME: _TIME,
    Kind.DATE: {
        "anyOf": [{"type": "string", "format": "date"}, _TIME],
        "description": "A day (its midnight in UTC) or a time with a zone.",
    },
}


def _column_schema(column: Column) -> dict[str, Any]:
    schema = dict(_KINDS[column.kind])
    if column.choices:
        schema["enum"] = list(column.choices)
    if column.minimum is not None:
        schema["minimum"] = column.minimum
    if column.maximum is not None:
        schema["maximum"] = column.maximum
    return schema if column.required else _or_null(schema)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    described = {"description": schema.pop("description")} if "description" in schema else {}
    return {"anyOf": [schema, {"type": "null"}]} | described


def _row_schema(table: Table) -> dict[str, Any]:
    key, hidden = _IN_PATH.get(table.name), _OF_SERVER.get(table.name, ())
    columns = [column for column in table.columns if column.name not in hidden]
    told = f"A row of the table `{table.name}`; columns of your own are kept as attributes."
    if key is not None:
        told += f" `{key}` is required in a batch; elsewhere the path says it."
    return {
        "type": "object",
        "title": _NAMES[table.name],
        "description": told,
        "properties": {column.name: _column_schema(column) for column in columns},
        "required": [c.name for c in columns if c.required and c.name != key],
        "additionalProperties": True,
        "examples": [EXAMPLES[table.name]],
    }


_NAMES = {
    "events": "EventRow", "contents": "ContentRow", "renditions": "RenditionRow",
    "employees": "EmployeeRow", "preferences": "PreferencesRow",
}  # fmt: skip

ROW_SCHEMAS: dict[str, dict[str, Any]] = {
    name: _row_schema(TABLES[table]) for table, name in _NAMES.items()
}
"""By name: components of the OpenAPI description."""


def _described(table: str) -> WithJsonSchema:
    return WithJsonSchema({"$ref": f"#/components/schemas/{_NAMES[table]}"})


# Described, not checked, by these: a bad row is reported and does not stop the others.
EventRow = Annotated[Any, _described("events")]
ContentRow = Annotated[Any, _described("contents")]
RenditionRow = Annotated[Any, _described("renditions")]
EmployeeRow = Annotated[Any, _described("employees")]

ContentBody = Annotated[dict[str, Any], _described("contents")]
RenditionBody = Annotated[dict[str, Any], _described("renditions")]
EmployeeBody = Annotated[dict[str, Any], _described("employees")]
PreferencesBody = Annotated[dict[str, Any], _described("preferences")]


_TYPES: Mapping[Kind, Any] = {
    Kind.ID: str, Kind.TEXT: str, Kind.LIST: list[str], Kind.JSON: dict[str, Any], Kind.FLAG: bool,
    Kind.NUMBER: float, Kind.INTEGER: int, Kind.TIME: datetime, Kind.DATE: datetime,
}  # fmt: skip


def _row_model(name: str, table: Table, doc: str) -> type[BaseModel]:
    """Return the model of a stored row: every declared column, and ``attributes``."""
    fields: dict[str, Any] = {column.name: _field(column) for column in table.columns}
    fields[ATTRIBUTES] = (
        dict[str, Any],
        Field(default_factory=dict, description="Columns of the company's own."),
    )
    config = ConfigDict(json_schema_extra={"examples": [example_row(table.name)]})
    return create_model(name, __config__=config, __doc__=doc, **fields)


def _field(column: Column) -> tuple[Any, Any]:
    kind = Literal[column.choices] if column.choices else _TYPES[column.kind]
    return (kind, ...) if column.required else (kind | None, None)


def example_row(table: str) -> dict[str, Any]:
    """Return the worked example of a table with its id."""
    key = _IN_PATH[table]
    return {key: _EXAMPLE_IDS[key]} | EXAMPLES[table]


StoredContent = _row_model("StoredContent", TABLES["contents"], "A content as it is stored.")
StoredRendition = _row_model(
    "StoredRendition", TABLES["renditions"], "A rendition as it is stored."
)
StoredPreferences = _row_model(
    "StoredPreferences", TABLES["preferences"], "An employee's own choices; null: none was made."
)


def row_values(table: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a canonical frame as JSON values; what is missing is left out."""
    kinds = {column.name: column.kind for column in TABLES[table].columns}
    kinds[ATTRIBUTES] = Kind.JSON
    columns = [frame[name].astype(object) for name in kinds]
    return [
        {
            name: _value(kind, value)
            for (name, kind), value in zip(kinds.items(), row, strict=True)
            if pd.notna(value)
        }
        for row in zip(*columns, strict=True)
    ]


def _value(kind: Kind, value: Any) -> Any:  # noqa: ANN401  # of the column's own type
    if kind is Kind.LIST:
        return value.split(";")
    if kind is Kind.JSON:
        return orjson.loads(value)
    return value
