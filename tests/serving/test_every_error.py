"""One shape of errors: the same faults on every route that is described."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import psycopg
import pytest

from recsys.settings import Settings
from serving.app import create_app
from serving.rows import EXAMPLES
from tests.serving.conftest import bearer, starting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from httpx import Client, Response

    from serving.keys import Scope
    from tests.serving.conftest import Company, Server, StartServer

_JSON = {"Content-Type": "application/json"}
_LONGEST_BODY = 10 * 1024 * 1024


class Route(NamedTuple):
    """A route, with a good question to begin from."""

    method: str
    template: str
    has_body: bool
    has_key: bool
    statuses: frozenset[str]
    tag: str

    def path(self, name: str = "x") -> str:
        filled = self.template.replace("{surface}", "signage")
        return re.sub(r"{\w+}", quote(name, safe=""), filled)

    @property
    def has_id(self) -> bool:
        return "_id}" in self.template

    @property
    def query(self) -> dict[str, str]:
        if self.template.endswith("unacknowledged"):
            return {"purpose": "a reminder"}
        return {"employee": "x"} if self.template.endswith("explain") else {}

    @property
    def body(self) -> Any:
        if not self.has_body:
            return None
        for table, row in EXAMPLES.items():
            if f"/{table}/" in self.template:
                return row
        named = re.search(r"(\w+):batch", self.template)
        if named:
            return {named[1]: []}
        for ending, body in _OF_EXPERIMENTS.items():
            if self.template.endswith(ending):
                return body
        if self.template.endswith("/plan"):
            return {"send_at": "2026-07-03T03:00:00Z"}
        return {"events": []} if self.template.endswith("events") else {"rule": {}}


_OF_EXPERIMENTS: dict[str, Any] = {
    "/drop": {"variant": "b"}, "/decide": {"variant": "b", "reason": "It is better."},
    "/assignments": {"variant": "b", "employee_id": "x"},
    "/exposures": {"employee_id": "x", "shown_at": "2026-07-03T03:00:00Z"},
}  # fmt: skip


@cache
def routes() -> list[Route]:
    described = create_app(Settings(database_url="sqlite:///unused.db")).openapi()["paths"]
    return [
        Route(
            method.upper(), path, "requestBody" in operation, "security" in operation,
            frozenset(operation["responses"]), operation["tags"][0],
        )
        for path, methods in described.items()
        for method, operation in methods.items()
    ]  # fmt: skip


def every(*conditions: Callable[[Route], bool]) -> pytest.MarkDecorator:
    """Parametrise by the routes that meet all conditions."""
    chosen = [route for route in routes() if all(c(route) for c in conditions)]
    return pytest.mark.parametrize("route", chosen, ids=lambda r: f"{r.method} {r.template}")


def has_key(route: Route) -> bool:
    return route.has_key


def has_body(route: Route) -> bool:
    return route.has_body


def has_id(route: Route) -> bool:
    return route.has_id


def check(response: Response, *statuses: int) -> dict[str, Any]:
    """The one set of assertions that every error has to pass."""
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "instance"}
    assert problem["status"] == response.status_code
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/")
    assert problem["instance"].isascii()
    for fault in problem.get("errors", []):
        assert set(fault) == {"location", "expected"}
    return problem


@pytest.fixture(scope="module")
def playground(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for tests that write what nobody looks at."""
    with starting(company, tmp_path_factory.mktemp("playground")) as new:
        yield new()


def ask(client: Client, route: Route, **more: Any) -> Response:
    given = {"params": route.query, "json": route.body} | more
    if "content" in given:
        given.pop("json")
    return client.request(route.method, given.pop("path", route.path()), **given)


