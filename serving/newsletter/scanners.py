"""Which requests for a link were made by a program, not by a reader."""

import re
from collections.abc import Mapping

__all__ = ["is_automatic"]

_PROGRAMS = re.compile(
    r"bot\b|bot/|crawl|spider|scan|preview|prefetch|fetch|monitor|validat|headless|"
    r"curl|wget|libwww|python|java/|go-http|okhttp|axios|http-?client|"
    r"barracuda|proofpoint|mimecast|fireeye|trendmicro|symantec|messagelabs|safelinks|zscaler|"
    r"googleimageproxy|facebookexternalhit|slack|whatsapp|telegram",
    re.IGNORECASE,
)
"""What link scanners, previews and fetching libraries call themselves; no browser does."""

_FETCHING_AHEAD = ("purpose", "sec-purpose", "x-purpose", "x-moz")
"""Headers of browsers that fetch what may be wanted next (``prefetch``, ``prerender``,
``preview``)."""


def is_automatic(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether nobody asked for this: a HEAD, a fetch ahead, or a program by its name.

    ``headers`` are by lower-case name. A request without a user agent is a program's. Scanners that
    pass themselves off as browsers are for :mod:`serving.newsletter.clicks` to find.
    """
    if method != "GET":
        return True
    if any(re.search("pre", headers.get(name, ""), re.IGNORECASE) for name in _FETCHING_AHEAD):
        return True
    agent = headers.get("user-agent", "")
    return not agent or bool(_PROGRAMS.search(agent))
