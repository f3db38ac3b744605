"""The module that pages load: small, joined from its parts, and served to pages of any site."""

from __future__ import annotations

import gzip
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import orjson
import pytest

from recsys.schema import DISMISS_REASONS, FORMATS
from serving.widget.module import widget_module

if TYPE_CHECKING:
    from tests.serving.conftest import Server

PATH = "/widget/intranet-feed.js"
PARTS = files("serving.widget").joinpath("parts")
BUDGET = 15_000
"""Bytes as sent: what a telephone in a plant takes in within a tenth of a second."""


def part(name: str) -> str:
    return PARTS.joinpath(name).read_text(encoding="utf-8")


def catalogue() -> dict[str, list[str]]:
    listed = re.search(r"export const TEXTS = ({.*?\n});", part("texts.js"), re.DOTALL)
    assert listed is not None
    found: dict[str, list[str]] = orjson.loads(re.sub(r",\s*}", "}", listed[1]))
    return found


def test_it_is_small_and_whole() -> None:
    module = widget_module()
    assert len(module.gzipped) <= BUDGET
    assert gzip.decompress(module.gzipped) == module.plain
    text = module.plain.decode()
    assert not re.search(r"^(import|export)\b|^\s*//", text, re.MULTILINE)
    for one in PARTS.iterdir():
        for name in re.findall(r"^export (?:\w+ )+(\w+)", part(one.name), re.MULTILINE):
            assert len(re.findall(rf"^(?:\w+ )*{name}\b[ =({{]", text, re.MULTILINE)) >= 1, name


def test_no_two_parts_use_a_name_for_two_things() -> None:
    declared = [
        name
        for one in PARTS.iterdir()
        for name in re.findall(
            r"^(?:export )?(?:async )?(?:const|let|class|function) (\w+)",
            part(one.name),
            re.MULTILINE,
        )
    ]
    assert len(declared) == len(set(declared))


def test_every_text_has_both_languages_and_is_used() -> None:
    code = "".join(part(one.name) for one in PARTS.iterdir() if one.name != "texts.js")
    dynamic = {f"format.{name}" for name in FORMATS} | {f"less.{name}" for name in DISMISS_REASONS}
    assert dynamic <= set(catalogue())
    for key, words in catalogue().items():
        japanese, english = words
        assert japanese != english, key
        places = [sorted(re.findall(r"{(\w+)}", text)) for text in words]
        assert places[0] == places[1], key
        assert key in dynamic or f'"{key}"' in code, key
    used = set(re.findall(r'\bt\("([\w.]+)"', code))
    assert used <= set(catalogue())


def test_words_are_those_of_the_rest_of_the_product() -> None:
    from serving.texts import texts

    for key, words in catalogue().items():
        shared = key.replace("less.", "dismiss.")
        if shared.split(".")[0] in ("format", "dismiss") and shared in texts("ja"):
            assert words == [texts("ja")[shared], texts("en")[shared]], key


def test_pages_of_any_site_may_load_it(shared: Server) -> None:
    client = shared.client_with({"Origin": "https://portal.example", "Accept-Encoding": "gzip"})
    answer = client.get(PATH)
    assert answer.status_code == 200
    headers = answer.headers
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    assert int(headers["content-length"]) <= BUDGET
    assert answer.content == widget_module().plain
    plain = shared.client_with({"Accept-Encoding": "identity"}).get(PATH)
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content


def test_who_has_it_is_not_sent_it_again(shared: Server) -> None:
    client = shared.client_with({})
    tag = client.get(PATH).headers["etag"]
    for sent in (tag, f'"old", W/{tag}'):
        again = client.get(PATH, headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(PATH, headers={"If-None-Match": '"old"'}).status_code == 200
    head = client.head(PATH)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("path", ["/widget/feed.js", "/widget/../app.py", "/widget/"])
def test_nothing_else_is_there(shared: Server, path: str) -> None:
    assert shared.client_with({}).get(path).status_code == 404
