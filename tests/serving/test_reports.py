"""Reports over HTTP: aggregates, and nothing about few."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from serving.keys import Scope
    from tests.serving.conftest import Answer, Company, Server, StartServer


def events(overview: Answer) -> dict[str, int | None]:
    return {count["event_type"]: count["events"] for count in overview["events"]}


def test_the_overview_counts_what_is_there(shared: Server, company: Company) -> None:
    overview = shared.get("/v1/reports/overview")
    since, at = (datetime.fromisoformat(overview[name]) for name in ("since", "at"))
    assert at - since == timedelta(days=7)
    contents = company.dataset["contents"]
    live = (contents["published_at"] <= at) & ~(contents["expires_at"] <= at)
    assert overview["contents"]["live"] == int((live & (contents["status"] == "published")).sum())
    assert sum(overview["contents"]["by_type"].values()) <= overview["contents"]["live"]
    assert set(overview["contents"]["by_format"]) == set(company.dataset["renditions"]["format"])
    people = overview["people"]
    assert people["active"] == 90
    assert people["reachable"] is people["reachable_share"] is None  # all but a few are
    log = company.dataset["events"]
    week = log[log["occurred_at"] >= since]
    for event_type, shown in events(overview).items():
        of_type = week[week["event_type"] == event_type]
        if of_type["employee_id"].nunique() < 10:
            assert shown is None
        else:
            assert shown is not None
            assert shown % 10 == 0
            assert abs(shown - len(of_type)) <= 5


def test_a_share_of_reachable_people(server: Server, company: Company) -> None:
    staff = company.dataset["employees"]["employee_id"].drop_duplicates().tolist()
    rows = [{"employee_id": e, "has_pc": k >= 30, "has_mobile": False} for k, e in enumerate(staff)]
    server.send("POST", "/v1/employees:batch", {"employees": rows})
    people = server.get("/v1/reports/overview")["people"]
    assert people["reachable"] == 60
    assert people["reachable_share"] == round(60 / people["active"], 3)


def test_what_few_people_do_has_no_number(server: Server) -> None:
    def rsvp(n: int) -> None:
        server.post(
            *(
                server.event(f"rsvp-{k}", event_type="unsubscribe", employee_id=f"sim-{k:06}")
                for k in range(1, n + 1)
            )
        )

    rsvp(9)
    assert events(server.get("/v1/reports/overview"))["unsubscribe"] is None
    rsvp(10)
    assert events(server.get("/v1/reports/overview"))["unsubscribe"] == 10


def test_segments_of_a_model(start: StartServer, company: Company, champion: str) -> None:
    report = start(models_dir=company.models_dir).get("/v1/reports/segments")
    if not report["segments"]:
        assert report["message"]
    for segment in report["segments"]:
        assert set(segment["name"]) == {"ja", "en"}
        assert segment["people"] is None or segment["people"] % 10 == 0


def test_without_segments_it_says_why(shared: Server) -> None:
    report = shared.get("/v1/reports/segments")
    assert report["segments"] == []
    assert "train again" in report["message"]


@pytest.mark.parametrize("what", ["overview", "segments"])
@pytest.mark.parametrize(("scope", "status"), [("comms", 200), ("portal", 403), ("admin", 200)])
def test_who_may_ask(shared: Server, what: str, scope: Scope, status: int) -> None:
    client = shared.client_with(bearer(shared.settings, scope))
    assert client.get(f"/v1/reports/{what}").status_code == status
