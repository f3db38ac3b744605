"""Everything that goes wrong has one shape; keys open what their scope says."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from httpx import Response

    from serving.keys import Scope
    from tests.serving.conftest import Server

FEED = "/v1/employees/sim-000003/feed"


def check(response: Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["instance"] == response.request.url.path
    assert {"type", "title", "detail"} <= set(problem)
    return problem


def test_without_a_key(shared: Server) -> None:
    for headers in ({}, {"Authorization": "Bearer rk_wrong"}, {"Authorization": "Basic eA=="}):
        response = shared.client_with(headers).get(FEED)
        check(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_an_expired_and_a_revoked_key(shared: Server) -> None:
    stale = bearer(shared.settings, "admin", lifetime=timedelta(seconds=-1))
    check(shared.client_with(stale).get(FEED), 401)
    client = shared.client_with(bearer(shared.settings, "portal"))
    assert client.get(FEED).status_code == 200
    shared.services.keys.revoke(shared.services.keys.all()[-1].key_id, datetime.now(UTC))
    time.sleep(1)  # as long as a key that was found is remembered
    check(client.get(FEED), 401)


@pytest.mark.parametrize(
    ("scope", "feed", "events", "content", "erase", "model"),
    [
        ("portal", 200, 200, 403, 403, 200),
        ("newsletter", 403, 200, 403, 403, 200),
        ("comms", 403, 403, 422, 403, 200),
        ("compliance", 403, 403, 403, 403, 200),
        ("admin", 200, 200, 422, 200, 200),
    ],
)
def test_scopes(
    shared: Server, scope: Scope, feed: int, events: int, content: int, erase: int, model: int
) -> None:
    client = shared.client_with(bearer(shared.settings, scope))
    answers = [
        (client.get(FEED), feed),
        (client.post("/v1/events", json={"events": []}), events),
        (client.put("/v1/contents/x", json={}), content),
        (client.delete("/v1/employees/nobody"), erase),
        (client.get("/v1/model"), model),
    ]
    for response, status in answers:
        assert response.status_code == status, response.text
        if status >= 400:
            check(response, status)


def test_an_unknown_path_and_a_wrong_method(shared: Server) -> None:
    check(shared.client.get("/v2/nothing"), 404)
    response = shared.client.delete("/v1/events")
    check(response, 405)
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ({"limit": 0}, "query.limit"), ({"limit": "many"}, "query.limit"),
        ({"surface": "moon"}, "query.surface"), ({"max_minutes": "nan"}, "query.max_minutes"),
        ({"request_id": ""}, "query.request_id"),
    ],
)  # fmt: skip
def test_a_bad_query_names_its_fault(shared: Server, query: dict[str, Any], location: str) -> None:
    problem = check(shared.client.get(FEED, params=query), 422)
    assert [fault["location"] for fault in problem["errors"]] == [location]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": 1}', b"\xff\xfe"])
def test_a_bad_body(shared: Server, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = shared.client.post("/v1/events", content=body, headers=headers)
    assert response.status_code in {400, 422}
    check(response, response.status_code)


def test_a_body_that_is_too_large(shared: Server) -> None:
    large = b'{"events": [' + b" " * (10 * 1024 * 1024) + b"]}"
    check(shared.client.post("/v1/events", content=large), 413)
    json = {"Content-Type": "application/json"}
    parts = (large[i::2] for i in range(2))
    streamed = shared.client.post("/v1/events", content=parts, headers=json)
    check(streamed, 413)


def test_a_defect_says_nothing_about_itself(
    shared: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("serving.routes.events.read_rows", fail)
    response = shared.client.post("/v1/events", json={"events": []})
    check(response, 500)
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    said = "\n".join(capsys.readouterr())  # which of the two depends on what ran before
    (line,) = [line for line in said.splitlines() if "defect" in line]
    assert "ZeroDivisionError" in line
    assert " fail" in line, "the function where it happened"
    assert "secret" not in line


def test_every_answer_carries_security_headers(shared: Server) -> None:
    for path in ("/healthz", FEED, "/v2/nothing"):
        headers = shared.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


def test_the_page_of_routes_is_there(shared: Server) -> None:
    assert shared.client.get("/docs").status_code == 200
