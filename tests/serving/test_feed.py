"""The feed: what is answered, pages, the slate log, and acting, then reading."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from recsys.answers import FeedRequest
from recsys.engine import Engine
from recsys.errors import StoreError
from serving.worker import build_state

if TYPE_CHECKING:
    from tests.serving.conftest import Company, Server, StartServer


def ids(feed: dict[str, Any]) -> list[str]:
    return [item["content_id"] for item in feed["items"]]


def test_a_feed_says_everything_about_every_slot(shared: Server) -> None:
    feed = shared.feed(limit=5)
    assert feed["assignments"] == []
    assert feed["degraded"] == "no_model"
    assert [item["position"] for item in feed["items"]] == [1, 2, 3, 4, 5]
    for item in feed["items"]:
        assert item["title"]
        assert item["url"].startswith(("https://", "/portal/"))
        assert item["est_minutes"] > 0
        assert 0 < item["rendition_propensity"] <= 1
        assert 0 < item["propensity"] <= 1
        assert all(set(reason) == {"code", "text"} for reason in item["reasons"])


def test_the_champion_serves_as_the_engine_alone_would(
    start: StartServer, company: Company, champion: str
) -> None:
    server = start(models_dir=company.models_dir)
    feed = server.feed(request_id="asked", limit=10)
    assert (feed["model_version"], feed["degraded"]) == (champion, None)
    with server.services.worker.engine() as (serving, at):
        model = serving.model
    engine = Engine(model, build_state(company.dataset, at, 1), [])
    expected = engine.feed(FeedRequest(server.employee, at, limit=10, request_id="asked"))
    assert ids(feed) == [item.content_id for item in expected.items]
    assert [i["rendition_id"] for i in feed["items"]] == [i.rendition_id for i in expected.items]


def test_reasons_speak_the_language_asked_for(shared: Server) -> None:
    japanese, english = (
        [
            reason["text"]
            for item in shared.feed(lang=lang, request_id="same")["items"]
            for reason in item["reasons"]
        ]
        for lang in ("ja", "en-GB")
    )
    assert "全員が読むお知らせです" in japanese
    assert "Everyone is asked to read this" in english
    assert len(japanese) == len(english)


def test_an_unknown_employee_gets_a_cold_feed(shared: Server) -> None:
    assert len(shared.feed("nobody we know", limit=7)["items"]) == 7


def test_an_open_changes_the_very_next_feed(server: Server) -> None:
    feed = server.feed()
    opened = next(i["content_id"] for i in feed["items"] if i["slot_type"] != "mandatory")
    server.post(server.event("act-1", content_id=opened))
    after = server.feed()
    assert opened not in ids(after)
    assert after["request_id"] != feed["request_id"]


def test_a_fast_client_clock_delays_nothing(server: Server) -> None:
    opened = ids(server.feed())[-1]
    server.post(server.event("act-1", content_id=opened, occurred_at="2030-01-01T00:00:00Z"))
    assert opened not in ids(server.feed())
    stored = server.services.store.load()["events"].iloc[-1]
    assert stored["occurred_at"] == stored["received_at"]


def test_pages_keep_candidates_and_positions(server: Server) -> None:
    pages, cursor = [server.feed(request_id="first", limit=8)], None
    whole = server.feed(request_id="first", limit=100)
    assert ids(pages[0]) == ids(whole)[:8]
    server.post(server.event("between", content_id=ids(whole)[9]))
    while (cursor := pages[-1]["next_cursor"]) is not None:
        pages.append(server.feed(cursor=cursor, limit=8))
    items = [item for page in pages for item in page["items"]]
    assert [item["content_id"] for item in items] == ids(whole)
    assert [item["position"] for item in items] == list(range(1, len(items) + 1))
    assert {page["request_id"] for page in pages} == {"first"}
    assert len(pages) == -(-len(whole["items"]) // 8)


@pytest.mark.parametrize("cursor", ["x", "%%%", "MTA6dW5rbm93bg==", "é"])
def test_a_cursor_of_nothing_is_a_problem(shared: Server, cursor: str) -> None:
    problem = shared.get(f"/v1/employees/{shared.employee}/feed", 422, cursor=cursor)
    assert problem["errors"][0]["location"] == "query.cursor"


def test_a_cursor_opens_only_its_own_employees_feed(shared: Server) -> None:
    cursor = shared.feed(limit=2)["next_cursor"]
    shared.get("/v1/employees/sim-000004/feed", 422, cursor=cursor)


def test_a_known_request_id_gives_the_same_feed_again(start: StartServer) -> None:
    first, second = start(), None
    feed = first.feed(request_id="again")
    first.post(first.event("1", content_id=ids(feed)[4]))
    assert first.feed(request_id="again") == feed
    second = start()
    assert second.feed(request_id="again") == feed


def test_max_minutes_holds_over_all_pages(shared: Server) -> None:
    short = shared.feed(max_minutes=12, limit=100)
    assert 0 < len(short["items"]) < len(shared.feed(limit=100)["items"])


def test_the_slate_log_holds_what_was_answered(shared: Server) -> None:
    feed = shared.feed(limit=100)
    logged = shared.services.slates.find(shared.employee, feed["request_id"])
    assert logged is not None
    assert logged.surface == "portal"
    assert logged.slate.model_version == feed["model_version"]
    names = ("content_id", "rendition_id", "position", "score", "propensity", "slot_type")
    for item, slot in zip(feed["items"], logged.slate.items, strict=True):
        assert {name: item[name] for name in names} == {n: getattr(slot, n) for n in names}
        assert item["rendition_propensity"] == slot.rendition_propensity
        assert tuple(reason["code"] for reason in item["reasons"]) == slot.reasons
    assert len({slot.rendition_propensity for slot in logged.slate.items}) > 1


def test_the_request_ids_of_employees_do_not_meet(shared: Server) -> None:
    mine = shared.feed(request_id="1")
    shared.feed("sim-000004", request_id="1")
    assert shared.feed(request_id="1") == mine


def test_an_engine_without_time_gives_everybodys_feed(start: StartServer) -> None:
    server = start(feed_budget_ms=30)
    before = server.feed(limit=30)
    with server.services.worker.engine():
        began = time.monotonic()
        feed = server.feed(request_id="hurried")
        assert time.monotonic() - began < 5
        health = server.get("/healthz")
    assert health["status"] == "ok"
    assert (feed["degraded"], feed["next_cursor"]) == ("time_budget", None)
    assert {item["slot_type"] for item in feed["items"]} <= {"mandatory", "fallback"}
    assert all(item["propensity"] == 1 and item["title"] for item in feed["items"])
    assert [item["position"] for item in feed["items"]] == list(range(1, 21))
    assert server.feed(request_id="hurried") == feed, "it was logged"
    after = server.feed(limit=30)
    assert after["degraded"] == before["degraded"]


def test_a_slate_log_that_cannot_be_written_costs_no_feed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("recsys.store.line.Line.write", fail)
    feed = server.feed()
    assert len(feed["items"]) == 20
    assert server.services.slates.find(server.employee, feed["request_id"]) is None


def test_a_page_goes_on_after_what_was_answered(server: Server) -> None:
    first = server.feed(limit=5, surface="mobile", max_minutes=200)
    now = server.services.clock.now().isoformat()
    server.send("PUT", "/v1/contents/news", {"title": "News", "published_at": now})
    second = server.feed(limit=5, cursor=first["next_cursor"])
    assert [item["position"] for item in second["items"]] == [6, 7, 8, 9, 10]
    assert not {*ids(first)} & {*ids(second)}
    assert "news" not in ids(second)
    assert "news" in ids(server.feed(limit=100))
    logged = server.services.slates.find(server.employee, first["request_id"])
    assert logged is not None
    assert [i.content_id for i in logged.slate.items] == [*ids(first), *ids(second)]
    assert server.feed(limit=10, request_id=first["request_id"])["items"] == [
        *first["items"], *second["items"],
    ]  # fmt: skip
    open_item = server.event("1", content_id=ids(second)[0], request_id=first["request_id"])
    server.post(open_item)
    event = server.services.store.load()["events"].iloc[-1]
    assert event["position"] == 6
