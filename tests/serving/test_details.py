"""`details=true`: what a page shows of a slot besides its title."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.conftest import EMPLOYEE, starting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.serving.conftest import Company, Server, StartServer


@pytest.fixture(scope="module")
def server(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for contents of a name of their own."""
    with starting(company, tmp_path_factory.mktemp("details")) as new:
        yield new()


def put(server: Server, content_id: str, columns: object, **renditions: object) -> None:
    """Store a pinned content, so that it is in the feed, and its renditions by format."""
    now = server.services.clock.now()
    row = {"title": "Own", "published_at": (now - timedelta(minutes=1)).isoformat(),
           "pinned_until": (now + timedelta(days=1)).isoformat()}  # fmt: skip
    assert isinstance(columns, dict)
    server.send("PUT", f"/v1/contents/{content_id}", row | columns)
    for form, own in renditions.items():
        assert isinstance(own, dict)
        rendition = {"content_id": content_id, "format": form} | own
        server.send("PUT", f"/v1/renditions/{content_id}-{form}", rendition)


def item_of(server: Server, content_id: str) -> dict[str, Any]:
    items = server.feed(details="true", limit=100)["items"]
    return next(item for item in items if item["content_id"] == content_id)


def by_format(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rendition["format"]: rendition for rendition in item["details"]["renditions"]}


def test_only_who_asks_gets_them(shared: Server) -> None:
    plain, full = shared.feed(request_id="d"), shared.feed(request_id="d", details="true")
    for item, detailed in zip(plain["items"], full["items"], strict=True):
        drawn = detailed.pop("details")["renditions"][0]
        assert item == detailed
        assert "details" not in item
        for name in ("rendition_id", "format", "title", "url", "est_minutes"):
            assert drawn[name] == item[name], name


def test_own_columns_and_other_renditions(server: Server) -> None:
    film = {"url": "/m/c.webm", "captions_url": "/m/c.vtt", "poster_url": "/m/c.svg",
            "duration_seconds": 95, "has_captions": True, "language": "ja", "text": 5}  # fmt: skip
    put(server, "c", {"summary": "S", "body": "B", "language": "ja", "ack_required": True},
        video=film, illustration={"alt_text": "A plan", "url": "/m/c.png"},
        text_summary={"title": "In short"}, transcript={"text": "Words", "language": "ja"},
        short_video={"audience": {"employee_id": ["somebody else"]}})  # fmt: skip
    item = item_of(server, "c")
    found = by_format(item)
    assert item["details"]["ack_required"] is True
    assert item["details"]["ack_due_at"] is None
    assert found["video"].items() >= (film | {"text": None, "est_minutes": 1.6}).items()
    assert found["illustration"]["alt_text"] == "A plan"
    assert (found["text_summary"]["title"], found["text_summary"]["text"]) == ("In short", "S")
    assert found["transcript"]["text"] == "Words"
    assert "short_video" not in found
    assert item["details"]["renditions"][0]["rendition_id"] == item["rendition_id"]


def test_texts_of_another_language_are_left_out(server: Server) -> None:
    put(server, "j", {"summary": "要約", "body": "本文", "language": "ja"},
        article={"language": "en", "title": "In English"},
        text_summary={"language": "en", "text": "In short"},
        illustration={"language": "en", "summary": "In a line"})  # fmt: skip
    found = by_format(item_of(server, "j"))
    assert (found["article"]["summary"], found["article"]["text"]) == (None, None)
    assert (found["text_summary"]["summary"], found["text_summary"]["text"]) == (None, "In short")
    assert found["illustration"]["summary"] == "In a line"


def test_an_article_that_is_nowhere_else_is_read_in_place(server: Server) -> None:
    put(server, "here", {"body": "All of it"})
    put(server, "there", {"body": "All of it"}, article={"url": "https://intranet.example/a"})
    assert by_format(item_of(server, "here"))["article"]["text"] == "All of it"
    assert by_format(item_of(server, "there"))["article"]["text"] is None


def test_an_engine_without_time_gives_what_was_drawn(start: StartServer) -> None:
    server = start(feed_budget_ms=1.0)
    first = server.feed(details="true", request_id="busy", limit=3)
    assert any(len(item["details"]["renditions"]) > 1 for item in first["items"])
    with server.services.worker.engine():
        again = server.feed(details="true", request_id="busy", limit=3)
    for item in again["items"]:
        assert [r["rendition_id"] for r in item["details"]["renditions"]] == [item["rendition_id"]]
        assert item["details"]["renditions"][0]["title"]


def test_an_own_token_gets_them(shared: Server) -> None:
    made = shared.send("POST", f"/v1/employees/{EMPLOYEE}/token")
    client = shared.client_with({"Authorization": f"Bearer {made['token']}"})
    answer = client.get(f"/v1/employees/{EMPLOYEE}/feed", params={"details": "true", "limit": 2})
    assert answer.json()["items"][0]["details"]["renditions"]
