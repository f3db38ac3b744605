"""What a reader does in the widget, and finds in the next feed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.widget.conftest import Desk, OpenDesk

LONG = "A line that goes on. " * 60
PICTURE = {"url": "/media/picture.svg", "alt_text": "Two hills", "language": "en"}
STORY = {"url": "/media/picture.svg", "language": "en"}


def refresh(seat: Desk) -> None:
    with seat.page.expect_response("**/feed?*"):
        seat.page.get_by_role("button", name="Refresh").click()
    expect(seat.cards.first).to_be_visible()


def test_a_click_changes_the_next_feed(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Elsewhere", "clicks", article=STORY)
    seat = desk("clicks").open()
    seat.page.evaluate(
        """() => { window.told = [];
          addEventListener("feed:open", (e) => { told.push(e.detail); e.preventDefault(); }); }"""
    )
    seat.card("Elsewhere").get_by_role("link", name="Open the story").click()
    (told,) = seat.page.evaluate("told")
    assert told["content_id"] == "Elsewhere"
    assert told["url"] == STORY["url"]
    assert seat.page.url.startswith(f"{seat.url}/?")  # the page steps in, so nothing is left
    refresh(seat)
    expect(seat.card("Elsewhere")).to_have_count(0)
    opened = seat.events("open")
    assert (opened["request_id"].iloc[0], opened["position"].iloc[0]) == (
        told["request_id"], told["position"],
    )  # fmt: skip


def test_following_a_link_is_told_although_the_page_goes_away(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    publish("Leaving", "leaves", article=STORY)
    seat = desk("leaves").open()
    seat.card("Leaving").get_by_role("link", name="Leaving").click()
    seat.page.wait_for_url("**/media/picture.svg")
    assert seat.wait_for_events("open")["content_id"].tolist() == ["Leaving"]
    seat.page.go_back()
    seat.cards.first.wait_for()
    expect(seat.card("Leaving")).to_have_count(0)


def test_acknowledging_removes_a_must_read(desk: OpenDesk, publish: Callable[..., None]) -> None:
    server = desk("signs").server
    due = (server.services.clock.now() + timedelta(days=2)).isoformat()
    must = {"mandatory": True, "ack_required": True, "ack_due_at": due}
    publish("Rule", "signs", columns=must, text_summary={"text": "Wear a helmet."})
    seat = desk("signs").open()
    card = seat.card("Rule")
    expect(card).to_contain_text("Must read")
    expect(card).to_contain_text("Confirm by")
    expect(card.get_by_role("button", name="Show less")).to_have_count(0)
    card.get_by_role("button", name="Done reading").click()
    refresh(seat)
    expect(seat.card("Rule")).to_be_visible()  # read is not confirmed
    seat.card("Rule").get_by_role("button", name="I have read and understood").click()
    expect(seat.page.get_by_role("status")).to_have_text("Your confirmation is noted.")
    expect(seat.page.locator("article.gone")).to_be_focused()
    refresh(seat)
    expect(seat.card("Rule")).to_have_count(0)
    assert seat.events("acknowledge")["content_id"].tolist() == ["Rule"]


def test_showing_less_of_it_for_a_reason(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Unwanted", "dismisses", illustration=PICTURE)
    seat = desk("dismisses").open()
    card = seat.card("Unwanted")
    less = card.get_by_role("button", name="Show less")
    less.press("Enter")
    expect(
        card.get_by_role("group", name="What is the reason?").get_by_role("button")
    ).to_have_count(6)
    seat.page.keyboard.press("Escape")
    expect(less).to_be_focused()
    expect(less).to_have_attribute("aria-expanded", "false")
    less.click()
    card.get_by_role("button", name="Too difficult").click()
    expect(seat.page.get_by_role("status")).to_contain_text("will not come back")
    refresh(seat)
    expect(seat.card("Unwanted")).to_have_count(0)
    assert seat.events("dismiss")["reason"].tolist() == ["too_difficult"]


def test_another_format_is_shown_and_preferred_if_its_reader_says_so(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    summary = {"text": LONG, "language": "en"}
    publish("Both", "chooses", illustration=PICTURE, text_summary=summary)
    seat = desk("chooses")
    preferences = "/v1/employees/chooses/preferences"
    chosen = {"muted_topics": ["golf"], "preferred_format": "illustration"}
    seat.server.send("PUT", preferences, chosen)
    card = seat.open().card("Both")
    expect(card.get_by_role("img", name="Two hills")).to_be_visible()
    card.get_by_role("group", name="Also as").get_by_role("button", name="Summary").click()
    expect(card.get_by_text("A line that goes on.")).to_be_visible()
    expect(card.get_by_role("img", name="Two hills")).to_have_count(0)
    expect(card).to_be_focused()
    opened = seat.wait_for_events("open")
    assert opened["rendition_id"].tolist() == ["Both-text_summary"]
    assert opened["reason"].tolist() == ["chosen_format"]
    assert seat.server.get(preferences)["preferred_format"] == "illustration"
    box = card.get_by_role("checkbox", name="Prefer this format from now on: Summary")
    box.check()
    expect(seat.page.get_by_role("status")).to_have_text("Your choice is saved")
    found = seat.server.get(preferences)
    assert (found["preferred_format"], found["muted_topics"]) == ("text_summary", ["golf"])
    with seat.page.expect_response(lambda answer: answer.request.method == "PUT"):
        box.uncheck()
    assert seat.server.get(preferences)["preferred_format"] == "illustration"


def test_a_picture_is_enlarged_and_then_done(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Drawn", "looks", illustration=PICTURE)
    seat = desk("looks").open()
    card = seat.card("Drawn")
    card.get_by_role("button", name="Two hills").click()
    dialog = seat.page.get_by_role("dialog", name="Drawn")
    expect(dialog.get_by_role("img", name="Two hills")).to_be_visible()
    seat.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(card.get_by_role("button", name="Two hills")).to_be_focused()
    seat.wait_for_events("complete")
    assert seat.events("open")["rendition_id"].tolist() == ["Drawn-illustration"]


def test_why_this(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Explained", "asks", illustration=PICTURE)
    seat = desk("asks").open()
    card = seat.card("Explained")
    card.get_by_role("button", name="Why this?").click()
    expect(card.locator(".panel")).to_contain_text("It is shown in place")
    expect(card.locator(".panel")).to_contain_text("Put on top by the editors")


def test_pages_follow_by_scrolling_and_by_key(desk: OpenDesk) -> None:
    seat = desk("scrolls", limit="5").open()
    seat.page.mouse.wheel(0, 400)
    expect(seat.cards.nth(9)).to_be_attached()
    seat.page.get_by_role("button", name="Show more").press("Enter")
    expect(seat.cards.nth(12)).to_be_attached()
    expect(seat.page.locator("article:focus")).to_have_count(1)  # where the new ones begin
    places = seat.page.evaluate(
        """() => [...document.querySelector("intranet-feed").shadowRoot.querySelectorAll("article")]
          .map((card) => [card.getAttribute("aria-posinset"), card.textContent])"""
    )
    assert [place for place, _ in places] == [str(i + 1) for i in range(len(places))]
    assert len({text for _, text in places}) == len(places)
    seat.cards.first.focus()
    seat.page.keyboard.press("PageDown")
    expect(seat.cards.nth(1)).to_be_focused()
    seat.page.keyboard.press("PageUp")
    expect(seat.cards.first).to_be_focused()
