"""Sizes of audiences over HTTP, for the comms team."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from pathlib import Path

    from serving.keys import Scope
    from tests.serving.conftest import Answer, Company, Server, StartServer

PATH = "/v1/audiences:estimate"


def ask(server: Server, rule: Any, status: int = 200, **more: str) -> Answer:
    return server.send("POST", PATH, {"rule": rule} | more, status)


def test_everybody(shared: Server) -> None:
    answer = ask(shared, {}, by="department")
    assert answer["people"] == 90
    assert answer["is_suppressed"] is False
    assert answer["smallest_group"] == 10
    assert all(group["people"] >= 10 for group in answer["groups"])


def test_few_people_get_no_number(shared: Server, company: Company) -> None:
    team = company.dataset["employees"]["team_id"].value_counts().idxmin()
    few, none = (ask(shared, {"team_id": name}) for name in (team, "nothing"))
    assert few["message"] == none["message"]
    assert few["people"] is none["people"] is None
    assert "fewer than 10" in few["message"]


@pytest.mark.parametrize(
    ("body", "location", "told"),
    [
        ({"rule": {"work_style": "remote"}}, "body.rule.work_style", "desk or field or shift"),
        ({"rule": {"all": [{"has_pc": "yes"}]}}, "body.rule.all.0.has_pc", "true or false"),
        ({"rule": {"segment": "time_poor"}}, "body.rule.segment", "time_poor_interested"),
        ({"rule": {"any": 5}}, "body.rule.any", "list of rules"),
        ({"rule": {}, "by": "flor"}, "body.by", "known: department"),
        ({"rule": []}, "body.rule", "dictionary"),
        ({"rule": {}, "bye": "x"}, "body.bye", "not permitted"),
        ({}, "body.rule", "required"),
    ],
)
def test_a_wrong_question_is_named(shared: Server, body: object, location: str, told: str) -> None:
    problem = shared.send("POST", PATH, body, 422)
    assert problem["errors"][0]["location"] == location
    assert told in problem["errors"][0]["expected"]


def test_hostile_rules_are_refused(shared: Server) -> None:
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"not": deep}
    assert "deeper than 16" in ask(shared, deep, 422)["detail"]
    many = {"team_id": [f"t{i}" for i in range(6_000)]}
    assert "more than 5,000" in ask(shared, many, 422)["detail"]


@pytest.mark.parametrize(("scope", "status"), [("comms", 200), ("portal", 403), ("admin", 200)])
def test_only_the_comms_team_may_ask(shared: Server, scope: Scope, status: int) -> None:
    client = shared.client_with(bearer(shared.settings, scope))
    assert client.post(PATH, json={"rule": {}}).status_code == status


def test_question_and_answer_are_described_with_examples(shared: Server) -> None:
    schemas = shared.get("/openapi.json")["components"]["schemas"]
    for name, nothing in (("AudienceQuestion", set()), ("AudienceAnswer", {"message"})):
        example = schemas[name]["examples"][0]  # what is null is not shown there
        assert set(schemas[name]["properties"]) == set(example) | nothing
    ask(shared, schemas["AudienceQuestion"]["examples"][0]["rule"])


def test_segments_of_the_companys_own_reach_feeds_and_sizes(
    start: StartServer, tmp_path: Path, company: Company
) -> None:
    path = tmp_path / "segments.json"
    path.write_text(json.dumps({"all but nobody": {"not": {"site": "nowhere"}}}), encoding="utf-8")
    server = start(segments=path)
    assert ask(server, {"segment": "all but nobody"})["people"] == 90
    now = server.services.clock.now().isoformat()
    for content_id, rule in (("x", {"segment": "all but nobody"}), ("y", {"segment": "nothing"})):
        row = {"title": "x", "published_at": now, "mandatory": True, "audience": rule}
        server.send("PUT", f"/v1/contents/{content_id}", row)
    shown = {item["content_id"] for item in server.feed()["items"]}
    assert shown & {"x", "y"} == {"x"}
    advice = server.get("/v1/format-advice", 422, audience='{"segment": "nothing"}')
    assert advice["errors"][0]["location"] == "query.audience"
