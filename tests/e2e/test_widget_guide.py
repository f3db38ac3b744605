"""What the guide to the widget shows works: page, back end, policy, looks, events."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from httpx import Client

from serving.widget.module import widget_module
from tests.serving.conftest import Company, bearer, listening, starting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.serving.conftest import Server

GUIDE = (Path(__file__).parents[2] / "docs" / "widget.md").read_text(encoding="utf-8")
EMPLOYEE = "sim-000003"


def block(language: str, beginning: str = "") -> str:
    """Return the fenced block of a language that begins so."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    (found,) = [text for name, text in blocks if name == language and text.startswith(beginning)]
    return str(found).replace("e-1", EMPLOYEE)


@pytest.fixture(scope="module")
def portal(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal with the guide's page, policy and back end, on another origin than the API."""
    app = FastAPI()
    media = files("serving.portal").joinpath("media")
    app.mount("/portal/media", StaticFiles(directory=str(media)))
    folder = tmp_path_factory.mktemp("guide")
    with (
        listening(app) as url,
        starting(company, folder) as start,
        pytest.MonkeyPatch.context() as patch,
    ):
        api = start(cors_origins=url)
        address = str(api.client.base_url).rstrip("/")
        _publish(api)
        key = bearer(api.settings, "portal")["Authorization"].removeprefix("Bearer ")
        patch.setenv("KEY", key)
        patch.setenv("RECSYS_URL", address)
        policy = block("", "script-src").strip().replace("https://media.example", "'self'")
        headers = {"Content-Security-Policy": _here(f"default-src 'none'; {policy}", address)}
        html = f"<!doctype html><link rel='icon' href='data:,'>{_here(block('html'), address)}"
        app.get("/")(lambda: HTMLResponse(html, headers=headers))
        backend: dict[str, Any] = {}
        exec(block("python"), backend)
        app.mount("/", backend["app"])
        yield url


def _publish(api: Server) -> None:
    """Publish a picture that comes first."""
    now = api.services.clock.now().isoformat()
    must = {"title": "Seen", "published_at": now, "mandatory": True, "ack_due_at": now}
    api.send("PUT", "/v1/contents/seen", must)
    drawing = {"content_id": "seen", "format": "illustration", "url": "/portal/media/book.svg"}
    api.send("PUT", "/v1/renditions/seen-drawn", drawing)


def _here(text: str, address: str) -> str:
    return text.replace("https://recsys.example", address)


@pytest.fixture
def page(browser: Browser, portal: str) -> Iterator[Page]:
    complaints: list[str] = []
    page = browser.new_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(portal)
    page.locator("intranet-feed article").first.wait_for()
    yield page
    page.close()
    assert [line for line in complaints if "favicon" not in line and "data:" not in line] == []


def test_the_page_shows_a_feed_with_its_pictures_under_its_policy(page: Page) -> None:
    picture = page.locator("intranet-feed img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("i => i.complete && i.naturalWidth > 0", arg=picture.element_handle())


def test_the_page_can_step_in_before_a_link_is_followed(page: Page) -> None:
    page.evaluate("window.openInMyReader = (...told) => { window.told = told; }")
    page.evaluate(block("js", "document"))
    before = page.url
    page.locator("intranet-feed article h3 a").first.click()
    url, content_id = page.evaluate("window.told")
    assert content_id in url
    assert page.url == before


def test_the_guides_looks_are_the_widgets_and_hold(page: Page) -> None:
    css = block("css")
    known = set(re.findall(r"--feed-[a-z-]*[a-z]", widget_module().plain.decode()))
    assert set(re.findall(r"--feed-[a-z-]+", css)) == known
    page.evaluate(
        """css => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(css);
          document.adoptedStyleSheets = [sheet];
        }""",
        css,
    )
    button = page.locator("intranet-feed button.primary").first
    assert button.evaluate("b => getComputedStyle(b).backgroundColor") == "rgb(11, 92, 173)"


def test_a_page_may_bring_the_token_itself(page: Page) -> None:
    page.evaluate(
        """employee => {
          const ask = () => fetch("/intranet/feed-token", { method: "POST" });
          const getToken = async () => (await ask()).json();
          const feed = Object.assign(document.createElement("intranet-feed"), { getToken });
          feed.setAttribute("employee", employee);
          feed.id = "own";
          document.body.replaceChildren(feed);
        }""",
        EMPLOYEE,
    )
    page.locator("#own article").first.wait_for()


def test_the_back_end_answers_a_token_and_the_call_is_the_guides(portal: str) -> None:
    with Client(base_url=portal) as client:
        answer = client.post("/intranet/feed-token").json()
    assert set(answer) == {"token", "expires_at"}
    assert f"/v1/employees/{EMPLOYEE}/token" in block("sh")


def test_every_attribute_and_event_is_the_widgets() -> None:
    module = widget_module().plain.decode()
    rows = re.findall(r"^\| `([a-z-]+)` \|", GUIDE.split("## 2.", maxsplit=1)[0], re.MULTILINE)
    assert {"employee", "token-url", "api", "lang", "theme"} <= set(rows)
    for name in rows:
        assert f'"{name}"' in module or f"[{name}=" in module, name
    for name in re.findall(r"`feed:([a-z]+)`", GUIDE):
        assert f'"{name}"' in module or f'"feed:{name}"' in module, name
