"""What the API says of itself: rows, errors, names and examples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from recsys.borders import checked_rows
from recsys.schema import TABLES
from serving.rows import EXAMPLES, ROW_SCHEMAS, example_row

if TYPE_CHECKING:
    from tests.serving.conftest import Server

_TABLE_OF = {
    "EventRow": "events", "ContentRow": "contents", "RenditionRow": "renditions",
    "EmployeeRow": "employees", "PreferencesRow": "preferences",
}  # fmt: skip


_NOT_JSON = ("GET /metrics", "GET /v1/newsletters/{issue_id}/picks")
"""Plain text, and JSON line by line."""
_LATER = "POST /v1/newsletters/{issue_id}/plan"
"""Answers before it is done."""


def operations(server: Server) -> dict[str, dict[str, Any]]:
    paths = server.get("/openapi.json")["paths"]
    return {
        f"{method.upper()} {path}": operation
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_every_route_is_described(shared: Server) -> None:
    names = [operation["operationId"] for operation in operations(shared).values()]
    assert len(set(names)) == len(names)
    for route, operation in operations(shared).items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"]), route
        assert 5 < len(operation["summary"]) <= 100, route
        assert operation["tags"], route
        if route not in _NOT_JSON:
            good = operation["responses"].get("200") or operation["responses"]["202"]
            assert good["content"]["application/json"]["schema"], route


def test_every_error_that_can_happen_is_described_in_one_shape(shared: Server) -> None:
    for route, operation in operations(shared).items():
        told = set(operation["responses"])
        wanted = {"202" if route == _LATER else "200", "default"}
        if "security" in operation:
            wanted |= {"401", "403", "429"}
        if "{" in route or operation.get("parameters"):
            wanted |= {"422"}
        if "requestBody" in operation:
            wanted |= {"400", "413", "415", "422"}
        if "{content_id}" in route and not route.startswith("PUT"):
            wanted |= {"404"}
        assert wanted <= told, route
        for status, response in operation["responses"].items():
            if status not in ("200", "202"):
                assert list(response["content"]) == ["application/problem+json"], route
                problem = response["content"]["application/problem+json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize("name", ROW_SCHEMAS)
def test_rows_are_described_as_the_schema_declares_them(shared: Server, name: str) -> None:
    described = shared.get("/openapi.json")["components"]["schemas"][name]
    table = TABLES[_TABLE_OF[name]]
    assert list(described["properties"]) == [
        column.name for column in table.columns if column.name != "received_at"
    ]
    for column in table.columns:
        if column.choices:
            schema = described["properties"][column.name]
            told = schema if column.required else schema["anyOf"][0]
            assert told["enum"] == list(column.choices)


@pytest.mark.parametrize("table", EXAMPLES)
def test_worked_examples_are_good_rows(table: str) -> None:
    row = EXAMPLES[table] if table == "events" else example_row(table)
    frame, rejects = checked_rows(table, [row])
    assert not rejects
    assert len(frame) == 1
    assert set(row) <= set(TABLES[table].column_names)


def test_bodies_refer_to_rows_and_show_them(shared: Server) -> None:
    api = shared.get("/openapi.json")
    schemas = api["components"]["schemas"]
    events = api["paths"]["/v1/events"]["post"]["requestBody"]
    described = events["content"]["application/json"]["schema"]
    assert described["examples"] == [{"events": [EXAMPLES["events"]]}]
    assert described["properties"]["events"]["items"]["$ref"].endswith("/EventRow")
    body = api["paths"]["/v1/contents/{content_id}"]["put"]["requestBody"]
    assert body["content"]["application/json"]["schema"]["$ref"].endswith("/ContentRow")
    batch = schemas["Body_put_contents"]["properties"]["contents"]
    assert batch["items"]["$ref"].endswith("/ContentRow")
    assert batch["examples"] == [[example_row("contents")]]


def test_every_reference_leads_somewhere(shared: Server) -> None:
    text = shared.client.get("/openapi.json").text
    schemas = shared.get("/openapi.json")["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= set(schemas)
    assert not [name for name in schemas if name.startswith("_") or "__" in name]
