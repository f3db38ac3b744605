"""A feed for whoever passes a screen, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from serving.keys import Scope
    from tests.serving.conftest import Answer, Company, Server


def screen(server: Server, surface: str = "signage", **query: str | float) -> Answer:
    return server.get(f"/v1/feeds/{surface}", 200, **query)


def ids(feed: Answer) -> list[str]:
    return [item["content_id"] for item in feed["items"]]


def put(server: Server, content_id: str, **columns: Any) -> None:
    now = server.services.clock.now()
    row = {"title": content_id, "published_at": now.isoformat()} | columns
    server.send("PUT", f"/v1/contents/{content_id}", row)


def test_it_has_the_shape_of_a_personal_feed(shared: Server) -> None:
    feed, personal = screen(shared, limit=5), shared.feed(limit=5)
    assert set(feed) == set(personal)
    assert set(feed["items"][0]) == set(personal["items"][0])
    assert [item["position"] for item in feed["items"]] == [1, 2, 3, 4, 5]
    assert feed["assignments"] == []
    assert feed["next_cursor"] is None
    assert feed["degraded"] is None
    assert {item["propensity"] for item in feed["items"]} == {1.0}
    assert {item["rendition_propensity"] for item in feed["items"]} == {1.0}


def test_it_is_the_same_again_and_kept_nowhere(shared: Server) -> None:
    first, second = screen(shared, site="nowhere"), screen(shared)
    assert first == second | {"request_id": first["request_id"]}
    assert shared.services.slates.find("", first["request_id"]) is None


def test_what_people_do_changes_nothing(server: Server) -> None:
    before = screen(server, limit=100)
    opened = ids(before)[-3:]
    server.post(
        *(
            server.event(f"{kind}-{person}-{content}", event_type=kind, content_id=content,
                         employee_id=f"sim-{person:06}")
            for kind in ("impression", "open", "like")
            for person in range(20)
            for content in opened
        )
    )  # fmt: skip
    assert screen(server, limit=100)["items"] == before["items"]


def test_places_get_what_is_meant_for_all_who_are_there(server: Server, company: Company) -> None:
    site = str(company.dataset["employees"]["site"].iloc[0])
    department = str(company.dataset["employees"]["department"].iloc[0])
    put(server, "all")
    put(server, "here", audience={"site": [site]})
    put(server, "theirs", audience={"all": [{"site": site}, {"department": department}]})
    put(server, "others", audience={"not": {"department": department}})
    new = {"all", "here", "theirs", "others"}
    assert set(ids(screen(server))) & new == {"all"}
    assert set(ids(screen(server, site=site))) & new == {"all", "here"}
    assert set(ids(screen(server, site=site, department=department))) & new == {
        "all", "here", "theirs",
    }  # fmt: skip
    assert set(ids(screen(server, site="nowhere", department="\u2028"))) & new == {"all"}


def test_only_urgent_must_reads_go_first(server: Server) -> None:
    now = server.services.clock.now()
    waiting = screen(server)["must_reads_waiting"]
    due = {"calm": now + timedelta(days=30), "soon": now + timedelta(days=1),
           "late": now - timedelta(days=300)}  # fmt: skip
    for name, at in due.items():
        put(server, name, mandatory=True, ack_required=True, ack_due_at=at.isoformat())
    feed = screen(server)
    items = {item["content_id"]: item for item in feed["items"]}
    assert items["late"]["position"] == 1
    assert feed["must_reads_waiting"] > waiting  # there are others that were due earlier
    assert [r["code"] for r in items["late"]["reasons"]] == ["must_read", "overdue"]
    assert items["calm"]["slot_type"] == "fallback"
    japanese = screen(server, lang="ja")["items"][0]["reasons"][0]["text"]
    assert japanese != items["late"]["reasons"][0]["text"]


@pytest.mark.parametrize("surface", ["portal", "newsletter", "mobile", "signage", "print"])
def test_every_surface_has_one(shared: Server, surface: str) -> None:
    assert screen(shared, surface)["items"]


@pytest.mark.parametrize(("scope", "status"), [("portal", 200), ("comms", 403), ("admin", 200)])
def test_who_may_ask(shared: Server, scope: Scope, status: int) -> None:
    client = shared.client_with(bearer(shared.settings, scope))
    assert client.get("/v1/feeds/signage").status_code == status
