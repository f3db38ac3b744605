"""Someone opens the demo portal, watches, reads and comes back; a screen hangs in a hall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.serving.conftest import Company, Server, starting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from playwright.sync_api import Browser, ConsoleMessage, Page

    OpenPortal = Callable[..., Page]


@pytest.fixture(scope="module")
def server(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all: what one test does is no harm to another."""
    with starting(company, tmp_path_factory.mktemp("portal")) as new:
        yield new(demo=True)


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained about; there must be nothing."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_portal(browser: Browser, server: Server, complaints: list[str]) -> OpenPortal:
    """Open a page of the portal in a new browser profile."""

    def note(line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"} and "Failed to load" not in line.text:
            complaints.append(line.text)

    def new(path: str = "/portal", width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(
            base_url=str(server.client.base_url), locale="en",
            viewport={"width": width, "height": 900}, **options,
        )  # fmt: skip
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        page.goto(path)
        return page

    return new


def stored(server: Server, page: Page, employee: str, event_type: str) -> pd.DataFrame:
    """Return the events of somebody that came from a browser, once there is one."""
    for _ in range(100):
        events = server.services.store.load()["events"]
        new = events[~events["event_id"].str.startswith("ev-")]
        found = new[(new["event_type"] == event_type) & (new["employee_id"] == employee)]
        if len(found):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"no {event_type}")


def test_choosing_somebody_reading_and_coming_back(open_portal: OpenPortal, server: Server) -> None:
    page = open_portal("/portal?lang=en")
    page.get_by_label("Search by employee id").fill(server.employee)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=server.employee).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"The portal of {server.employee}")
    link = page.locator("intranet-feed article h3 a").first
    title = link.inner_text()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    opened = stored(server, page, server.employee, "open").iloc[-1]
    assert opened["position"] >= 1
    assert opened["rendition_propensity"] > 0
    page.get_by_role("button", name="to the end").click()
    expect(page.get_by_role("status")).to_have_text("Noted. Your feed already knows.")
    page.get_by_role("link", name="Back to the feed").click()
    page.locator("intranet-feed article").first.wait_for()
    must = page.locator("intranet-feed article.must h3").all_inner_texts()
    others = page.locator("intranet-feed article:not(.must) h3").all_inner_texts()
    assert title not in others or title in must
    done = stored(server, page, server.employee, "complete").iloc[-1]
    assert done["content_id"] == opened["content_id"]


def test_a_clip_plays_in_place_with_captions_and_counts(
    open_portal: OpenPortal, server: Server
) -> None:
    page = open_portal("/portal?employee=sim-000005&lang=ja", reduced_motion="reduce")
    start = page.locator("intranet-feed article .play").first
    start.scroll_into_view_if_needed()
    start.click()
    film = page.locator("intranet-feed video").first
    page.wait_for_function(
        "() => [...document.querySelector('intranet-feed').shadowRoot.querySelectorAll('video')]"
        ".some(v => v.currentTime > 0 && v.duration === 6 && v.textTracks[0].cues?.length === 3)"
    )
    assert film.evaluate("v => v.videoWidth") == 960
    film.evaluate("v => { v.playbackRate = 8; }")
    completed = stored(server, page, "sim-000005", "complete").iloc[-1]
    assert completed["rendition_id"].split("-")[2] in {"video", "short_video"}
    assert stored(server, page, "sim-000005", "progress")["progress_share"].max() >= 0.75


@pytest.mark.parametrize(("width", "language"), [(360, "ja"), (360, "en"), (1280, "en")])
def test_nothing_is_cut_off_at_any_width(
    open_portal: OpenPortal, server: Server, width: int, language: str
) -> None:
    rows = server.services.store.load()["renditions"]
    film = rows[rows["format"] == "video"].iloc[0]
    me = f"employee={server.employee}&lang={language}"
    page = open_portal(f"/portal?lang={language}", width)
    for address in (
        f"/portal?lang={language}",
        f"/portal/contents/{film['content_id']}?rendition_id={film['rendition_id']}&{me}",
        f"/portal?{me}",
    ):
        page.goto(address)
        if address.endswith(f"?{me}"):
            page.locator("intranet-feed article").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("main h1").count() == 1


def test_without_scripts_a_sentence_says_what_is_missing(
    open_portal: OpenPortal, server: Server
) -> None:
    page = open_portal(f"/portal?employee={server.employee}", java_script_enabled=False)
    expect(page.get_by_text("The feed needs JavaScript")).to_be_visible()
    expect(page.get_by_role("heading", name="Formats that reach you")).to_be_visible()


def test_a_screen_goes_round_and_outlives_its_server(open_portal: OpenPortal) -> None:
    page = open_portal("about:blank", width=1920)
    page.clock.install()
    page.goto("/portal/signage?lang=ja")
    shown = page.locator(".slide.shown")
    first = shown.locator("h2").text_content() or ""
    n_slides = page.locator(".slide").count()
    assert n_slides == 8
    assert page.evaluate("document.documentElement.scrollWidth") == 1920
    seen = {first}
    for _ in range(n_slides - 1):
        page.clock.run_for(12_000)
        expect(shown).to_have_count(1)
        seen.add(shown.locator("h2").text_content() or "")
    assert len(seen) > n_slides / 2  # two stories may have the same title
    page.context.set_offline(True)
    page.clock.run_for(12_000)
    expect(page.get_by_text("接続を待っています")).to_be_visible()
    expect(shown.locator("h2")).to_have_text(first)
    page.clock.run_for(12_000)
    expect(shown).to_have_count(1)
    page.context.set_offline(False)
    page.clock.run_for(21_000)
    expect(page.get_by_text("接続を待っています")).to_be_hidden()
    expect(shown).to_have_count(1)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_films_on_a_screen_are_silent_captioned_and_calm_where_asked(
    open_portal: OpenPortal, motion: str
) -> None:
    page = open_portal("/portal/signage?lang=ja", width=1920, reduced_motion=motion)
    for _ in range(page.locator(".slide").count()):
        if page.locator(".slide.shown video").count():
            break
        page.evaluate("show(current + 1)")
    film = page.locator(".slide.shown video")
    film.wait_for()
    assert film.evaluate("v => v.muted")
    page.wait_for_timeout(700)
    if motion == "reduce":
        assert film.evaluate("v => v.paused && v.currentTime === 0")
    else:
        assert film.evaluate("v => !v.paused && v.currentTime > 0")
        assert film.evaluate("v => v.textTracks[0].mode") == "showing"
