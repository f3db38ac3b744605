"""Mails in a real browser: they fit, can be read, and are harmless."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest

from recsys.store.sql_store import SqlStore
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.renderer import MOST_BYTES, Renderer
from serving.newsletter.rendering.stories import Stories
from tests.e2e.accessibility import violations
from tests.serving.newsletter.letters import (
    LINKS,
    NOW,
    PORTAL_URL,
    WHOLE,
    database,
    item,
    mail,
    news,
    put,
    renderer,
    store,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

__all__ = ["database", "news", "renderer", "store"]

_OF_PAGES = ("region", "landmark-one-main")
"""A mail is one ``article``; the landmarks are those of the program that shows it."""

_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="576" height="324">'
    '<rect width="576" height="324" fill="#1f5f5b"/></svg>'
)
_SCRIPT = "<img src=https://evil.example/x onerror=alert(1)><script>alert(2)</script>"
_CLOSES = "\"'></a></table><iframe src=https://evil.example></iframe><style>*{display:none}</style>"
_HOSTILE: list[dict[str, object]] = [
    {"content_id": "script", "title": _SCRIPT, "summary": _SCRIPT, "owner_department": _SCRIPT},
    {"content_id": "closes", "title": _CLOSES, "summary": _CLOSES, "owner_department": _CLOSES},
    {"content_id": "endless", "title": "W" * 500, "summary": "W" * 2_000},
    {"content_id": "kanji", "title": "漢" * 300, "summary": "字" * 2_000},
    {"content_id": "backwards", "title": "\u202egnp.exe שלום", "summary": "\u202e{{ 7 * 7 }}"},
]  # fmt: skip
_EVIL: dict[str, object] = {"alt_text": _SCRIPT, "text": _SCRIPT, "url": "javascript:alert(3)"}
_HOSTILE_RENDITIONS: list[dict[str, object]] = [
    _EVIL | {"rendition_id": "r-film", "content_id": "script", "format": "video",
             "poster_url": "javascript:alert(4)"},
    _EVIL | {"rendition_id": "r-drawn", "content_id": "closes", "format": "illustration",
             "poster_url": 'https://media.example/"onerror="alert(5)'},
]  # fmt: skip


@dataclass
class Reader:
    """A mail program: what it asked the network for, and what ran in it."""

    page: Page
    asked: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route("**/*", self._answer)
        for event in ("dialog", "pageerror", "console", "popup"):
            self.page.on(event, lambda said: self.alarms.append(str(said)))

    def open(self, html: str) -> Page:
        self.page.set_content(html, wait_until="load")
        return self.page

    def _answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        route.fulfill(body=_PICTURE, content_type="image/svg+xml")


@pytest.fixture
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A window of a width and a colour scheme."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    yield Reader(context.new_page())
    context.close()


def _html(renderer: Renderer, language: Literal["ja", "en"]) -> str:
    made = renderer.render(mail(*WHOLE, language=language))
    assert made is not None
    assert len(made.html.encode()) <= MOST_BYTES
    return made.html


_WINDOWS = [(360, "light"), (360, "dark"), (700, "light"), (700, "dark")]


@pytest.mark.parametrize("reader", _WINDOWS, indirect=True, ids=str)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_mail_fits_and_everybody_can_read_it(
    reader: Reader, renderer: Renderer, language: Literal["ja", "en"]
) -> None:
    page = reader.open(_html(renderer, language))
    assert _overflow(page) == 0
    assert violations(page, but=_OF_PAGES) == []
    assert page.get_by_role("heading").get_by_role("link").count() == len(WHOLE)
    for picture in page.get_by_role("img").all():
        assert picture.get_attribute("alt")
    for link in page.get_by_role("link").all():
        assert link.inner_text().strip() or link.get_by_role("img").count()
    assert set(reader.asked) == {
        "https://media.example/talk.jpg", "https://media.example/plant.png",
    }  # fmt: skip
    assert reader.alarms == []


@pytest.mark.parametrize("reader", [(360, "light"), (700, "dark")], indirect=True, ids=str)
def test_hostile_texts_do_nothing(reader: Reader, store: SqlStore) -> None:
    put(store, "contents", _HOSTILE)
    put(store, "renditions", _HOSTILE_RENDITIONS)
    other: dict[str, Any] = {"slot_type": "other_department", "reasons": ("other_department",)}
    items = [
        item("script", "r-film", "video", **other),
        item("closes", "r-drawn", "illustration", position=2, **other),
        *(item(name, position=3) for name in ("endless", "kanji", "backwards")),
    ]
    edition = Edition(NOW, name=_SCRIPT, titles={"news": _CLOSES})
    made = Renderer(Stories(store, PORTAL_URL, NOW), LINKS, edition).render(mail(*items))
    assert made is not None
    page = reader.open(made.html)
    page.wait_for_timeout(100)
    assert (reader.asked, reader.alarms) == ([], [])
    assert page.get_by_role("heading").get_by_role("link").count() == len(items)
    assert page.get_by_text("<script>alert(2)</script>").first.is_visible()
    assert page.locator("script, iframe, form, [onerror], [onload]").count() == 0
    hrefs = page.locator("a").evaluate_all("found => found.map((link) => link.href)")
    assert all(href.startswith("https://news.example/") for href in hrefs)
    assert _overflow(page) == 0
    assert violations(page, but=_OF_PAGES) == []


def _overflow(page: Page) -> int:
    """Return by how many pixels something is wider than the window."""
    found: int = page.evaluate("""() => Math.round(Math.max(0, ...[document.documentElement,
        ...document.querySelectorAll("body *")].map((part) => Math.max(
          part.getBoundingClientRect().right - innerWidth,
          -part.getBoundingClientRect().left)),
        document.documentElement.scrollWidth - innerWidth))""")
    return found
