"""Requests that nobody made."""

import pytest

from serving.newsletter.scanners import is_automatic

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
READERS = [
    FIREFOX,
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Safari/537.36 Edg/140.0.0.0",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_WEBKIT} Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1",
]
PROGRAMS = [
    "", "curl/8.5.0", "python-requests/2.32", "Go-http-client/2.0", "Java/17.0.2",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/140.0.0.0 Safari/537.36",
    "Barracuda Sentinel (EE)", "Slackbot-LinkExpanding 1.0",
]  # fmt: skip


@pytest.mark.parametrize("agent", READERS)
def test_browsers_are_of_readers(agent: str) -> None:
    assert not is_automatic("GET", {"user-agent": agent, "purpose": ""})


@pytest.mark.parametrize("agent", PROGRAMS)
def test_programs_are_known_by_their_name(agent: str) -> None:
    assert is_automatic("GET", {"user-agent": agent})


@pytest.mark.parametrize(
    ("name", "value"),
    [("purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("x-moz", "prefetch"),
     ("x-purpose", "preview")],
)  # fmt: skip
def test_fetching_ahead_is_nobodys_click(name: str, value: str) -> None:
    assert is_automatic("GET", {"user-agent": FIREFOX, name: value})


def test_only_a_get_is_a_click() -> None:
    assert is_automatic("HEAD", {"user-agent": FIREFOX})
