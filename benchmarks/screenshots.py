"""Take the README's pictures of the running demo.

Example: make demo, then in another shell python -m benchmarks.screenshots --key KEY

They come from a real Chromium, with the demo's clock as it stands. KEY is one that opens every
route: ``recsys keys create --scope admin`` with the demo's database. With it an issue of the
newsletter is planned, and the mails of two readers are pictured; without it the portal only. Start
the server with RECSYS_PORTAL_URL at its own address, or the pictures in mails are not found.
"""

import argparse
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).parents[1] / "docs"
READERS = {"ja": "sim-000100", "en": "sim-000024"}
"""Of the demo company (seed 1): a salesperson in Tokyo, somebody of the service in Singapore."""


ISSUE = "pictured"
PLAN = {
    "send_at": "2026-07-03T03:00:00Z",
    "sections": [
        {"id": "personal", "quota": 5, "max_per_author": 2},
        {"id": "other_department", "quota": 2, "min_other_department": 1},
    ],
}


class Shot(NamedTuple):
    """A picture: its file, the page, the window."""

    name: str
    path: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"


def shots() -> list[Shot]:
    """Return what is pictured."""
    ja, en = (f"/portal?employee={READERS[lang]}&lang={lang}" for lang in ("ja", "en"))
    screen = "/portal/signage?site=tokyo&lang=ja"
    return [
        Shot("portal", en, 1280, 1400),
        Shot("portal-ja", ja, 1280, 1400),
        Shot("portal-dark", en, 1280, 1400, "dark"),
        Shot("portal-ja-dark", ja, 1280, 1400, "dark"),
        Shot("portal-360", en, 360, 1400),
        Shot("portal-ja-360", ja, 360, 1400),
        Shot("portal-360-dark", en, 360, 1400, "dark"),
        Shot("portal-ja-360-dark", ja, 360, 1400, "dark"),
        Shot("signage", screen, 1920, 1080),
    ]


def mail_shots() -> list[Shot]:
    """Return which mails are pictured, with their language for a path."""
    return [
        Shot("mail-en", "en", 700, 1200),
        Shot("mail-ja-dark", "ja", 700, 1200, "dark"),
        Shot("mail-ja-360", "ja", 360, 1200),
    ]


def take(browser: Browser, address: str, shot: Shot) -> None:
    """Write one picture once the page is still."""
    with _opened(browser, address, shot) as page:
        page.goto(shot.path, wait_until="networkidle")
        if "signage" not in shot.path:
            page.locator("intranet-feed article").first.wait_for()
            page.wait_for_load_state("networkidle")
        page.screenshot(path=DOCS / f"{shot.name}.png")


def take_mails(browser: Browser, address: str, key: str) -> None:
    """Plan an issue and write pictures of its readers' mails."""
    with httpx.Client(base_url=f"{address}/v1/", timeout=300) as api:
        api.headers["Authorization"] = f"Bearer {key}"
        api.post(f"newsletters/{ISSUE}/plan", json=PLAN).raise_for_status()
        while api.get(f"newsletters/{ISSUE}").json()["status"] in {"waiting", "running"}:
            time.sleep(1)
        for shot in mail_shots():
            with _opened(browser, address, shot) as page:
                page.set_content(_mail(api, READERS[shot.path]), wait_until="networkidle")
                page.screenshot(path=DOCS / f"{shot.name}.png", full_page=True)


def _mail(api: httpx.Client, employee: str) -> str:
    """Return somebody's mail, which only their own token shows."""
    token = api.post(f"employees/{employee}/token").raise_for_status().json()["token"]
    own = {"Authorization": f"Bearer {token}"}
    shown = api.get(f"newsletters/{ISSUE}/preview", params={"employee": employee}, headers=own)
    html: str = shown.raise_for_status().json()["html"]
    return html


@contextmanager
def _opened(browser: Browser, address: str, shot: Shot) -> Iterator[Page]:
    context = browser.new_context(
        base_url=address, color_scheme=shot.scheme, reduced_motion="reduce",
        viewport={"width": shot.width, "height": shot.height},
    )  # fmt: skip
    yield context.new_page()
    context.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8000", help="of the demo")
    parser.add_argument("--key", help="opens every route; without it no mails are pictured")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in shots():
            take(browser, arguments.address, shot)
        if arguments.key:
            take_mails(browser, arguments.address, arguments.key)
        browser.close()


if __name__ == "__main__":
    main()
