"""Following the log, starting again, changing champions, and what time it is."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pytest

from recsys.borders import checked_rows
from recsys.store.sql_store import open_store
from serving.clock import Clock, last_moment, start_clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.serving.conftest import Company, Server, StartServer

SOON_SECONDS = 10
"""Polls come five times a second; a busy machine may need more than one."""


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SOON_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def ids(feed: dict[str, Any]) -> list[str]:
    return [item["content_id"] for item in feed["items"]]


def test_what_another_process_wrote_counts_soon(server: Server) -> None:
    opened = ids(server.feed())[-1]
    rows, _ = checked_rows("events", [server.event("theirs", content_id=opened)])
    with closing(open_store(server.settings.database_url)) as other:
        other.write("events", rows, received_at=server.services.clock.now())
    assert eventually(lambda: opened not in ids(server.feed()))
    assert server.get("/readyz")["behind"] == 0


def test_two_servers_on_one_store_agree(start: StartServer) -> None:
    one, two = start(), start()
    opened = ids(one.feed(limit=100))[4]
    one.post(one.event("1", content_id=opened))
    assert opened not in ids(one.feed(limit=100))
    assert eventually(lambda: opened not in ids(two.feed(limit=100)))


def test_a_restart_keeps_everything(start: StartServer) -> None:
    first = start()
    opened = ids(first.feed())[3]
    first.post(first.event("1", content_id=opened))
    feed = first.feed(limit=100)
    second = start()
    again = second.feed(limit=100)
    assert ids(again) == ids(feed)
    assert opened not in ids(again)
    slots = second.slots(feed)
    assert list(slots) == ids(feed)


def test_a_promoted_champion_serves_without_a_restart(
    start: StartServer, company: Company, champion: str
) -> None:
    server = start()
    assert server.get("/v1/model")["degraded"] == "no_model"
    (server.settings.models_dir).symlink_to(company.models_dir)
    assert eventually(lambda: bool(server.get("/v1/model")["model_version"] == champion))
    model = server.get("/v1/model")
    assert model["degraded"] is None
    assert datetime.fromisoformat(model["trained_until"]) == company.last_event
    assert server.feed()["model_version"] == champion


def test_a_damaged_champion_still_gives_feeds(start: StartServer, company: Company) -> None:
    damaged = company.models_dir.with_name("damaged")
    damaged.mkdir(exist_ok=True)
    (damaged / "champion.json").write_text("{")
    server = start(models_dir=damaged)
    assert server.feed()["degraded"] == "no_model"
    assert "champion.json" in server.get("/v1/model")["notes"][-1]


def test_readiness_tells_why_following_fails(server: Server) -> None:
    worker = server.services.worker
    worker.stop()
    worker.failure = "StoreError: gone"
    assert "gone" in server.get("/readyz", 503)["detail"]
    assert server.get("/healthz") == {"status": "ok"}
    worker.stop()


def test_the_dataset_clock_goes_on_from_the_last_event(server: Server, company: Company) -> None:
    begin = datetime.fromisoformat(server.get("/v1/model")["clock"])
    assert timedelta() < begin - company.last_event < timedelta(seconds=60)
    time.sleep(0.05)
    passed = datetime.fromisoformat(server.get("/v1/model")["clock"]) - begin
    assert timedelta(seconds=0.05) <= passed < timedelta(seconds=30)


def test_time_never_stands_still() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    readings = iter([moment, moment, moment - timedelta(hours=1)])
    clock = Clock(lambda: next(readings))
    seen = [clock.now() for _ in range(3)]
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("kind", ["wall", "dataset"])
def test_without_events_it_is_now(kind: Literal["wall", "dataset"]) -> None:
    none = last_moment(pd.DataFrame({"occurred_at": [], "received_at": []}))
    assert abs(start_clock(kind, none).now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_stored_row_that_is_not_understood_keeps_back_no_other(server: Server) -> None:
    now = server.services.clock.now()
    contents = [
        {"content_id": content_id, "title": "Lunch", "published_at": now - timedelta(minutes=1)}
        for content_id in ("before", "not-understood", "after")
    ]
    rows, rejects = checked_rows("contents", contents)
    assert not rejects
    rows.loc[rows["content_id"] == "not-understood", "audience"] = '{"of a later": "version"}'
    with closing(open_store(server.settings.database_url)) as other:
        other.write("contents", rows, received_at=now)
    assert eventually(lambda: {"before", "after"} <= set(ids(server.feed(limit=100))))
    assert "not-understood" not in ids(server.feed(limit=100))
    assert server.get("/readyz")["behind"] == 0
