"""What the links of a mail open, on a running server."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Client

from recsys.answers import FeedRequest
from recsys.store.newsletter_store import NewsletterStore
from recsys.store.sql_store import SqlStore
from serving.newsletter.clicks import Clicks
from serving.newsletter.links import Claim, LinkKind
from serving.newsletter.mailing import pack_mail
from serving.newsletter.plan_models import PlanBody, PlanSection
from tests.serving.conftest import Company, Server, starting
from tests.serving.newsletter.letters import CONTENTS, NOW, RENDITIONS, WHOLE, mail, put
from tests.serving.newsletter.test_scanners import FIREFOX


@pytest.fixture(scope="module")
def running(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with starting(company, tmp_path_factory.mktemp("mail")) as new:
        yield new(portal_url="https://portal.example/home/")


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """The running server with the stories as they were, and a reader of this test's own."""
    services = running.services
    assert isinstance(services.store, SqlStore)
    put(services.store, "contents", CONTENTS)
    put(services.store, "renditions", RENDITIONS)
    services.worker.catch_up()
    plan(services.newsletters, services.clock.now())
    own = Clicks(lambda events: services.event_writer.submit(events).result())
    running.app.state.services = replace(services, clicks=own)
    yield replace(running, employee=f"reader-{uuid4()}")
    own.close()
    running.app.state.services = services


def plan(newsletters: NewsletterStore, at: datetime) -> None:
    """Plan the issue for nobody yet; the same again changes nothing."""
    sections = [PlanSection(id="must", quota=1), PlanSection(id="news", title="今週", quota=5)]
    body = PlanBody(name="工場だより", send_at=NOW, audience={}, sections=sections)
    if newsletters.find("w27", 1) is None:
        newsletters.add("w27", 1, body.model_dump_json(), at)
        newsletters.claim("w27", 1, "us", 0, 1)
        newsletters.finish("w27", 1, "finished", at, [])


def send(server: Server, at: datetime) -> None:
    """Let the reader's mail have gone out at a moment."""
    log = server.services.mailing.deliveries
    sent = pack_mail(mail(*WHOLE, employee_id=server.employee))
    assert log.begin("w27", server.employee, sent, at=at)
    log.sent("w27", server.employee, [], at=at)


@pytest.fixture
def reader(server: Server) -> Client:
    return server.client_with({"User-Agent": FIREFOX, "Accept-Language": "ja"})


def path(server: Server, kind: LinkKind, content: str = "", rendition: str = "") -> str:
    claim = Claim(server.employee, "w27", content, rendition, 2 if content else 0)
    url = server.services.mailing.links.url(kind, claim)
    return url.removeprefix("http://127.0.0.1:8000")


def clicks(server: Server) -> list[str]:
    """Return what counts as clicked once all that waits is judged."""
    server.services.clicks.close()
    return [str(row["content_id"]) for row in written(server, "newsletter_click")]


def written(server: Server, event_type: str) -> list[dict[str, Any]]:
    events = server.services.store.load()["events"]
    mine = (events["employee_id"] == server.employee) & (events["event_type"] == event_type)
    return [
        {str(name): value for name, value in row.items()} for row in events[mine].to_dict("records")
    ]


def test_a_readers_click_leads_to_the_story_and_counts_once(server: Server, reader: Client) -> None:
    film = path(server, "r", "talk", "talk-film")
    for _ in range(2):
        answer = reader.get(film)
        assert answer.status_code == 302
        assert answer.headers["location"] == "https://portal.example/videos/talk"
    assert clicks(server) == ["talk"]
    (event,) = written(server, "newsletter_click")
    assert (event["issue_id"], event["surface"], event["rendition_id"], event["position"]) == (
        "w27", "newsletter", "talk-film", 2
    )  # fmt: skip
    with server.services.worker.engine() as (engine, at):
        slots = engine.feed(FeedRequest(server.employee, at, limit=50)).items
    assert "talk" not in {slot.content_id for slot in slots}


def test_scanners_are_led_on_and_do_not_count(server: Server, reader: Client) -> None:
    film, brief = (
        path(server, "r", "talk", "talk-film"),
        path(server, "r", "contest", "contest-brief"),
    )
    plant = path(server, "r", "plant", "plant-drawn")
    assert reader.head(film).status_code == 302
    assert reader.get(film, headers={"Sec-Purpose": "prefetch"}).status_code == 302
    assert reader.get(film, headers={"User-Agent": "python-requests/2"}).status_code == 302
    for link in (film, brief, plant):  # all at once, as a browser
        assert reader.get(link).status_code == 302
    assert clicks(server) == []


@pytest.mark.parametrize(("seconds", "counted"), [(1, []), (60, ["talk"])])
def test_what_follows_right_after_sending_is_a_filter(
    server: Server, reader: Client, seconds: int, counted: list[str]
) -> None:
    send(server, server.services.clock.now() - timedelta(seconds=seconds))
    reader.get(path(server, "r", "talk", "talk-film"))
    assert clicks(server) == counted


def test_a_link_leads_only_where_the_catalogue_says(server: Server, reader: Client) -> None:
    store = server.services.store
    assert isinstance(store, SqlStore)
    put(store, "renditions", [RENDITIONS[0] | {"url": "javascript:alert(1)"}])
    answer = reader.get(path(server, "r", "talk", "talk-film") + "?url=https://evil.example")
    assert answer.status_code == 410
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "change", [{"status": "withdrawn"}, {"expires_at": "2026-01-01T00:00:00Z"}]
)
def test_what_is_over_says_so(server: Server, reader: Client, change: dict[str, str]) -> None:
    assert isinstance(server.services.store, SqlStore)
    put(server.services.store, "contents", [CONTENTS[1] | change])
    answer = reader.get(path(server, "r", "talk", "talk-film"))
    assert answer.status_code == 410
    assert "この記事は公開を終了しました" in answer.text
    assert 'href="https://portal.example/home/"' in answer.text
    assert clicks(server) == []


