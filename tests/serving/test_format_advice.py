"""Format advice over HTTP: aggregates for the comms team, nothing about few people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from serving.keys import Scope
    from tests.serving.conftest import Company, Server


def path(content_id: str) -> str:
    return f"/v1/contents/{content_id}/format-advice"


def some_content(company: Company) -> str:
    """Return a content for everybody that exists in several formats."""
    contents = company.dataset["contents"]
    n = company.dataset["renditions"].groupby("content_id").size()
    open_to_all = contents["content_id"][contents["audience"].isna()]
    return str(next(c for c in open_to_all if n.get(c, 0) > 1))


def test_advice_on_a_content(shared: Server, company: Company) -> None:
    content_id = some_content(company)
    advice = shared.get(path(content_id))
    assert advice["content_id"] == content_id
    assert advice["is_suppressed"] is False
    assert advice["headcount"]["people"] == 90
    assert advice["lead"]["verdict"] in {"clear", "randomise"}
    for outlook in advice["formats"]:
        assert outlook["exists"] == (outlook["added"] is None)
        for estimate in (outlook["rate"], outlook["completions"]):
            assert estimate["low"] <= estimate["value"] <= estimate["high"]
    assert advice["sentences"][-1].startswith("The figures are made of means over 10 people")


def test_advice_on_a_plan_in_japanese(shared: Server) -> None:
    advice = shared.get("/v1/format-advice", 200, topic="safety", lang="ja-JP")
    assert advice["content_id"] is None
    assert advice["topics"] == ["safety"]
    assert all(outlook["added"] is not None for outlook in advice["formats"])
    assert "対象者はおよそ" in "".join(advice["sentences"])


def test_few_people_get_no_figures(shared: Server, company: Company) -> None:
    team = company.dataset["employees"]["team_id"].value_counts().idxmin()
    audience = json.dumps({"eq": {"team_id": team}})
    advice = shared.get(path(some_content(company)), 200, audience=audience)
    assert advice["is_suppressed"] is True
    assert (advice["formats"], advice["headcount"], advice["shown"]) == ([], None, None)
    assert len(advice["sentences"]) == 1


def test_an_unknown_content_is_not_found(shared: Server) -> None:
    assert "check the id" in shared.get(path("nothing"), 404)["detail"]


@pytest.mark.parametrize("audience", ["{", "[]", '{"eq": {"site": ["a"]}}'])
def test_a_wrong_rule_is_named(shared: Server, company: Company, audience: str) -> None:
    problem = shared.get(path(some_content(company)), 422, audience=audience)
    assert problem["errors"][0]["location"] == "query.audience"


@pytest.mark.parametrize(("scope", "status"), [("comms", 200), ("portal", 403), ("admin", 200)])
def test_only_the_comms_team_may_ask(
    shared: Server, company: Company, scope: Scope, status: int
) -> None:
    client = shared.client_with(bearer(shared.settings, scope))
    assert client.get(path(some_content(company))).status_code == status
    assert client.get("/v1/format-advice").status_code == status


def test_the_answer_is_described_with_an_example(shared: Server) -> None:
    schemas = shared.get("/openapi.json")["components"]["schemas"]
    example = schemas["AdviceAnswer"]["examples"][0]
    assert set(example) == set(schemas["AdviceAnswer"]["properties"])
