"""It can be used by everybody, fits, is quick, and shows no more than it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import violations

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.widget.conftest import OpenDesk

LONG = "A line that goes on. " * 60
FILM = {"url": "/media/film.webm", "duration_seconds": 2, "captions_url": "/media/film.vtt",
        "poster_url": "/media/picture.svg", "has_captions": True}  # fmt: skip
PICTURE = {"url": "/media/picture.svg", "alt_text": "Two hills"}


@pytest.mark.parametrize(("lang", "scheme"), [("ja", "light"), ("en", "dark")])
def test_axe_finds_nothing(
    desk: OpenDesk, publish: Callable[..., None], lang: str, scheme: str
) -> None:
    name = f"axe-{lang}"
    must, film, drawn, text = {
        "ja": ("入退場の新しい手順", "創業者が語る十年", "アイデアの集め方", "経費精算の変更点"),
        "en": ("Doors open by card", "Ten years on film", "Contest in pictures", "Travel costs"),
    }[lang]
    rule = {"mandatory": True, "ack_required": True, "ack_due_at": "2026-12-01T00:00:00Z"}
    own = {"language": lang}
    publish(must, name, columns=rule | own, video=FILM, text_summary={"text": LONG})
    publish(film, name, columns=own, video=FILM)
    publish(drawn, name, columns=own, illustration=PICTURE, infographic=PICTURE)
    publish(text, name, columns=own, text_summary={"text": LONG})
    look = "dark" if scheme == "dark" else ""
    seat = desk(name, lang=lang, scheme=scheme, limit="40", **{"class": look}).open()
    assert violations(seat.page) == []
    words = {"ja": ("表示を減らす", "続きを読む", "ほかの形式", "なぜ表示？"),
             "en": ("Show less", "Read more", "Also as", "Why this?")}[lang]  # fmt: skip
    seat.card(film).get_by_role("button", name=words[0]).click()
    seat.card(text).get_by_role("button", name=words[1]).click()
    seat.card(drawn).get_by_role("group", name=words[2]).get_by_role("button").click()
    seat.card(must).get_by_role("button", name=words[3]).click()
    expect(seat.page.locator(".panel")).to_have_count(3)
    seat.page.wait_for_timeout(300)
    assert violations(seat.page) == []


def test_hostile_texts_and_addresses_do_nothing(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    script = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    backwards = "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd"
    endless = "Wwwww" * 100
    must = {"mandatory": True}
    evil: dict[str, object] = {"url": "javascript:alert(3)", "alt_text": script, "text": script}
    publish("h1", "victim", columns={"title": script, "summary": script} | must, text_summary=evil)
    publish("h2", "victim", columns={"title": backwards, "summary": backwards},
            article={"url": "javascript:alert(4)"}, illustration=evil)  # fmt: skip
    publish("h3", "victim", columns={"title": endless, "summary": endless},
            video={"url": "data:video/webm;base64,A", "poster_url": "javascript:5"})  # fmt: skip
    seat = desk("victim", width=360)
    seat.page.on("dialog", lambda dialog: seat.complaints.append(dialog.message))
    seat.open()
    assert script in seat.titles()
    seen = seat.page.evaluate(
        """() => { const root = document.querySelector("intranet-feed").shadowRoot;
          return { scripts: root.querySelectorAll("script, [onerror], [style]").length,
            schemes: [...root.querySelectorAll("[href], [src], [poster]")].map((e) =>
              new URL(e.href ?? e.poster ?? e.src, document.baseURI).protocol),
            width: document.documentElement.scrollWidth,
            heights: [...root.querySelectorAll("h3")].map((h) => h.offsetHeight) }; }"""
    )
    assert seen["scripts"] == 0
    assert set(seen["schemes"]) <= {"http:", "https:"}
    assert seen["width"] <= 360
    assert max(seen["heights"]) < 120  # four lines
    title = seat.cards.locator("h3").filter(has_text=backwards[-4:])
    expect(title).to_have_attribute("dir", "auto")


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_nothing_is_cut_off_at_any_width(desk: OpenDesk, lang: str) -> None:
    seat = desk(f"wide-{lang}", lang=lang).open()
    for width in (320, 360, 560, 768, 1024, 1280):
        seat.page.set_viewport_size({"width": width, "height": 800})
        assert seat.page.evaluate("document.documentElement.scrollWidth") <= width, width
    shown = "あなたへ" if lang == "ja" else "For you"
    expect(seat.page.get_by_role("heading", level=2)).to_have_text(shown)


def test_a_page_sets_theme_and_colours(desk: OpenDesk) -> None:
    seat = desk("dresses", scheme="dark", theme="light").open()
    root = "document.querySelector('intranet-feed').shadowRoot"
    paint = f"getComputedStyle({root}.querySelector('.card'))"
    assert seat.page.evaluate(f"{paint}.backgroundColor") == "rgb(255, 255, 255)"
    seat.page.evaluate(
        """() => { const feed = document.querySelector("intranet-feed");
          feed.setAttribute("theme", "dark");
          feed.style.setProperty("--feed-radius", "3px"); }"""
    )
    assert seat.page.evaluate(f"{paint}.backgroundColor") == "rgb(29, 35, 38)"
    assert seat.page.evaluate(f"{paint}.borderRadius") == "3px"


def test_another_reader_or_language_is_another_feed(desk: OpenDesk) -> None:
    seat = desk("polyglot").open()
    seat.page.evaluate("document.querySelector('intranet-feed').setAttribute('lang', 'ja-JP')")
    expect(seat.page.get_by_role("heading", name="あなたへ")).to_be_visible()
    expect(seat.cards.first).to_be_visible()
    seat.page.evaluate("document.querySelector('intranet-feed').remove()")
    expect(seat.cards).to_have_count(0)


def test_nothing_to_read_is_said(desk: OpenDesk) -> None:
    seat = desk("done")
    page: dict[str, object] = {"request_id": "r", "items": [], "next_cursor": None}
    cors = {"Access-Control-Allow-Origin": seat.url}
    seat.context.route("**/feed?*", lambda route: route.fulfill(json=page, headers=cors))
    seat.open(cards=False)
    expect(seat.page.locator(".state")).to_contain_text("You are all caught up")
    assert violations(seat.page) == []


def test_what_cannot_be_played_here_is_a_link(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Page", "streams", video={"url": "/media/film.vtt", "duration_seconds": 60})
    seat = desk("streams", complains=True).open()
    seat.card("Page").get_by_role("button", name="Play: Page").click()
    expect(seat.card("Page").get_by_role("link", name="Open the story")).to_be_visible()


def test_first_cards_come_within_300_ms_of_the_answer(desk: OpenDesk) -> None:
    seat = desk("hurried").open()
    took = seat.page.evaluate(
        """() => {
          const answers = performance.getEntriesByType("resource");
          const [shown] = performance.getEntriesByName("intranet-feed:shown");
          return shown.startTime - answers.find((e) => e.name.includes("/feed?")).responseEnd;
        }"""
    )
    assert 0 < took < 300
    print(f"cards {took:.0f} ms after the answer")  # noqa: T201