@every(has_key)
def test_missing_wrong_and_expired_keys(shared: Server, route: Route) -> None:
    stale = bearer(shared.settings, "admin", lifetime=timedelta(seconds=-1))
    for headers in ({}, {"Authorization": "Bearer rk_wrong"}, {"Authorization": "Basic eA=="},
                    {"Authorization": "Bearer"}, stale):  # fmt: skip
        response = ask(shared.client_with(headers), route)
        check(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")


@every(has_key, lambda route: route.template != "/v1/model")
def test_a_key_of_another_scope(shared: Server, route: Route) -> None:
    other: Scope = "portal" if route.tag == "compliance" else "compliance"
    client = shared.client_with(bearer(shared.settings, other))
    assert "scope" in check(ask(client, route), 403)["detail"]


@every()
def test_a_wrong_method(shared: Server, route: Route) -> None:
    possible = {other.method for other in routes() if other.template == route.template}
    for method in {"PATCH", "GET", "POST", "PUT", "DELETE"} - possible:
        response = shared.client.request(method, route.path())
        check(response, 405)
        assert response.headers["allow"]


@every(has_body)
def test_a_body_that_is_too_large(shared: Server, route: Route) -> None:
    large = b'{"x": "' + b"x" * _LONGEST_BODY + b'"}'
    check(ask(shared.client, route, content=large, headers=_JSON), 413)
    parts = (large[n : n + 1_000_000] for n in range(0, len(large), 1_000_000))
    check(ask(shared.client, route, content=parts, headers=_JSON), 413)


@every(has_body)
@pytest.mark.parametrize("body", [b"{", b"'x'", b"\xff\xfe\x00", b'{"x": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_json(shared: Server, route: Route, body: bytes) -> None:
    check(ask(shared.client, route, content=body, headers=_JSON), 400, 422)


@every(has_body)
@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"', b"true", b"", b"NaN", b"1e999"])
def test_a_body_that_is_no_object(shared: Server, route: Route, body: bytes) -> None:
    check(ask(shared.client, route, content=body, headers=_JSON), 422)


@every(has_body)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", None])
def test_a_body_of_another_type(shared: Server, route: Route, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    problem = check(ask(shared.client, route, content=b"a=1", headers=headers), 415)
    assert "application/json" in problem["detail"]


@every(lambda route: "404" in route.statuses)
def test_an_unknown_id(shared: Server, route: Route) -> None:
    assert "'unknown?#'" in check(ask(shared.client, route, path=route.path("unknown?#")), 404)[
        "detail"
    ]  # fmt: skip


@every(has_id)
@pytest.mark.parametrize("name", ["a\0b", "\0", "x" * 401, "😀" * 401, "x" * 20_000])
def test_ids_that_cannot_be(shared: Server, route: Route, name: str) -> None:
    check(ask(shared.client, route, path=route.path(name)), 422)


@every(has_id)
@pytest.mark.parametrize("name", ["%ED%A0%80", "%FF", "%C0%80", "..%2F", "%0A", "[x", "%20"])
def test_odd_ids_are_no_defect(playground: Server, route: Route, name: str) -> None:
    path = route.template.replace("{surface}", "signage")
    response = ask(playground.client, route, path=re.sub(r"{\w+}", name, path))
    if response.status_code >= 400:
        is_own = route.template.endswith("}/experiments")  # for the employee's token only
        check(response, 404, 405, 410, 422, *([403] if is_own else []))


@every()
def test_a_nul_in_a_query(shared: Server, route: Route) -> None:
    check(ask(shared.client, route, params={"employee": "a\0b", "cursor": "\0"}), 422)


@pytest.mark.parametrize("time", ["noon", "2026-05-01T09:00:00", 7, "0001-01-01T00:00:00Z", {}])
@pytest.mark.parametrize(
    ("path", "column"),
    [("/v1/contents/x", "published_at"), ("/v1/contents/x", "expires_at"),
     ("/v1/employees/x", "valid_from")],
)  # fmt: skip
def test_a_bad_time_in_a_row(shared: Server, path: str, column: str, time: object) -> None:
    row = EXAMPLES["contents" if "contents" in path else "employees"] | {column: time}
    if (column, time) == ("valid_from", 7):
        return  # the day 7 is none either, but numbers are text there
    problem = check(shared.client.put(path, json=row), 422)
    assert problem["errors"][0]["location"] == f"body.{column}"


_HALF = '"\\ud800"'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/contents/x", '{"title": %s, "published_at": "2026-05-01T00:00:00Z"}'),
        ("/v1/contents/x", '{"title": "a\\u0000", "published_at": %s}'),
        ("/v1/contents/x", '{"title": "a\\u0000b", "published_at": "2026-05-01T00:00:00Z"}'),
        ("/v1/contents/x", '{"title": "t", "published_at": "2026-05-01", "content_id": %s}'),
        ("/v1/contents/x", '{"title": "t", "published_at": "2026-05-01", "audience": {%s: 1}}'),
        ("/v1/employees/x", '{"site": %s}'),
        ("/v1/employees/x/preferences", '{"muted_topics": [%s]}'),
        ("/v1/renditions/x", '{"content_id": "a\\u0000", "format": "video"}'),
    ],
)  # fmt: skip
def test_half_characters_and_nul_in_one_row(shared: Server, path: str, body: str) -> None:
    content = (body % _HALF if "%s" in body else body).encode()
    check(shared.client.put(path, content=content, headers=_JSON), 422)


def test_half_characters_in_names_and_rules(shared: Server) -> None:
    for body in ('{"rule": {}, "by": %s}', '{"rule": {%s: 1}, %s: 1}', '{"rule": {"segment": %s}}'):
        content = body.replace("%s", _HALF).encode()
        check(shared.client.post("/v1/audiences:estimate", content=content, headers=_JSON), 422)


def hostile_events(server: Server) -> bytes:
    good = server.event("good", content_id="c")
    columns = ("event_id", "employee_id", "content_id", "request_id", "device", "reason")
    bad: list[dict[str, object]] = []
    for name in columns:
        bad += [good | {name: "a\0b"}, good | {name: "HALF"}]
    bad += [good | {"event_id": "x" * 401}, good | {"employee_id": "é" * 100_000}]
    return json.dumps({"events": [*bad, good]}).replace("HALF", "\\ud800").encode()


def check_hostile_rows(server: Server) -> None:
    body = hostile_events(server)
    report = server.client.post("/v1/events", content=body, headers=_JSON)
    assert report.status_code == 200, report.text
    answer = report.json()
    assert answer["accepted"] == 1
    assert len(answer["rejected"]) == 14
    named = {rejected["column"]: rejected["expected"] for rejected in answer["rejected"]}
    assert "NUL" in named["device"]
    odd = '{"event_id": "odd", "event_type": "search", "employee_id": "e", "occurred_at": "%s", %s}'
    now = server.services.clock.now().isoformat()
    extra = '"\\ud800": "\\ud800", "a\\u0000": "b\\u0000", "n": {"\\u0000": "\\u0000"}'
    content = ('{"events": [' + odd % (now, extra) + "]}").encode()
    response = server.client.post("/v1/events", content=content, headers=_JSON)
    assert response.json()["accepted"] == 1, response.text
    row = EXAMPLES["contents"] | {"floor\0": "3\0"}
    server.send("PUT", "/v1/contents/odd", row)
    assert server.get("/v1/contents/odd")["attributes"] == {"floor\0": "3\0"}
    for path in ("/v1/employees/a%00/feed", "/v1/contents/a%00", "/v1/contents?cursor=YQBi"):
        check(server.client.get(path), 422)
    check(server.client.get("/v1/employees/x/feed?cursor=MDphAGI="), 422)
    check(server.client.get("/v1/employees/x/feed", params={"request_id": "a\0"}), 422)
    check(server.client.delete("/v1/employees/a%00"), 422)


def test_rows_that_no_database_holds_are_named(server: Server) -> None:
    check_hostile_rows(server)


@pytest.mark.postgres
def test_nor_does_postgresql(start: StartServer, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE hostile_rows")
    server = start(database_url=postgres_url.replace("/postgres?", "/hostile_rows?"))
    check_hostile_rows(server)
    for row_id in ("y" * 400, "😀" * 400):
        server.send("PUT", f"/v1/contents/{quote(row_id)}", EXAMPLES["contents"])
    assert len(server.get("/v1/contents", limit=10)["items"]) == 3
    assert server.get("/v1/reports/overview")["contents"]["live"] >= 1
    row = EXAMPLES["contents"] | {"audience": {}}
    server.send("PUT", "/v1/contents/all", row)
    assert [item["content_id"] for item in server.get("/v1/feeds/signage")["items"]] == ["all"]
