"""Several processes on one store: what each knows of the others, and what a crash may cost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from httpx import Client, HTTPError

from recsys.registry import store_model
from recsys.settings import Settings
from recsys.store.database import Database
from recsys.store.slate_log import SlateLog
from recsys.store.sql_store import open_store
from serving.champion import find_champion
from tests.serving.conftest import bearer, promote
from tests.serving.processes import ServerProcess, serving
from tests.serving.test_worker import eventually

if TYPE_CHECKING:
    from tests.serving.conftest import Company

Headers = dict[str, str]


@pytest.fixture
def store(company: Company, tmp_path: Path) -> tuple[Path, Headers]:
    """Copy the company; return its database and the header of a key."""
    database = tmp_path / "copy.db"
    shutil.copy(company.database, database)
    return database, bearer(Settings(database_url=f"sqlite:///{database}"), "admin")


def act(server: ServerProcess, event_id: str, employee: str, content_id: str, at: str) -> None:
    event = {
        "event_id": event_id, "event_type": "open", "employee_id": employee,
        "content_id": content_id, "occurred_at": at,
    }  # fmt: skip
    answer = server.client.post("/v1/events", json={"events": [event]})
    assert answer.json()["accepted"] == 1, answer.text


def shown(server: ServerProcess, employee: str) -> list[str]:
    answer = server.client.get(f"/v1/employees/{employee}/feed", params={"limit": 10})
    assert answer.status_code == 200, answer.text
    return [item["content_id"] for item in answer.json()["items"]]


def _stale_feeds(company: Company, store: tuple[Path, Headers], n_pairs: int) -> int:
    """Return in how many of random pairs an action is not in the feed that follows it."""
    rng = random.Random(5)
    at = company.last_event.isoformat()
    employees = sorted(company.dataset["employees"]["employee_id"].unique())
    database, headers = store
    stale = 0
    with (
        serving(database, company.models_dir, headers) as one,
        serving(database, company.models_dir, headers) as two,
    ):
        for number in range(n_pairs):
            employee = rng.choice(employees)
            servers = rng.sample([one, two], 2)
            content_id = rng.choice(shown(rng.choice(servers), employee))
            act(servers[0], f"act-{number}", employee, content_id, at)
            answer = servers[1].client.get(
                f"/v1/contents/{content_id}/explain", params={"employee": employee}
            )
            is_owed = answer.json()["cause"] == "shown"  # a must-read that wants an answer
            stale += content_id in shown(servers[1], employee) and not is_owed
    return stale


def test_an_action_counts_whichever_process_answers(
    company: Company, champion: str, store: tuple[Path, Headers]
) -> None:
    assert champion
    assert _stale_feeds(company, store, 30) == 0


@pytest.mark.slow
def test_a_thousand_actions_count_whichever_process_answers(
    company: Company, champion: str, store: tuple[Path, Headers]
) -> None:
    assert champion
    assert _stale_feeds(company, store, 1_000) == 0


class _Senders:
    """Threads that send numbered events and ask for feeds until the server is gone."""

    def __init__(self, server: ServerProcess, at: str, first: int) -> None:
        self.acknowledged: list[str] = []
        self.answered: list[tuple[str, str]] = []
        self._server, self._at, self._stop = server, at, Event()
        self._threads = [Thread(target=self._send, args=(first, k)) for k in range(3)]
        self._threads.append(Thread(target=self._ask))
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, first: int, sender: int) -> None:
        number = 0
        try:
            while not self._stop.is_set():
                number += 1
                ids = [f"{first}-{sender}-{number}-{i}" for i in range(20)]
                events = [
                    {"event_id": i, "event_type": "open", "employee_id": "sim-000003",
                     "content_id": "c", "occurred_at": self._at}
                    for i in ids
                ]  # fmt: skip
                report = self._server.client.post("/v1/events", json={"events": events}).json()
                assert report["accepted"] == len(ids), report
                self.acknowledged += ids
        except HTTPError:
            pass

    def _ask(self) -> None:
        try:
            while not self._stop.is_set():
                page = self._server.client.get("/v1/employees/sim-000003/feed").json()
                self.answered.append(("sim-000003", page["request_id"]))
        except HTTPError:
            pass


def test_a_killed_server_has_lost_nothing_it_acknowledged(
    company: Company, store: tuple[Path, Headers]
) -> None:
    rng, (database, headers) = random.Random(6), store
    acknowledged: list[str] = []
    answered: list[tuple[str, str]] = []
    for run in range(3):
        server = ServerProcess(database, database.parent / "none", headers)
        senders = _Senders(server, company.last_event.isoformat(), run)
        time.sleep(rng.uniform(0.5, 1.5))
        server.kill()
        senders.wait()
        server.client.close()
        acknowledged += senders.acknowledged
        answered += senders.answered
    assert acknowledged
    assert answered
    with closing(open_store(f"sqlite:///{database}")) as opened:
        stored = opened.load()["events"]["event_id"]
    assert stored.is_unique
    assert set(acknowledged) <= set(stored)
    with closing(Database(f"sqlite:///{database}")) as opened_database:
        log = SlateLog(opened_database)
        assert log.slots(answered).keys() == set(answered)
    with serving(database, database.parent / "none", headers) as again:
        assert again.client.get("/readyz").json()["behind"] == 0
        resent = [
            {"event_id": i, "event_type": "open", "employee_id": "sim-000003",
             "content_id": "c", "occurred_at": company.last_event.isoformat()}
            for i in acknowledged[:100]
        ]  # fmt: skip
        report = again.client.post("/v1/events", json={"events": resent}).json()
        assert report["duplicate"] == len(resent)


def _version(server: ServerProcess) -> Any:
    answer = server.client.get("/v1/employees/sim-000003/feed")
    assert answer.status_code == 200, answer.text
    return answer.json()["model_version"]


def test_a_promotion_drops_no_request_and_survives_a_kill(
    company: Company, champion: str, store: tuple[Path, Headers], tmp_path: Path
) -> None:
    models_dir = tmp_path / "models"
    shutil.copytree(company.models_dir, models_dir)
    first = find_champion(models_dir).model
    models = (first, replace(first, version="other"))
    versions = {model.version: store_model(models_dir, model) for model in models}
    database, headers = store
    now = champion
    with serving(database, models_dir, headers) as server:
        for wanted in ("other", champion):
            promote(models_dir, versions[wanted])
            deadline = time.monotonic() + 20
            while (now := _version(server)) != wanted:
                assert time.monotonic() < deadline
    for delay in (0.0, 0.15, 0.3):
        server = ServerProcess(database, models_dir, headers)
        assert _version(server) == now
        now = "other" if now == champion else champion
        promote(models_dir, versions[now])
        time.sleep(delay)
        server.kill()
        server.client.close()
    with serving(database, models_dir, headers) as server:
        assert _version(server) == now


def _children(process: int) -> set[int]:
    """Return the workers of a supervisor; a helper of the interpreter is a child too."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in listed}
    return {child for child, command in commands.items() if b"spawn_main" in command}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")
def test_workers_share_a_port_and_one_that_dies_is_replaced(
    company: Company, store: tuple[Path, Headers]
) -> None:
    database, headers = store
    at = company.last_event.isoformat()
    with serving(database, database.parent / "none", headers, "--workers", "2") as server:
        content_id = shown(server, "sim-000003")[-1]
        for attempt in range(20):
            employee = f"sim-{attempt:06}"
            act(server, f"shared-{attempt}", employee, content_id, at)
            server.client.get("/healthz", headers={"Connection": "close"})  # whoever comes next
            assert content_id not in shown(server, employee)
        workers = _children(server.process.pid)
        assert len(workers) == 2
        os.kill(min(workers), signal.SIGKILL)
        assert eventually(lambda: len(_children(server.process.pid) - workers) == 1)
        server.client.close()
        with Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60.0) as again:
            assert again.get("/readyz").json()["behind"] == 0
