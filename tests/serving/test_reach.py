"""Reach, reverse recommendation and related contents over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.conftest import EMPLOYEE, bearer

if TYPE_CHECKING:
    from serving.keys import Scope
    from tests.serving.conftest import Company, Server, StartServer


def busiest(company: Company) -> str:
    """Return the content for everybody that most people met."""
    contents = company.dataset["contents"]
    open_to_all = set(contents["content_id"][contents["audience"].isna()])
    met = company.dataset["events"].groupby("content_id")["employee_id"].nunique()
    return str(met[met.index.isin(open_to_all)].idxmax())


def numbers(answer: Any) -> list[int]:
    if isinstance(answer, dict):
        return [n for part in answer.values() for n in numbers(part)]
    if isinstance(answer, list):
        return [n for part in answer for n in numbers(part)]
    return [answer] if isinstance(answer, int) else []


def test_reach_of_a_content(shared: Server, company: Company) -> None:
    answer = shared.get(f"/v1/contents/{busiest(company)}/reach", 200, lang="ja")
    funnel = answer["funnel"]
    assert funnel["audience"] == 90
    assert [s["stage"] for s in funnel["stages"]] == [
        "delivered", "seen", "opened", "completed", "acknowledged",
    ]  # fmt: skip
    assert all(n == 0 or n >= 10 for n in numbers(funnel))
    at_least = [s["at_least"] for s in funnel["stages"] if s["at_least"] is not None]
    assert at_least == sorted(at_least, reverse=True)
    assert set(funnel["by"]) == {"department", "work_style"}
    assert len(answer["plan"]) == 9
    assert "90人" in answer["sentences"][0]
    assert "sim-0" not in str(answer)


def test_reach_without_a_plan(shared: Server, company: Company) -> None:
    answer = shared.get(f"/v1/contents/{busiest(company)}/reach", 200, plan="false")
    assert answer["plan"] == []


def test_audiences_need_a_model(shared: Server, company: Company) -> None:
    answer = shared.get(f"/v1/contents/{busiest(company)}/audiences")
    assert answer["reason"] in {"no_model", "not_live"}
    assert answer["groups"] == []
    assert len(answer["sentences"]) == 1


def test_audiences_with_a_model(start: StartServer, company: Company, champion: str) -> None:
    server = start(models_dir=company.models_dir)
    newest = company.dataset["contents"].sort_values("published_at")
    live = newest[newest["audience"].isna() & (newest["published_at"] < company.last_event)]
    answer = server.get(f"/v1/contents/{live['content_id'].iloc[-1]}/audiences")
    assert answer["reason"] is None
    assert {g["attribute"] for g in answer["groups"]} >= {"activity", "department"}
    assert all(g["people"] >= 10 for g in answer["groups"])


def test_related_for_somebody_and_for_nobody(shared: Server, company: Company) -> None:
    path = f"/v1/contents/{busiest(company)}/related"
    anonymous, own = shared.get(path, 200, limit=3), shared.get(path, 200, employee=EMPLOYEE)
    assert len(anonymous["items"]) <= 3
    assert len(own["items"]) <= 5
    assert own["items"]
    events = company.dataset["events"]
    opened = events[(events["employee_id"] == EMPLOYEE) & (events["event_type"] == "open")]
    assert not {i["content_id"] for i in own["items"]} & set(opened["content_id"])
    scores = [i["score"] for i in own["items"]]
    assert scores == sorted(scores, reverse=True)
    for item in own["items"]:
        assert item["title"]
        assert all(reason["text"] != reason["code"] for reason in item["reasons"])


@pytest.mark.parametrize("what", ["reach", "audiences", "related"])
def test_an_unknown_content_is_not_found(shared: Server, what: str) -> None:
    assert "check the id" in shared.get(f"/v1/contents/nothing/{what}", 404)["detail"]


@pytest.mark.parametrize(
    ("scope", "reach", "related"), [("comms", 200, 403), ("portal", 403, 200), ("admin", 200, 200)]
)
def test_who_may_ask(
    shared: Server, company: Company, scope: Scope, reach: int, related: int
) -> None:
    client = shared.client_with(bearer(shared.settings, scope))
    content = busiest(company)
    assert client.get(f"/v1/contents/{content}/reach?plan=false").status_code == reach
    assert client.get(f"/v1/contents/{content}/audiences").status_code == reach
    assert client.get(f"/v1/contents/{content}/related").status_code == related


@pytest.mark.parametrize("name", ["ReachAnswer", "AudiencesAnswer", "RelatedAnswer"])
def test_answers_are_described_with_an_example(shared: Server, name: str) -> None:
    schema = shared.get("/openapi.json")["components"]["schemas"][name]
    # FastAPI leaves nulls of examples out.
    assert set(schema["properties"]) - set(schema["examples"][0]) <= {"reason"}


def test_an_erased_reader_leaves_the_numbers(start: StartServer, company: Company) -> None:
    server, content = start(), busiest(company)
    path = f"/v1/contents/{content}/reach"
    assert server.get(path, 200, plan="false")["funnel"]["audience"] == 90
    server.send("DELETE", f"/v1/employees/{EMPLOYEE}")
    assert server.get(path, 200, plan="false")["funnel"]["audience"] == 89
