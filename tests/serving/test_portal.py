"""The demonstration pages without a browser: what they say, log and refuse."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import orjson
import pytest

from serving.texts import LANGUAGES, as_language, texts

if TYPE_CHECKING:
    from httpx import Response

    from tests.serving.conftest import Server, StartServer

HOSTILE = '<script>alert("1")</script>&'


def ask(server: Server, path: str = "/portal", /, referer: str = "", **query: str) -> Response:
    headers = {"Referer": f"{server.client.base_url}{referer}"} if referer else {}
    return server.client_with(headers).get(path, params=query)


def page(server: Server, path: str = "/portal", /, status: int = 200, **query: str) -> str:
    response = ask(server, path, **query)
    assert response.status_code == status, response.text
    return response.text


def rendition(server: Server, form: str, language: str = "en") -> dict[str, str]:
    """Return a stored rendition of a format."""
    rows = server.services.store.load()["renditions"]
    chosen = rows[(rows["format"] == form) & (rows["language"] == language)].iloc[0]
    return {name: str(chosen[name]) for name in ("content_id", "rendition_id", "url", "title")}


def test_it_is_off_outside_the_demo(start: StartServer) -> None:
    client = start().client_with({})
    for path in ("/portal", "/portal/signage", "/portal/media/line.webm", "/portal/contents/c"):
        assert client.get(path).status_code == 404
    for path in ("/portal/token/e", "/portal/events"):
        assert client.post(path).status_code == 404


def test_people_are_found_by_id_and_department(shared: Server) -> None:
    everybody = page(shared, lang="en")
    assert "90 people" in everybody
    assert everybody.count('class="person"') == 48
    department = re.search(r'<option value="(\w+)">', everybody)
    assert department is not None
    some = page(shared, lang="en", department=department[1], q="sim-0000")
    assert 0 < some.count('class="person"') < 48
    assert "Nobody found" in page(shared, lang="en", q="nobody")


def test_a_reader_has_the_widget_formats_and_colleagues(shared: Server) -> None:
    html = page(shared, employee=shared.employee, lang="ja")
    tag = re.search(r"<intranet-feed ([^>]*)>", html)
    assert tag is not None
    assert f'employee="{shared.employee}"' in tag[1]
    assert f'token-url="/portal/token/{shared.employee}"' in tag[1]
    assert 'lang="ja"' in tag[1]
    assert texts("ja")["reader.no_script"] in html
    assert html.count('class="bar"') == 6  # one for each format of the simulated company
    others = re.findall(r'class="person" href="/portal\?employee=([\w-]+)', html)
    assert len(set(others) - {shared.employee}) == 3


def test_no_page_needs_inline_code(shared: Server) -> None:
    film = rendition(shared, "video")
    pages = [
        page(shared),
        page(shared, employee=shared.employee),
        page(shared, f"/portal/contents/{film['content_id']}", employee=shared.employee,
             rendition_id=film["rendition_id"]),
        page(shared, "/portal/signage"),
    ]  # fmt: skip
    client = shared.client_with({})
    for html in pages:
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", html)
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', html):
            assert client.get(path).status_code == 200


def test_a_token_opens_the_feed_of_who_was_chosen_only(shared: Server) -> None:
    made = shared.client_with({}).post(f"/portal/token/{shared.employee}").json()
    assert set(made) == {"token", "expires_at"}
    reader = shared.client_with({"Authorization": f"Bearer {made['token']}"})
    assert reader.get(f"/v1/employees/{shared.employee}/feed").status_code == 200
    assert reader.get("/v1/employees/sim-000001/feed").status_code == 403


def test_media_come_with_their_type_in_parts_and_may_be_kept(shared: Server) -> None:
    client = shared.client_with({"Range": "bytes=0-99"})
    kinds = {"line.webm": "video/webm", "line.ja.vtt": "text/vtt", "line.jpg": "image/jpeg",
             "book.svg": "image/svg+xml", "tones.mp3": "audio/mpeg"}  # fmt: skip
    for name, kind in kinds.items():
        answer = client.get(f"/portal/media/{name}")
        assert answer.status_code == 206, name
        assert answer.headers["content-type"].split(";")[0] == kind
        assert len(answer.content) == 100
        assert answer.headers["cache-control"] == "public, max-age=86400"
        assert "media-src 'self'" in answer.headers["content-security-policy"]
    again = shared.client_with({"If-None-Match": answer.headers["etag"]})
    assert again.get("/portal/media/tones.mp3").status_code == 304
    assert client.get("/portal/media/none.svg").status_code == 404


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("video", r'<video [^>]*src="{url}"[^>]*poster="[^"]+\.jpg"'),
        ("illustration", r'<img [^>]*src="{url}" alt="[^"]{{10,}}"'),
        ("audio", r'<audio [^>]*src="{url}"'),
        ("text_summary", r'<ul class="points"><li>'),
        ("article", r'<div class="body"'),
    ],
)
def test_a_content_is_shown_in_its_form(shared: Server, form: str, shown: str) -> None:
    row = rendition(shared, form)
    path = f"/portal/contents/{row['content_id']}"
    html = page(shared, path, employee=shared.employee, rendition_id=row["rendition_id"], lang="en")
    assert re.search(shown.format(url=re.escape(row["url"])), html)
    assert f"<h1>{row['title']}</h1>" in unescape(html)
    assert html.count('class="offer"') == 4
    rows = shared.services.store.load()["renditions"]
    others = rows.loc[rows["content_id"] == row["content_id"], "rendition_id"]
    assert all(f"rendition_id={other}" in html for other in others)


def test_a_link_in_a_feed_does_not_say_whose_it_is_the_page_before_does(shared: Server) -> None:
    url = rendition(shared, "article")["url"]
    before = f"/portal?employee={shared.employee}&lang=ja"
    html = ask(shared, url, referer=before).text
    assert f'name="employee" value="{shared.employee}"' in html
    assert texts("ja")["content.back"] in html
    lost = ask(shared, url)
    assert (lost.status_code, lost.headers["location"]) == (303, "/portal?lang=en")
    foreign = shared.client_with({"Referer": f"https://elsewhere.example{before}"}).get(url)
    assert foreign.status_code == 303


def test_texts_are_escaped_everywhere(start: StartServer) -> None:
    server = start(demo=True)
    now = server.services.clock.now().isoformat()
    row = {"title": HOSTILE, "summary": HOSTILE, "body": HOSTILE, "topics": [HOSTILE],
           "owner_department": HOSTILE, "published_at": now, "mandatory": True,
           "ack_required": True, "ack_due_at": now}  # fmt: skip
    server.send("PUT", "/v1/contents/evil", row)
    film = {"format": "video", "content_id": "evil", "alt_text": HOSTILE, "url": '"><b>',
            "captions_url": '"><b>', "poster_url": '"><b>'}  # fmt: skip
    server.send("PUT", "/v1/renditions/evil-film", film)
    pages = [
        page(server, employee=HOSTILE, q=HOSTILE),
        page(server, q=HOSTILE, department=HOSTILE),
        page(server, "/portal/contents/evil", employee=HOSTILE, rendition_id="evil-film"),
        page(server, "/portal/signage", site=HOSTILE, department=HOSTILE),
    ]
    for html in pages:
        assert "&lt;script&gt;" in html
        assert "<script>" not in html
        assert "<b>" not in html


def test_what_is_done_on_a_page_counts_in_the_feed(start: StartServer) -> None:
    server = start(demo=True)
    client = server.client_with({})
    item = server.feed(server.employee)["items"][-1]
    form = {"employee": server.employee, "lang": "en", "event_type": "open",
            "content_id": item["content_id"], "rendition_id": item["rendition_id"]}  # fmt: skip
    opened = client.post("/portal/events", data=form)
    assert opened.status_code == 303
    assert item["title"] in unescape(client.get(opened.headers["location"]).text)
    event = server.services.store.load()["events"].iloc[-1]
    assert (event["event_type"], event["rendition_id"]) == ("open", item["rendition_id"])
    assert item["content_id"] not in {i["content_id"] for i in server.feed()["items"]}
    done = client.post("/portal/events", data=form | {"event_type": "complete"})
    assert texts("en")["done.complete"] in client.get(done.headers["location"]).text
    gone = client.post("/portal/events", data=form | {"event_type": "dismiss"})
    assert gone.headers["location"].startswith("/portal?employee=")


def test_requests_of_other_sites_and_broken_ones_are_refused(shared: Server) -> None:
    client = shared.client_with({"Sec-Fetch-Site": "cross-site"})
    assert client.post("/portal/events", data={"event_type": "open"}).status_code == 403
    assert client.post(f"/portal/token/{shared.employee}").status_code == 403
    broken = shared.client_with({}).post("/portal/events", data={"event_type": "open"})
    assert broken.status_code == 422
    page(shared, "/portal/contents/none", 404, employee="e")


def test_a_screen_shows_what_its_place_may_see_and_no_person(shared: Server) -> None:
    html = page(shared, "/portal/signage", site="tokyo", lang="ja")
    feed = shared.get("/v1/feeds/signage", 200, site="tokyo", lang="ja", limit=8)
    titles = re.findall(r"<h2>(.*?)</h2>", unescape(html))
    assert titles == [item["title"] for item in feed["items"]]
    assert html.count("<video") == sum(i["format"].endswith("video") for i in feed["items"])
    assert html.count("<video muted loop playsinline") == html.count("<video")
    assert "tokyo" in html
    assert "sim-" not in html
    assert "<a " not in html
    assert "<button" not in html


def test_every_text_exists_in_every_language() -> None:
    from importlib.resources import files

    loaded = orjson.loads(files("serving").joinpath("texts.json").read_bytes())
    for key, words in loaded.items():
        assert set(words) == set(LANGUAGES), key
        places = {language: sorted(re.findall(r"{(\w+)}", words[language])) for language in words}
        assert places["ja"] == places["en"], key


def test_every_reason_and_format_has_words() -> None:
    from recsys.schema import DISMISS_REASONS, FORMATS
    from recsys.slate.reasons import REASON_CODES

    keys = [f"reason.{c}" for c in REASON_CODES] + [f"format.{f}" for f in FORMATS]
    assert set(keys) | {f"dismiss.{r}" for r in DISMISS_REASONS} <= set(texts("en"))


def test_languages_are_recognised() -> None:
    assert [as_language("JA-jp"), as_language("pt", "ja"), as_language(None, "fr")] == [
        "ja", "ja", "en",
    ]  # fmt: skip
