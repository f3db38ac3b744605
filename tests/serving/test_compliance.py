"""Who has not acknowledged: named to one scope only, and every look is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.conftest import EMPLOYEE, bearer

if TYPE_CHECKING:
    from tests.serving.conftest import Server

WHY = {"purpose": "reminder before the audit"}
OTHERS = ("new-2", "new-1")
PATH = "/v1/contents/{}/unacknowledged"


@pytest.fixture
def owed(server: Server) -> str:
    """A must-read for three people that is due tomorrow."""
    now = server.services.clock.now()
    people = [{"employee_id": name, "course": "safety"} for name in (*OTHERS, EMPLOYEE)]
    server.send("POST", "/v1/employees:batch", {"employees": people})
    row = {
        "content_id": "owed", "title": "Lock your screen", "published_at": now.isoformat(),
        "mandatory": True, "ack_required": True, "audience": {"course": "safety"},
        "ack_due_at": (now + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    server.send("PUT", "/v1/contents/owed", row)
    return "owed"


def names(answer: dict[str, Any]) -> list[str]:
    return [row["employee_id"] for row in answer["items"]]


def test_who_acknowledges_is_off_the_list(server: Server, owed: str) -> None:
    before = server.get(PATH.format(owed), **WHY)
    assert EMPLOYEE in names(before)
    server.post(server.event("1", event_type="open", content_id=owed))
    assert names(server.get(PATH.format(owed), **WHY)) == names(before)
    server.post(server.event("2", event_type="acknowledge", content_id=owed))
    after = server.get(PATH.format(owed), **WHY)
    assert names(after) == [name for name in names(before) if name != EMPLOYEE]
    assert after["total"] == before["total"] - 1
    assert after["ack_due_at"] is not None


def test_who_opted_out_still_owes(server: Server, owed: str) -> None:
    row = {"employee_id": EMPLOYEE, "personalization_opt_out": True}
    server.send("PUT", f"/v1/employees/{EMPLOYEE}/preferences", row)
    assert EMPLOYEE in names(server.get(PATH.format(owed), **WHY))


def test_pages_hold_everybody_once_and_every_page_is_kept(server: Server, owed: str) -> None:
    everybody = names(server.get(PATH.format(owed), **WHY))
    assert everybody == sorted(everybody)
    assert len(everybody) == 3
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = server.get(PATH.format(owed), limit="2", **WHY, **cursor)
        found += names(page)
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == everybody
    kept = server.get("/v1/audits")["items"]
    assert [audit["people"] for audit in kept] == [1, 2, 3]
    assert {audit["purpose"] for audit in kept} == {WHY["purpose"]}
    assert {audit["content_id"] for audit in kept} == {owed}
    first = server.get("/v1/audits", limit="2")
    second = server.get("/v1/audits", limit="2", cursor=first["next_cursor"])
    assert first["items"] + second["items"] == kept
    assert second["next_cursor"] is None


def test_an_audit_says_whose_key_it_was(server: Server, owed: str) -> None:
    client = server.client_with(bearer(server.settings, "compliance"))
    assert client.get(PATH.format(owed), params=WHY).status_code == 200
    (audit,) = server.get("/v1/audits")["items"]
    assert audit["key_id"] == server.services.keys.all()[-1].key_id


def test_without_a_purpose_nobody_is_named(server: Server, owed: str) -> None:
    for purpose in ({}, {"purpose": ""}):
        response = server.client.get(PATH.format(owed), params=purpose)
        assert response.status_code == 422
    assert server.get("/v1/audits")["items"] == []


def test_what_asks_for_nothing_has_no_list(server: Server) -> None:
    content_id = server.feed()["items"][-1]["content_id"]
    response = server.client.get(PATH.format(content_id), params=WHY)
    assert response.status_code == 422
    assert "ack_required" in response.json()["detail"]


@pytest.mark.parametrize("scope", ["portal", "newsletter", "comms"])
def test_nobody_else_sees_who(server: Server, owed: str, scope: Any) -> None:
    client = server.client_with(bearer(server.settings, scope))
    assert client.get(PATH.format(owed), params=WHY).status_code == 403
    assert client.get("/v1/audits").status_code == 403


@pytest.mark.parametrize("place", ["x", "-1", "9" * 30, "1.5"])
def test_a_cursor_of_another_list(server: Server, place: str) -> None:
    from serving.cursors import write_cursor

    response = server.client.get("/v1/audits", params={"cursor": write_cursor(place)})
    assert response.status_code == 422
