"""Nothing is lost or counted twice: without a network, across reloads, with tokens that expired."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from serving.tokens import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Route

    from tests.e2e.widget.conftest import Desk, OpenDesk

EVENTS = "**/v1/events"
PICTURE = {"url": "/media/picture.svg", "alt_text": "Two hills"}


def dismiss(seat: Desk, title: str) -> None:
    card = seat.card(title)
    card.get_by_role("button", name="Show less").click()
    card.get_by_role("button", name="Already known").click()


def keep(seat: Desk, *events: Mapping[str, object], at: str = "Date.now()") -> None:
    """Leave events in the browser as an earlier page would have."""
    owner = f"{str(seat.server.client.base_url).rstrip('/')} {seat.employee}"
    seat.context.add_init_script(
        f"""if (!sessionStorage.left) {{ sessionStorage.left = 1;
          for (const event of {json.dumps(events)}) {{
            const key = `intranet-feed|${{encodeURIComponent("{owner}")}}|${{event.event_id}}`;
            localStorage.setItem(key, JSON.stringify({{ at: {at}, event }}));
          }} }}"""
    )


def test_what_is_done_offline_is_sent_later(desk: OpenDesk, publish: Callable[..., None]) -> None:
    for title in ("One", "Two"):
        publish(title, "offline", illustration=PICTURE)
    seat = desk("offline", complains=True).open()
    seat.context.set_offline(True)
    expect(seat.page.locator(".note")).to_contain_text("You are offline")
    dismiss(seat, "One")
    dismiss(seat, "Two")
    seat.page.wait_for_timeout(300)
    assert seat.waiting() >= 2
    assert seat.events("dismiss").empty
    seat.context.set_offline(False)
    assert len(seat.wait_for_events("dismiss", 2)) == 2
    expect(seat.page.locator(".note")).to_be_hidden()
    seat.wait_until_sent()
    assert seat.complaints == []


def test_a_reload_loses_nothing_and_doubles_nothing(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    for title in ("Three", "Four"):
        publish(title, "reloads", illustration=PICTURE)
    seat = desk("reloads", complains=True).open()

    swallowed: list[int] = []

    def swallow(route: Route) -> None:  # the server has them, the browser never hears of it
        swallowed.append(route.fetch().status)
        route.abort()
        swallowed.append(0)

    seat.context.route(EVENTS, swallow)
    dismiss(seat, "Three")
    seat.wait_for_events("dismiss")
    while not swallowed or swallowed[-1]:
        seat.page.wait_for_timeout(20)
    assert set(swallowed) == {200, 0}
    seat.context.unroute(EVENTS)
    seat.context.route(EVENTS, lambda route: route.abort())
    dismiss(seat, "Four")
    seat.open()
    assert seat.waiting() >= 2
    seat.context.unroute(EVENTS)
    seat.open()
    seat.wait_until_sent()
    assert sorted(seat.wait_for_events("dismiss", 2)["content_id"]) == ["Four", "Three"]
    assert not {"Three", "Four"} & set(seat.titles())  # sent before the feed was asked for


@pytest.mark.parametrize("how", ["told", "refused"])
def test_what_the_server_rejects_is_dropped_with_a_warning(
    desk: OpenDesk, publish: Callable[..., None], how: str
) -> None:
    employee = f"spoilt-{how}"
    publish(f"Good {how}", employee, illustration=PICTURE)
    good = {"event_id": f"good-{how}", "event_type": "open", "employee_id": employee,
            "occurred_at": "2026-01-20T10:00:00Z", "content_id": f"Good {how}"}  # fmt: skip
    bad = good | {"event_id": f"bad-{how}", "event_type": "nonsense", "occurred_at": "2026-01-19"}
    seat = desk(employee, complains=True)
    keep(seat, good, bad)
    if how == "refused":

        def refuse(route: Route) -> None:
            if "nonsense" in (route.request.post_data or ""):
                cors = {"Access-Control-Allow-Origin": seat.url}
                route.fulfill(status=422, body="{}", headers=cors)
            else:
                route.continue_()

        seat.context.route(EVENTS, refuse)
    seat.open()
    assert len(seat.wait_for_events("open")) == 1
    seat.wait_until_sent()
    assert any("event" in line and "re" in line for line in seat.complaints), seat.complaints
    assert len(seat.complaints) == 1


def test_the_queue_is_bounded_and_impressions_go_first(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    publish("Kept", "hoards", illustration=PICTURE)
    row = {"employee_id": "hoards", "occurred_at": "2026-01-20T10:00:00Z", "content_id": "Kept"}
    old = [row | {"event_id": f"like-{i:03}", "event_type": "like"} for i in range(10)]
    seen = [
        row | {"event_id": f"seen-{i:03}", "event_type": "impression",
               "occurred_at": f"2026-01-20T11:00:00.{i:03}Z"}
        for i in range(490)
    ]  # fmt: skip
    seat = desk("hoards", complains=True)
    keep(seat, *old, *seen)
    seat.context.route(EVENTS, lambda route: route.abort())
    seat.open()
    dismiss(seat, "Kept")
    assert seat.waiting() == 500
    keys = seat.page.evaluate("Object.keys(localStorage).map(k => k.split('|')[2]).sort()")
    assert [key for key in keys if key.startswith("like")] == [row["event_id"] for row in old]
    assert "seen-000" not in keys
    assert "seen-489" in keys


def test_what_nobody_came_back_for_is_forgotten(desk: OpenDesk) -> None:
    seat = desk("returns")
    row = {"event_id": "ancient", "event_type": "follow", "employee_id": "returns",
           "occurred_at": "2026-01-20T10:00:00Z"}  # fmt: skip
    keep(seat, row, at="Date.now() - 15 * 86400000")
    seat.open()
    assert seat.waiting() == 0
    assert seat.events("follow").empty


def test_an_expired_token_is_renewed_once(desk: OpenDesk) -> None:
    seat = desk("tired", complains=True)
    seat.portal.tokens, seat.portal.expired = 0, 1
    seat.open()
    assert seat.portal.tokens == 2
    seat.page.get_by_role("button", name="Refresh").click()
    seat.page.wait_for_timeout(300)
    assert seat.portal.tokens == 2  # the good one is used again
    assert seat.complaints == []


def test_without_an_answer_it_says_so_and_tries_again(desk: OpenDesk) -> None:
    seat = desk("unlucky", complains=True)
    seat.portal.tokens, seat.portal.expired = 0, 2
    seat.open(cards=False)
    expect(seat.page.locator(".state")).to_contain_text("could not be loaded")
    assert seat.portal.tokens == 2  # never more than once again
    seat.page.get_by_role("button", name="Try again").click()
    expect(seat.cards.first).to_be_visible()
    expect(seat.page.locator(".state")).to_be_hidden()


def test_keys_never_reach_the_browser(desk: OpenDesk) -> None:
    seat = desk("curious")
    sent: list[str] = []
    seat.page.on("request", lambda r: sent.append(r.headers.get("authorization", "")))
    seat.open()
    held = [value for value in sent if value]
    assert held
    assert all(value.startswith(f"Bearer {PREFIX}") for value in held)


def test_a_batch_that_cannot_outlive_a_page_is_sent_all_the_same(desk: OpenDesk) -> None:
    long = dict.fromkeys(("content_id", "issue_id", "session_id", "target_id"), "c" * 399)
    row = {"event_type": "open", "employee_id": "wordy", "occurred_at": "2026-01-20T10:00:00Z"}
    seat = desk("wordy")
    keep(seat, *(row | long | {"event_id": f"wordy-{i}"} for i in range(40)))  # 70 KB
    seat.open()
    assert len(seat.wait_for_events("open", 40)) == 40
    seat.wait_until_sent()
