"""What axe finds wrong in a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["violations"]

_AXE = Path(__file__).parent / "axe" / "axe.min.js"

_RUN = """axe.run({ rules: %s }).then(({ violations, passes }) => [
  ...violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html} ${n.failureSummary}`)),
  ...(passes.length ? [] : ["nothing was looked at"]),
])"""


def violations(page: Page, *, but: tuple[str, ...] = ()) -> list[str]:
    """Run all rules ``but`` some, in a world of its own: a page's policy may let no script in."""
    rules = json.dumps({rule: {"enabled": False} for rule in but})
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame})["executionContextId"]
    run = {"contextId": world, "awaitPromise": True, "returnByValue": True}
    source = _AXE.read_text(encoding="utf-8")
    session.send("Runtime.evaluate", {"expression": f"{source};0"} | run)
    found = session.send("Runtime.evaluate", {"expression": _RUN % rules} | run)
    told: list[str] = found["result"]["value"]
    return told
