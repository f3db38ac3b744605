"""The demonstration page without a browser: what it says, logs and refuses."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from serving.texts import LANGUAGES, as_language, texts

if TYPE_CHECKING:
    from tests.serving.conftest import Server, StartServer

HOSTILE = '<script>alert("1")</script>&'


def page(server: Server, path: str = "/portal", status: int = 200, **query: str) -> str:
    response = server.client_with({}).get(path, params=query)
    assert response.status_code == status, response.text
    return response.text


def test_it_is_off_outside_the_demo(start: StartServer) -> None:
    server = start()
    page(server, status=404)
    assert server.client_with({}).post("/portal/events").status_code == 404


def test_people_are_found_by_id_and_department(shared: Server) -> None:
    everybody = page(shared, lang="en")
    assert "90 people" in everybody
    assert everybody.count('class="face') == 48
    department = re.search(r'<option value="(\w+)">', everybody)
    assert department is not None
    some = page(shared, lang="en", department=department[1], q="sim-0000")
    assert 0 < some.count('class="face') < 48
    assert "Nobody found" in page(shared, lang="en", q="nobody")


def test_a_feed_page_needs_no_inline_code(shared: Server) -> None:
    html = page(shared, employee=shared.employee, lang="ja")
    assert "必読" in html
    assert "時間前" in html or "日前" in html
    assert 'lang="ja"' in html
    assert not re.search(r"<script(?! src=)|\son\w+=|\sstyle=", html)
    assert shared.client_with({}).get("/static/portal.css").status_code == 200
    assert shared.client_with({}).get("/static/portal.js").status_code == 200


def test_texts_are_escaped_everywhere(start: StartServer) -> None:
    server = start(demo=True)
    now = server.services.clock.now().isoformat()
    row = {"title": HOSTILE, "summary": HOSTILE, "body": HOSTILE, "topics": [HOSTILE],
           "owner_department": HOSTILE, "published_at": now, "mandatory": True}  # fmt: skip
    server.send("PUT", "/v1/contents/evil", row)
    pages = [
        page(server, employee=HOSTILE, q=HOSTILE),
        page(server, q=HOSTILE, department=HOSTILE),
        page(server, "/portal/contents/evil", employee=HOSTILE, request_id=HOSTILE),
    ]
    for html in pages:
        assert "&lt;script&gt;" in html
        assert "<script>" not in html


def test_late_must_reads_say_so_and_the_waiting_are_counted(start: StartServer) -> None:
    server = start(demo=True)
    now = server.services.clock.now()
    for number in range(9):
        row = {"title": f"Rule {number}", "published_at": (now - timedelta(days=3)).isoformat(),
               "mandatory": True, "ack_due_at": (now - timedelta(days=1)).isoformat()}  # fmt: skip
        server.send("PUT", f"/v1/contents/rule-{number}", row)
    html = page(server, employee=server.employee, lang="en")
    overdue = texts("en")["feed.overdue"].split("{")[0]
    assert html.count(overdue) == 3
    feed = server.feed(server.employee)
    assert texts("en")["feed.waiting"].format(n=feed["must_reads_waiting"]) in html


def test_opening_logs_the_slot_and_shows_the_content(start: StartServer) -> None:
    server = start(demo=True)
    client = server.client_with({})
    feed = page(server, employee=server.employee, lang="en")
    request_id = re.search(r'data-request="([^"]+)"', feed)
    cards = re.findall(r'data-content="([^"]+)" data-rendition="([^"]*)"', feed)
    assert request_id is not None
    content_id, rendition_id = cards[-1]
    form = {"employee": server.employee, "lang": "en", "event_type": "open",
            "content_id": content_id, "rendition_id": rendition_id,
            "request_id": request_id[1]}  # fmt: skip
    response = client.post("/portal/events", data=form)
    assert response.status_code == 303
    assert "Back to the feed" in client.get(response.headers["location"]).text
    event = server.services.store.load()["events"].iloc[-1]
    assert (event["event_type"], event["position"]) == ("open", len(cards))
    assert event["rendition_propensity"] > 0
    after = page(server, employee=server.employee)
    assert f'data-content="{content_id}"' not in after
    assert client.post("/portal/impressions", data=form).status_code == 204
    assert server.services.store.load()["events"].iloc[-1]["event_type"] == "impression"


def test_forms_of_other_sites_and_broken_ones_are_refused(shared: Server) -> None:
    client = shared.client_with({"Sec-Fetch-Site": "cross-site"})
    assert client.post("/portal/events", data={"event_type": "open"}).status_code == 403
    broken = shared.client_with({}).post("/portal/events", data={"event_type": "open"})
    assert broken.status_code == 422
    page(shared, "/portal/contents/none", 404, employee="e")


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
