"""The widget in a real browser, in a page of another origin than the API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

from tests.e2e.widget.portal import Portal
from tests.serving.conftest import Company, Server, listening, starting

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["Desk", "OpenDesk"]

_EXPECTED = re.compile("Failed to load resource|Loading .* 'https://intranet.example")
"""What a browser says of answers that tests provoke, and of media that nobody made."""


@dataclass
class Desk:
    """Somebody at a browser: the page, the server behind it, what the browser complained about."""

    employee: str
    server: Server
    portal: Portal
    url: str
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    query: dict[str, str] = field(default_factory=dict)
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)

    def open(self, *, cards: bool = True) -> Desk:
        """Load the page, and wait for cards."""
        self.page.goto(f"{self.url}/?{urlencode({'employee': self.employee} | self.query)}")
        if cards:
            self.cards.first.wait_for()
        return self

    @property
    def cards(self) -> Locator:
        return self.page.locator("intranet-feed article.card")

    def card(self, title: str) -> Locator:
        return self.cards.filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def titles(self) -> list[str]:
        return self.cards.locator("h3").all_inner_texts()

    def events(self, event_type: str | None = None) -> pd.DataFrame:
        """Return what the server stored of this employee."""
        where = {"employee_id": self.employee}
        if event_type is not None:
            where["event_type"] = event_type
        return self.server.services.store.page("events", limit=1_000, where=where)

    def wait_for_events(self, event_type: str, n: int = 1) -> pd.DataFrame:
        """Return events of a type once there are ``n``."""
        for _ in range(160):
            found = self.events(event_type)
            if len(found) >= n:
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(found)} of {n} {event_type}: {self.complaints}")

    def flush(self) -> None:
        """Let the widget send what it has, as when the tab is hidden."""
        self.hide()
        self.page.wait_for_timeout(300)
        self.hide(hidden=False)

    def hide(self, *, hidden: bool = True) -> None:
        """Hide or show the tab, as far as a page can tell."""
        state = "hidden" if hidden else "visible"
        self.page.evaluate(
            """state => {
              const now = { value: state, configurable: true };
              Object.defineProperty(document, "visibilityState", now);
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            state,
        )

    def waiting(self) -> int:
        """Return how many events this browser keeps."""
        count: int = self.page.evaluate(
            "Object.keys(localStorage).filter(k => k.startsWith('intranet-feed|')).length"
        )
        return count

    def wait_until_sent(self) -> None:
        """Wait until the browser keeps nothing any more."""
        for _ in range(80):
            if not self.waiting():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{self.waiting()} events are kept: {self.complaints}")

    def _note(self, line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"} and not _EXPECTED.match(line.text):
            self.complaints.append(line.text)


OpenDesk = Callable[..., Desk]


@dataclass
class _World:
    server: Server
    portal: Portal
    url: str


@contextmanager
def _world(company: Company, folder: Path) -> Iterator[_World]:
    portal = Portal()
    with ExitStack() as running:
        url = running.enter_context(listening(portal.app))
        start = running.enter_context(starting(company, folder))
        portal.server = start(
            cors_origins=url, token_requests_per_second=0, feed_budget_ms=20_000.0
        )
        yield _World(portal.server, portal, url)


@pytest.fixture(scope="package")
def world(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_World]:
    """One API and one portal for all tests of the widget, which are about people of their own."""
    with _world(company, tmp_path_factory.mktemp("widget")) as started:
        yield started


@pytest.fixture
def desk(world: _World, browser: Browser) -> Iterator[OpenDesk]:
    """Sit somebody down at a browser; without complaints at the end unless ``complains``."""
    with ExitStack() as leaving:

        def sit(
            employee: str, *, width: int = 1280, height: int = 900, complains: bool = False,
            scheme: Any = "light", **query: str,
        ) -> Desk:  # fmt: skip
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            leaving.callback(context.close)
            context.add_cookies([{"name": "signed_in", "value": employee, "url": world.url}])
            seat = Desk(employee, world.server, world.portal, world.url, context, query=query)
            if not complains:
                leaving.callback(_expect_peace, seat)
            return seat

        yield sit


def _expect_peace(seat: Desk) -> None:
    assert seat.complaints == []


@pytest.fixture(scope="package")
def publish(world: _World) -> Callable[..., None]:
    """Put a content that only some people see, pinned to the top, and its renditions by format."""

    def put(
        content_id: str, employee: str, *, columns: Mapping[str, object] | None = None,
        **renditions: Mapping[str, object],
    ) -> None:  # fmt: skip
        now = world.server.services.clock.now()
        row = {
            "title": content_id, "published_at": (now - timedelta(minutes=5)).isoformat(),
            "pinned_until": (now + timedelta(days=1)).isoformat(), "language": "en",
            "audience": {"desk": [employee]},
        }  # fmt: skip
        person = {"desk": employee, "language": row["language"], "valid_from": "2026-01-01"}
        world.server.send("PUT", f"/v1/employees/{employee}", person)
        world.server.send("PUT", f"/v1/contents/{content_id}", row | dict(columns or {}))
        for form, own in renditions.items():
            told = {"content_id": content_id, "format": form} | dict(own)
            world.server.send("PUT", f"/v1/renditions/{content_id}-{form}", told)

    return put
