"""Take the README's pictures of the running demo.

Example: make demo, then in another shell python -m benchmarks.screenshots

They come from a real Chromium, with the demo's clock as it stands.
"""

import argparse
import shutil
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, sync_playwright

DOCS = Path(__file__).parents[1] / "docs"
READERS = {"ja": "sim-000100", "en": "sim-000024"}
"""Of the demo company (seed 1): a salesperson in Tokyo, somebody of the service in Singapore."""


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


def take(browser: Browser, address: str, shot: Shot) -> None:
    """Write one picture once the page is still."""
    context = browser.new_context(
        base_url=address, color_scheme=shot.scheme, reduced_motion="reduce",
        viewport={"width": shot.width, "height": shot.height},
    )  # fmt: skip
    page = context.new_page()
    page.goto(shot.path, wait_until="networkidle")
    if "signage" not in shot.path:
        page.locator("intranet-feed article").first.wait_for()
        page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / f"{shot.name}.png")
    context.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8000", help="of the demo")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in shots():
            take(browser, arguments.address, shot)
            print(DOCS / f"{shot.name}.png")
        browser.close()


if __name__ == "__main__":
    main()