@pytest.mark.parametrize("kind", ["r", "m", "u"])
def test_links_that_were_not_made_here(server: Server, reader: Client, kind: LinkKind) -> None:
    other = path(server, "u" if kind == "r" else "r").rsplit("/", 1)[1]
    for token in ("nonsense", other, "あ"):
        answer = reader.get(f"/{kind}/{token}")
        assert answer.status_code == 404, token
    assert "このリンクは使えません" in reader.get(f"/{kind}/{other}").text
    assert reader.post(f"/u/{path(server, 'm').rsplit('/', 1)[1]}").status_code == 404


def test_the_page_of_a_mail_is_what_went_out(server: Server, reader: Client) -> None:
    assert reader.get(path(server, "m")).status_code == 410  # nothing was planned for her
    sent_at = server.services.clock.now() - timedelta(days=3)
    send(server, sent_at)
    answer = reader.get(path(server, "m"))
    assert answer.status_code == 200
    for words in ("社長と有識者の対談", "工場だより", "今週", f"{sent_at.month}月{sent_at.day}日"):
        assert words in answer.text, words
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert isinstance(server.services.store, SqlStore)
    put(server.services.store, "contents", [CONTENTS[1] | {"status": "withdrawn"}])
    assert "社長と有識者の対談" not in reader.get(path(server, "m")).text
    server.services.store.erase(server.employee, at=server.services.clock.now())
    assert reader.get(path(server, "m")).status_code == 410


def frequency(server: Server) -> object:
    return server.get(f"/v1/employees/{server.employee}/preferences").get("newsletter_frequency")


def unsubscriptions(server: Server) -> int:
    return len(written(server, "unsubscribe"))


def test_a_get_never_unsubscribes(server: Server, reader: Client) -> None:
    before = frequency(server)
    answer = reader.get(path(server, "u"))
    assert answer.status_code == 200
    assert '<form method="post">' in answer.text
    reader.head(path(server, "u"))
    assert frequency(server) == before != "never"
    assert unsubscriptions(server) == 0


@pytest.mark.parametrize("how", ["form", "multipart", "empty"])
def test_one_click_unsubscribes_however_often(server: Server, reader: Client, how: str) -> None:
    server.send("PUT", f"/v1/employees/{server.employee}/preferences", {"muted_topics": ["sports"]})
    body = {"List-Unsubscribe": "One-Click"}
    sent = {
        "form": {"data": body},
        "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
    }
    for _ in range(2):
        answer = reader.post(path(server, "u"), **sent.get(how, {}))  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert "配信を停止しました" in answer.text
    chosen = server.get(f"/v1/employees/{server.employee}/preferences")
    assert (chosen["newsletter_frequency"], chosen["muted_topics"]) == ("never", ["sports"])
    assert unsubscriptions(server) == 1
    with server.services.worker.engine() as (engine, at):
        assert engine.sending(server.employee, at).cause == "declined"


def test_whoever_thinks_again_is_back(server: Server, reader: Client) -> None:
    reader.post(path(server, "u"), data={"List-Unsubscribe": "One-Click"})
    answer = reader.post(path(server, "u"), data={"again": "yes"})
    assert "配信を再開しました" in answer.text
    assert frequency(server) == "weekly"


def test_a_preview_is_nobodys(server: Server) -> None:
    shown = server.get("/v1/newsletters/w27/preview", 200, language="en")
    assert shown["language"] == "en"
    assert shown["html_bytes"] == len(shown["html"].encode()) <= 100_000
    assert server.employee not in shown["html"]
    refused = server.get("/v1/newsletters/w27/preview", 403, employee=server.employee)
    assert "shown to nobody else" in refused["detail"]
    server.get("/v1/newsletters/unknown/preview", 404)


def test_an_employee_may_look_at_their_own(server: Server) -> None:
    send(server, server.services.clock.now())
    token = server.send("POST", f"/v1/employees/{server.employee}/token")["token"]
    own = server.client_with({"Authorization": f"Bearer {token}"})
    answer = own.get("/v1/newsletters/w27/preview", params={"employee": server.employee})
    assert "社長と有識者の対談" in answer.json()["text"]
    for others in ({}, {"employee": "sim-000004"}):
        assert own.get("/v1/newsletters/w27/preview", params=others).status_code == 403


def test_the_links_of_a_preview_count_nothing(server: Server, reader: Client) -> None:
    links = server.services.mailing.links
    for kind, method in (("r", "GET"), ("u", "POST")):
        claim = Claim("", "w27", "talk", "talk-film")
        url = links.url("r" if kind == "r" else "u", claim).removeprefix("http://127.0.0.1:8000")
        assert reader.request(method, url).status_code in (200, 302)
    assert clicks(server) == []
    assert unsubscriptions(server) == 0


def test_clicks_are_written_by_themselves(server: Server, reader: Client) -> None:
    reader.get(path(server, "r", "talk", "talk-film"))
    for _ in range(60):
        time.sleep(0.1)
        if written(server, "newsletter_click"):
            return
    pytest.fail("the click was not written within six seconds")
