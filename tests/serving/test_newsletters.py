"""`/v1/newsletters`: a plan is made beside the server, which goes on answering."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.commands.newsletter import app
from serving.newsletter.jobs import Jobs
from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.serving.conftest import Answer, Server, StartServer

_PATIENCE = 120.0


def _plan(server: Server, **more: Any) -> dict[str, Any]:
    send_at = server.services.clock.now() + timedelta(hours=3)
    return {"send_at": send_at.isoformat(), "sections": [{"id": "top", "quota": 3}]} | more


def _finished(server: Server, issue: str = "w27") -> Answer:
    ends = time.monotonic() + _PATIENCE
    while True:
        found = server.get(f"/v1/newsletters/{issue}")
        if found["status"] not in ("waiting", "running"):
            return found
        assert time.monotonic() < ends, found
        time.sleep(0.05)


def _lines(server: Server, issue: str = "w27") -> list[dict[str, Any]]:
    response = server.client.get(f"/v1/newsletters/{issue}/picks")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.fixture(scope="module")
def planned(start_once: StartServer) -> Server:
    """A server with an issue that is planned."""
    server = start_once()
    plan = _plan(server)
    first = server.send("POST", "/v1/newsletters/w27/plan", plan, 202)
    assert (first["status"], first["revision"]) == ("waiting", 1)
    again = server.send("POST", "/v1/newsletters/w27/plan", plan, 202)
    assert again["created_at"] == first["created_at"]
    found = _finished(server)
    assert found["status"] == "finished", found
    assert found["done"] == found["people"] > 50
    return server


@pytest.fixture(scope="module")
def start_once(company: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.serving.conftest import starting

    with starting(company, tmp_path_factory.mktemp("planned")) as new:
        yield new


def test_everybody_has_picks_and_nobody_twice(planned: Server) -> None:
    lines = _lines(planned)
    people = [line["employee_id"] for line in lines]
    assert people == sorted(set(people))
    assert len(people) == planned.get("/v1/newsletters/w27")["people"]
    for line in lines:
        assert (line["issue_id"], line["revision"]) == ("w27", 1)
        assert bool(line["items"]) == (line["skipped"] is None)
        for item in line["items"]:
            assert item["section"] == "top"
            assert item["rendition_propensity"] == 1.0
            assert len(item["alternates"]) <= 2


def test_the_summary_is_of_the_picks(planned: Server) -> None:
    lines, found = _lines(planned), planned.get("/v1/newsletters/w27/summary")
    assert found["people"] == len(lines)
    holding = [{item["content_id"] for item in line["items"]} for line in lines]
    for content_id, n in found["coverage"].items():
        really = sum(content_id in ids for ids in holding)
        assert n == (really if really >= 10 else None)


def test_another_plan_needs_another_revision(
    planned: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "start", lambda *_: None)
    planned.send("POST", "/v1/newsletters/w30/plan", _plan(planned), 202)
    changed = _plan(planned, seed=5)
    refused = planned.send("POST", "/v1/newsletters/w30/plan", changed, 409)
    assert "revision 2" in refused["detail"]
    newer = planned.send("POST", "/v1/newsletters/w30/plan", changed | {"revision": 2}, 202)
    assert newer["revision"] == 2
    assert planned.get("/v1/newsletters/w30", 200, revision=1)["status"] == "superseded"
    assert planned.get("/v1/newsletters/w30") == newer


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"total": 9}, "room for 3 items"),
        ({"mandatory": ["nothing"]}, "no content 'nothing'"),
        ({"audience": {"sites": {"wrong": 1}}}, "audience"),
        ({"sections": [{"id": "s", "quota": 2, "topics": ["unheard of"]}]}, "wants 2 contents"),
        ({"sections": [{"id": "s", "quota": 2, "min_other_department": 3}]}, "among 2"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_nobody_can_be_given_is_refused_with_a_sentence(
    planned: Server, more: dict[str, Any], said: str
) -> None:
    refused = planned.send("POST", "/v1/newsletters/w28/plan", _plan(planned, **more), 422)
    assert said in json.dumps(refused)
    assert planned.client.get("/v1/newsletters/w28").status_code == 404


def test_picks_are_for_keys_of_the_newsletter(planned: Server) -> None:
    for scope, status in (("newsletter", 200), ("comms", 403), ("portal", 403)):
        client = planned.client_with(bearer(planned.settings, scope))  # type: ignore[arg-type]
        assert client.get("/v1/newsletters/w27/picks").status_code == status


def test_an_erased_employee_leaves_the_picks(planned: Server) -> None:
    gone = _lines(planned)[0]["employee_id"]
    receipt = planned.send("DELETE", f"/v1/employees/{gone}")
    rows = {part["part"]: part["rows"] for part in receipt["parts"]}
    assert rows["newsletter_picks"] >= 1
    assert gone not in {line["employee_id"] for line in _lines(planned)}


@pytest.mark.slow
def test_a_plan_goes_on_with_the_next_server(start: StartServer) -> None:
    server = start()
    body = _plan(server)
    server.services.jobs.close()  # whoever would work on it is gone
    server.send("POST", "/v1/newsletters/w27/plan", body, 202)
    assert server.get("/v1/newsletters/w27")["status"] == "waiting"
    assert _finished(start())["status"] == "finished"


def test_the_commands_plan_show_and_write(
    planned: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_CLOCK", "dataset")
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(tmp_path / "models"))
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(_plan(planned)), encoding="utf-8")

    def run(*arguments: str, code: int = 0) -> dict[str, Any]:
        options = ["--database", planned.settings.database_url, "--json"]
        result = CliRunner().invoke(app, [*arguments, *options])
        assert result.exit_code == code, result.output
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    assert run("plan", "w40", str(file), "--check") == {
        "issue_id": "w40", "is_possible": True, "notes": [],
    }  # fmt: skip
    made = run("plan", "w40", str(file), "--processes", "1")
    assert made["status"] == "finished"
    assert run("status", "w40") == made
    assert run("summary", "w40")["people"] == made["people"]
    table = tmp_path / "picks.parquet"
    assert run("picks", "w40", "--output", str(table))["people"] == made["people"]
    lines = _lines(planned, "w40")
    rows = pq.read_table(table).to_pylist()
    assert [(r["employee_id"], r["content_id"]) for r in rows if r["content_id"]] == [
        (line["employee_id"], item["content_id"]) for line in lines for item in line["items"]
    ]
    text = tmp_path / "picks.jsonl"
    run("picks", "w40", "--output", str(text))
    assert [json.loads(line) for line in text.read_text().splitlines()] == lines
    file.write_text(json.dumps(_plan(planned, mandatory=["nothing"])), encoding="utf-8")
    refused = run("plan", "w41", str(file), code=1)
    assert "nothing" in json.dumps(refused["notes"])
