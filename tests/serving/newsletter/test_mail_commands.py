"""`recsys newsletter render | send | preview`, from a plan to an inbox."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recsys.newsletter.picks import Pick, PickedItem, pack
from recsys.store.database import Database
from recsys.store.newsletter_store import NewsletterStore
from recsys.store.sql_store import SqlStore
from serving.commands.newsletter import app
from serving.newsletter.plan_models import PlanBody, PlanSection
from tests.serving.newsletter.delivery.servers import Inbox, mail_server
from tests.serving.newsletter.letters import NOW, database, news, put, store

__all__ = ["database", "news", "store"]

Run = Callable[..., dict[str, Any]]
PEOPLE = ("e-1", "e-2", "e-3")


@pytest.fixture
def run(
    store: SqlStore, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Plan an issue for three people, two of whom have addresses; return how to run a command."""
    put(store, "employees", [{"employee_id": who, "language": "ja"} for who in PEOPLE])
    newsletters = NewsletterStore(database)
    body = PlanBody(send_at=NOW, audience={}, sections=[PlanSection(id="news", quota=5)])
    newsletters.add("w27", 1, body.model_dump_json(), NOW)
    newsletters.claim("w27", 1, "us", 0, 1)
    newsletters.begin("w27", 1, NOW, len(PEOPLE), [])
    newsletters.keep("w27", 1, [(who, pack(_pick(who))) for who in PEOPLE])
    newsletters.finish("w27", 1, "finished", NOW, [])
    (tmp_path / "book.csv").write_text("employee_id,email\ne-1,a@x.example\ne-2,b@x.example\n")
    url = str(database.engine.url)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "MAIL_FROM": "News <news@example.com>", "SMTP_HOST": "127.0.0.1", "SMTP_SECURITY": "none",
        "PUBLIC_URL": "https://news.example", "DATABASE_URL": url, "MODELS_DIR": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"RECSYS_{name}", value)

    def command(*words: str, code: int = 0) -> dict[str, Any]:
        done = CliRunner().invoke(app, [*words, "--json"])
        assert done.exit_code == code, (done.output, done.exception)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return command


def _pick(who: str) -> Pick:
    items = (
        PickedItem("talk", "talk-film", "video", "news", 1, "personal", 0.9, 1.0, 0.5),
        PickedItem("contest", "contest-brief", "text_summary", "news", 2, "personal", 0.8, 1, 1),
    )
    return Pick(who, "ja", "", items)


def test_from_a_plan_to_the_inbox(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox()
    words = ("send", "w27", "--addresses", "book.csv")
    tried = run(*words, "--dry-run", code=3)
    assert (tried["would_send"], tried["no_address"]) == (2, 1)
    with mail_server(inbox) as way:
        monkeypatch.setenv("RECSYS_SMTP_PORT", str(way.port))
        first, again = run(*words, code=3), run(*words, code=3)
    assert (first["sent"], first["no_address"]) == (2, 1)
    assert (again["sent"], again["no_address"]) == (0, 1)
    assert inbox.recipients == ["a@x.example", "b@x.example"]
    message = inbox.taken[0][1]
    assert message["Subject"] == "社長と有識者の対談 ほか1件"
    assert message["List-Unsubscribe"].startswith("<https://news.example/u/")


def test_a_file_for_another_mail_system(run: Run, store: SqlStore) -> None:
    assert run("render", "w27", "--out", "all.jsonl")["written"] == 3
    assert store.load()["events"].empty
    lines = [json.loads(line) for line in Path("all.jsonl").read_text("utf-8").splitlines()]
    assert [line["employee_id"] for line in lines] == list(PEOPLE)
    assert run("render", "w27", "--out", "sent.csv", "--mark-sent")["written"] == 3
    assert run("render", "w27", "--out", "more.csv", "--mark-sent")["written"] == 0
    events = store.load()["events"]
    assert sorted(events["content_id"].unique()) == ["contest", "talk"]
    assert len(events) == 6


def test_a_preview_is_of_nobody(run: Run) -> None:
    told = run("preview", "w27", "--language", "en", "--out", "look.html")
    html = Path("look.html").read_text("utf-8")
    assert told["html_bytes"] == len(html.encode())
    assert '<html lang="en"' in html
    assert Path("look.txt").exists()


@pytest.mark.parametrize("words", [("render", "--out", "a.csv"), ("preview", "--out", "a.html")])
def test_an_issue_that_was_never_planned(run: Run, words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [words[0], "w99", *words[1:]])
    assert "there is no plan of an issue 'w99'" in str(done.exception)
