"""Pages of other sites: only those that are listed, with errors they can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from recsys.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.serving.conftest import Company, Server

PORTAL = "https://portal.example.com"
FEED = "/v1/employees/sim-000003/feed"


@pytest.fixture(scope="module")
def listed(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from tests.serving.conftest import starting

    folder: Path = tmp_path_factory.mktemp("cors")
    with starting(company, folder) as new:
        yield new(cors_origins=f"{PORTAL}, http://127.0.0.1:3000")


def preflight(server: Server, origin: str, method: str = "PUT") -> Any:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return server.client_with(headers).options(FEED)


def test_a_browser_asks_before_it_calls(listed: Server) -> None:
    for origin in (PORTAL, "http://127.0.0.1:3000"):
        answer = preflight(listed, origin)
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] == origin
        assert "PUT" in answer.headers["access-control-allow-methods"]
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert "authorization" in allowed
        assert "content-type" in allowed
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_others_are_not_let_in(listed: Server) -> None:
    for origin in ("https://evil.example.com", f"{PORTAL}.evil.com", "null"):
        answer = preflight(listed, origin)
        assert answer.status_code == 400
        assert "access-control-allow-origin" not in answer.headers
    assert preflight(listed, PORTAL, "DELETE").status_code == 400


def test_answers_and_errors_can_be_read(listed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("serving.routes.events.read_rows", fail)
    headers = dict(listed.client.headers) | {"Origin": PORTAL}
    own, bare = listed.client_with(headers), listed.client_with({"Origin": PORTAL})
    large = b" " * (10 * 1024 * 1024 + 1)
    answers = {
        200: own.get(FEED),
        401: bare.get(FEED),
        404: own.get("/v2/nothing"),
        413: own.post("/v1/events", content=large),
        422: own.get(FEED, params={"limit": 0}),
        500: own.post("/v1/events", json={"events": []}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == PORTAL, status
        assert "retry-after" in answer.headers["access-control-expose-headers"].lower()


def test_by_default_there_are_none(shared: Server) -> None:
    answer = shared.client_with({"Origin": PORTAL}).get("/healthz")
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert preflight(shared, PORTAL).status_code == 405


def test_the_list_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_CORS_ORIGINS", f"{PORTAL},http://localhost:3000,")
    assert Settings().cors_origins == (PORTAL, "http://localhost:3000")
    for wrong in ("*", f"{PORTAL}/", "portal.example.com", "https://*.example.com"):
        monkeypatch.setenv("RECSYS_CORS_ORIGINS", wrong)
        with pytest.raises(ValidationError, match="cors_origins"):
            Settings()
