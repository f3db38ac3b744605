"""Experiments over HTTP: from a design to a decision, in the feed, and whose business it is."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from recsys.registry import version_directory
from tests.serving.conftest import EMPLOYEE, bearer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.serving.conftest import Answer, Company, Server, StartServer

PURE = dict.fromkeys(("diversity", "fatigue", "other_department", "fresh", "explore"))


def design(**columns: Any) -> Answer:
    return {
        "key": "plain", "hypothesis": "Plain rankings are opened more.", "primary": "opens",
        "variants": [
            {"name": "usual", "weight": 0.5},
            {"name": "plain", "weight": 0.5, "slate": PURE, "parameters": {"colour": "green"}},
        ],
    } | columns  # fmt: skip


def begin(server: Server, **columns: Any) -> str:
    body = design(**columns)
    server.send("POST", "/v1/experiments", body)
    server.send("POST", f"/v1/experiments/{body['key']}/start")
    return str(body["key"])


def told(server: Server, path: str, status: int, body: object = None, method: str = "POST") -> str:
    return str(server.send(method, f"/v1/experiments{path}", body, status)["detail"])


def everybody(server: Server, key: str) -> list[Answer]:
    items: list[Answer] = []
    query: dict[str, str] = {}
    while True:
        page = server.get(f"/v1/experiments/{key}/assignments", 200, limit=40, **query)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query = {"cursor": page["next_cursor"]}


def test_from_a_design_to_a_decision(server: Server) -> None:
    made = server.send("POST", "/v1/experiments", design())
    assert (made["status"], made["version"], made["definition"]["primary"]) == ("draft", 1, "opens")
    assert server.send("POST", "/v1/experiments", design()) == made
    assert "as version 2" in told(server, "", 409, design(hypothesis="Other."))
    assert server.feed()["assignments"] == []
    started = server.send("POST", "/v1/experiments/plain/start")
    assert (started["status"], started["share"]) == ("running", 1.0)
    people = everybody(server, "plain")
    counts = Counter(person["variant"] for person in people)
    assert abs(counts["usual"] - counts["plain"]) <= 1
    mine = next(person for person in people if person["employee_id"] == EMPLOYEE)
    feed = server.feed()
    del mine["employee_id"]
    assert feed["assignments"] == [mine]
    status = server.get("/v1/experiments/plain/status", 200, lang="ja")
    assert sum(status["employees"].values()) == len(people)
    assert "実施中" in status["sentences"][0]
    assert "effects that are looked at sooner mislead" in told(
        server, "/plain/results", 409, method="GET"
    )
    assert "not planned" in told(server, "/plain/results?look=7", 422, method="GET")
    server.send("POST", "/v1/experiments/plain/pause")
    assert server.feed()["assignments"] == []
    server.send("POST", "/v1/experiments/plain/start")
    server.send("POST", "/v1/experiments/plain/stop")
    done = server.send(
        "POST", "/v1/experiments/plain/decide", {"variant": "usual", "reason": "Too early."}
    )
    assert done["decision"] == {"variant": "usual", "reason": "Too early."}
    assert [entry["action"] for entry in done["history"]] == [
        "create", "start", "pause", "resume", "stop", "decide",
    ]  # fmt: skip
    assert server.get("/v1/experiments")["items"][0]["status"] == "decided"


def test_variants_change_the_feed_and_who_was_served_is_noted(server: Server) -> None:
    key = begin(server)
    people = {p["employee_id"]: p["variant"] for p in everybody(server, key)}
    versions = Counter[tuple[str, str]]()
    for who, variant in list(people.items())[:12]:
        feed = server.feed(who, request_id="x")
        versions[variant, feed["policy_version"]] += 1
        assert server.feed(who, request_id="x")["items"] == feed["items"]
    assert len(versions) == 2
    store = server.services.experiments.store
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        stages = Counter(one.stage for one in store.exposures(key, 1))
        if stages["served"] == 12:
            break
        time.sleep(0.05)
    assert stages["served"] == stages["differing"] == 12  # their parameters differ
    seen = server.event("i1", event_type="impression", content_id=feed["items"][0]["content_id"])
    server.post(seen | {"employee_id": who})
    status = server.get(f"/v1/experiments/{key}/status")
    assert sum(status["exposed"].values()) == 1
    assert server.get(f"/v1/experiments/{key}/series")["items"]


def _serving(start: StartServer, company: Company, champion: str, folder: Path) -> Server:
    """A server that has the model, and whose champion it is not."""
    store = folder / "models"
    shutil.copytree(
        version_directory(company.models_dir, champion), version_directory(store, champion)
    )
    return start(models_dir=store)


@pytest.mark.slow
@pytest.mark.parametrize("named", ["model", "formats"])
def test_variants_may_be_models(
    start: StartServer, company: Company, champion: str, tmp_path: Path, named: str
) -> None:
    server = _serving(start, company, champion, tmp_path / "of")
    variants = [{"name": "usual", "weight": 0.5}, {"name": "new", "weight": 0.5, named: champion}]
    key = begin(server, variants=variants)
    people = {p["employee_id"]: p["variant"] for p in everybody(server, key)}
    named_version = champion if named == "model" else f"none+{champion}"
    told = {"usual": "none", "new": named_version}
    for who, variant in list(people.items())[:8]:
        assert server.feed(who)["model_version"] == told[variant]
    of = {variant: who for who, variant in people.items()}
    now = server.services.clock.now()
    fresh = {"title": "Just in", "published_at": now.isoformat(), "language": "ja",
             "mandatory": True}  # fmt: skip
    server.send("PUT", "/v1/contents/just-in", fresh)
    for who in of.values():  # the catalogue is everybody's
        assert "just-in" in {item["content_id"] for item in server.feed(who)["items"]}
    store = server.services.experiments.store
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        stages = {(one.employee_id, one.stage) for one in store.exposures(key, 1)}
        if (of["new"], "differing") in stages:
            break
        time.sleep(0.05)
    assert (of["new"], "differing") in stages
    server.send("POST", f"/v1/experiments/{key}/stop")
    assert server.feed(of["new"])["model_version"] == "none"


def test_the_same_model_in_both_variants_is_no_difference(
    start: StartServer, company: Company, champion: str, tmp_path: Path
) -> None:
    server = _serving(start, company, champion, tmp_path / "of")
    same = [{"name": name, "weight": 0.5, "model": champion} for name in ("a", "b")]
    key = begin(server, variants=same)
    who = everybody(server, key)[0]["employee_id"]
    assert server.feed(who)["model_version"] == champion
    server.services.arms.stop()
    assert {one.stage for one in server.services.experiments.store.exposures(key, 1)} == {"served"}


def test_a_model_that_is_not_there_is_refused_at_the_start(server: Server) -> None:
    variants = [{"name": "usual", "weight": 0.5}, {"name": "new", "weight": 0.5, "model": "v-9"}]
    server.send("POST", "/v1/experiments", design(variants=variants))
    assert "names the model 'v-9', which cannot be served" in told(server, "/plain/start", 422)
    variants[1]["model"] = "../secrets"
    assert "no model version" in told(server, "", 422, design(key="k", variants=variants))
    variants[1]["model"] = "v-9"
    both = design(key="k", variants=variants, surfaces=["portal", "newsletter"])
    assert "leave newsletter out" in told(server, "", 422, both)


def test_a_joiner_is_enrolled_by_being_served_and_reading_enrols_nobody(server: Server) -> None:
    key = begin(server)
    n = len(everybody(server, key))
    arm = server.feed("somebody-new")["assignments"][0]
    assert (arm["source"], arm["unit_id"]) == ("hash", "somebody-new")
    deadline = time.monotonic() + 10
    while len(everybody(server, key)) == n and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(everybody(server, key)) == n + 1
    server.get(f"/v1/experiments/{key}/status")
    assert len(everybody(server, key)) == n + 1
    server.send("DELETE", "/v1/employees/somebody-new")
    assert len(everybody(server, key)) == n


def test_an_exposure_needs_a_serving_and_counts_once(server: Server) -> None:
    key = begin(server)
    now = server.services.clock.now()
    body = {"employee_id": EMPLOYEE, "shown_at": (now + timedelta(seconds=9)).isoformat()}
    path = f"/v1/experiments/{key}/exposures"
    assert not server.send("POST", path, body)["is_noted"]
    server.feed()
    deadline = time.monotonic() + 10
    while not server.send("POST", path, body)["is_noted"] and time.monotonic() < deadline:
        time.sleep(0.05)
    later = body | {"shown_at": (now + timedelta(days=1)).isoformat()}
    assert server.send("POST", path, later)["is_noted"]
    seen = server.services.experiments.store.exposures_of(EMPLOYEE)
    assert [one.at for one in seen if one.stage == "exposed"] == [
        int((now + timedelta(seconds=9)).timestamp() * 1e6)
    ]


def test_what_somebody_was_in_is_theirs_alone(server: Server) -> None:
    key = begin(server)
    path = f"/v1/employees/{EMPLOYEE}/experiments"
    assert "for that employee alone" in server.get(path, 403)["detail"]
    token = server.send("POST", f"/v1/employees/{EMPLOYEE}/token")["token"]
    theirs = server.client_with({"Authorization": f"Bearer {token}"})
    items = theirs.get(path).json()["items"]
    assert [item["experiment"] for item in items] == [key]
    assert theirs.get("/v1/employees/sim-000004/experiments").status_code == 403
    assert theirs.get("/v1/experiments").status_code == 403
    portal = server.client_with(bearer(server.settings, "portal"))
    assert portal.get("/v1/experiments").status_code == 403


def test_forced_people_see_it_and_dropped_variants_are_served_no_more(server: Server) -> None:
    key = begin(server, variants=[{"name": name, "weight": 0.25} for name in "abcd"])
    server.send(
        "POST", f"/v1/experiments/{key}/assignments", {"employee_id": EMPLOYEE, "variant": "c"}
    )
    arm = server.feed()["assignments"][0]
    assert (arm["variant"], arm["source"]) == ("c", "forced")
    server.send("POST", f"/v1/experiments/{key}/drop", {"variant": "c"})
    assert server.feed()["assignments"] == []
    assert "expected one of a, b" in told(server, f"/{key}/drop", 422, {"variant": "x"})


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"primary": "joy"}, "no metric 'joy'"),
        ({"colour": "red"}, "colour"),
        ({"variants": [{"name": "a", "weight": 1}]}, "two or more"),
        ({"variants": [{"name": "a", "weight": 0.5},
                       {"name": "b", "weight": 0.5, "slate": {"magic": {}}}]}, "no rule 'magic'"),
        ({"unit": "floor"}, "unit"),
    ],
)  # fmt: skip
def test_a_design_that_cannot_be_meant_is_refused(
    shared: Server, columns: Answer, said: str
) -> None:
    assert said in told(shared, "", 422, design(**columns))


def test_unknown_experiments_and_sizes(shared: Server) -> None:
    for method, path in (
        ("GET", "/none"), ("POST", "/none/start"), ("GET", "/none/results"),
    ):  # fmt: skip
        assert "no experiment 'none'" in told(shared, path, 404, method=method)
    needed = {"baseline": 0.3, "mde": 0.05, "cluster_size": 12, "icc": 0.02, "cluster_size_cv": 0.5}
    assert shared.send("POST", "/v1/experiments:size", needed)["clusters_per_arm"] == 148
    assert "no test finds" in told(shared, ":size", 422, needed | {"mde": 0})


def test_two_experiments_on_one_surface_are_refused(server: Server) -> None:
    begin(server)
    server.send("POST", "/v1/experiments", design(key="second"))
    assert "overlaps" in told(server, "/second/start", 409)
