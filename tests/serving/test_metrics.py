"""What is counted and timed, as Prometheus reads it."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from recsys.errors import StoreError
from serving.metrics import Metrics
from tests.serving.conftest import EMPLOYEE
from tests.serving.test_worker import eventually

if TYPE_CHECKING:
    from tests.serving.conftest import Company, Server

FEED = "/v1/employees/{employee_id}/feed"


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every sample by name and labels, without the worker's, which all must have."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("worker") == str(os.getpid())
            found[sample.name, frozenset(labels.items())] = sample.value
    return found


class Scrape:
    def __init__(self, server: Server) -> None:
        answer = server.client_with({}).get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        self.text = answer.text
        self._samples = samples(answer.text)

    def __call__(self, name: str, **labels: str) -> float:
        return self._samples.get((name, frozenset(labels.items())), 0.0)


def test_requests_feeds_and_events_are_counted(server: Server) -> None:
    content_id = server.feed()["items"][0]["content_id"]
    event = server.event("1", content_id=content_id)
    server.post(event, event, server.event("2", event_type="glance"))
    server.get("/v1/employees/x/feed", 422, limit=0)
    asked = {"route": FEED, "method": "GET", "status": "422"}
    # A request is counted when its answer has gone out, so the next one may be faster.
    assert eventually(lambda: Scrape(server)("recsys_requests_total", **asked) == 1)
    found = Scrape(server)
    assert found("recsys_requests_total", route=FEED, method="GET", status="200") == 1
    assert found("recsys_request_seconds_count", route=FEED) == 2
    assert 0 < found("recsys_request_seconds_sum", route=FEED) < 60
    assert found("recsys_feeds_total", degraded="no_model") == 1
    fates = ("accepted", "duplicate", "refused", "rejected")
    assert [found("recsys_events_total", fate=fate) for fate in fates] == [1, 1, 0, 1]


def test_slots_and_readers_without_a_history_are_counted(server: Server, company: Company) -> None:
    events = company.dataset["events"]
    known = events.loc[events["event_type"] == "open", "employee_id"].iloc[-1]
    pages = [server.get(f"/v1/employees/{name}/feed", limit=5) for name in (known, "nobody")]
    found = Scrape(server)
    kinds = [item["slot_type"] for page in pages for item in page["items"]]
    for kind in set(kinds):
        assert found("recsys_slots_total", slot_type=kind) == kinds.count(kind)
    for history in ("some", "none"):
        assert found("recsys_feeds_computed_total", history=history) == 1
    age = found("recsys_model_age_seconds")
    assert age != age  # noqa: PLR0124  # NaN: there is no model


def test_a_method_somebody_made_up_is_no_series_of_its_own() -> None:
    metrics = Metrics()
    for method in ("GET", "PROPFIND", "STEEP"):
        metrics.request("/v1/model", method, 405, 0.001)
    found = samples(metrics.text().decode())
    other = {"route": "/v1/model", "method": "other", "status": "405"}
    assert found["recsys_requests_total", frozenset(other.items())] == 2
    assert "PROPFIND" not in metrics.text().decode()


def test_the_follower_and_the_model_are_described(server: Server) -> None:
    model = server.get("/v1/model")
    versions = {name: model[name] for name in ("model_version", "policy_version")}
    found = Scrape(server)
    assert found("recsys_model_info", **versions) == 1
    assert found("recsys_follower_behind_changes") == 0
    assert 0 <= found("recsys_follower_poll_age_seconds") < 10
    server.services.worker.stop()
    time.sleep(0.3)
    assert Scrape(server)("recsys_follower_poll_age_seconds") >= 0.3


def test_a_store_that_cannot_be_read_is_a_lag_that_is_not_known(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> int:
        raise StoreError("gone")

    server.services.worker.stop()
    monkeypatch.setattr(type(server.services.store), "last_change", fail)
    behind = Scrape(server)("recsys_follower_behind_changes")
    assert behind != behind  # noqa: PLR0124  # NaN


def test_it_tells_nothing_about_persons(server: Server) -> None:
    server.post(server.event("1", employee_id="somebody"))
    server.get("/nobody/at/all", 404)
    text = Scrape(server).text
    assert EMPLOYEE not in text
    assert "somebody" not in text
    assert "nobody" not in text


def test_stages_are_timed_also_when_they_fail_and_from_many_threads() -> None:
    metrics = Metrics()

    def work(i: int) -> None:
        with metrics.stage("engine"):
            time.sleep(0.01)
        with pytest.raises(ZeroDivisionError), metrics.stage("json"):
            raise ZeroDivisionError

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(40)))
    found = samples(metrics.text().decode())
    engine = frozenset({("stage", "engine")})
    assert found["recsys_stage_seconds_count", engine] == 40
    assert found["recsys_stage_seconds_sum", engine] >= 0.4
    assert found["recsys_stage_seconds_count", frozenset({("stage", "json")})] == 40
    assert found["recsys_stage_seconds_count", frozenset({("stage", "ingest")})] == 0


def test_two_applications_in_a_process_count_apart() -> None:
    one, two = Metrics(), Metrics()
    one.feed(None)
    none = ("recsys_feeds_total", frozenset({("degraded", "none")}))
    assert samples(one.text().decode())[none] == 1
    assert none not in samples(two.text().decode())
