"""Someone opens the portal, reads, and finds another feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page

    from tests.serving.conftest import Server, StartServer

    OpenPortal = Callable[..., Page]

WIDTHS = (360, 768, 1280)


@pytest.fixture
def server(start: StartServer) -> Server:
    return start(demo=True)


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained about; there must be nothing."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_portal(browser: Browser, server: Server, complaints: list[str]) -> OpenPortal:
    """Open /portal in a new page."""

    def note(line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"}:
            complaints.append(line.text)

    def new(language: str, width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=str(server.client.base_url), locale=language,
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        page.goto("/portal")
        return page

    return new


def test_choosing_somebody_reading_and_coming_back(open_portal: OpenPortal, server: Server) -> None:
    page = open_portal("en")
    page.get_by_label("Search by employee id").fill(server.employee)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=server.employee).click()
    cards = page.locator("section:has(#for-you) .card")
    title = cards.nth(2).locator("h3").inner_text()
    opened = cards.nth(2).get_attribute("data-content")
    cards.nth(2).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.get_by_role("button", name="to the end").click()
    expect(page.get_by_role("status")).to_have_text("Noted. Your feed already knows.")
    page.get_by_role("link", name="Back to the feed").click()
    expect(page.get_by_role("heading", name="What is being read")).to_be_visible()
    expect(page.locator(f'[data-content="{opened}"]')).to_have_count(0)
    dismissed = cards.first.get_attribute("data-content")
    cards.first.get_by_role("button").press("Enter")
    page.get_by_label("Why?").select_option("wrong_format")
    page.get_by_role("button", name="Show less").click()
    expect(page.get_by_role("status")).to_contain_text("will not come back")
    expect(page.locator(f'[data-content="{dismissed}"]')).to_have_count(0)
    events = server.services.store.load()["events"].tail(60)
    mine = events[events["session_id"].isna()]
    assert {"open", "complete", "dismiss"} <= set(mine["event_type"])
    assert set(mine.loc[mine["event_type"] == "dismiss", "reason"]) == {"wrong_format"}


def test_what_was_visible_for_a_second_is_an_impression(
    open_portal: OpenPortal, server: Server
) -> None:
    page = open_portal("ja")
    with page.expect_response("**/portal/impressions") as told:
        page.goto(f"/portal?employee={server.employee}")
    assert told.value.status == 204
    page.context.close()
    last = server.services.store.load()["events"].iloc[-1]
    assert (last["event_type"], last["employee_id"]) == ("impression", server.employee)
    assert last["position"] >= 1
    assert 0 < last["rendition_propensity"] <= 1


@pytest.mark.parametrize("language", ["ja", "en"])
def test_nothing_is_cut_off_at_any_width(
    open_portal: OpenPortal, server: Server, language: str
) -> None:
    for width in WIDTHS:
        page = open_portal(language, width)
        for address in ("/portal", f"/portal?employee={server.employee}"):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("html").get_attribute("lang") == language
            assert page.locator("main h1").count() == 1
        page.context.close()
