"""Snapshots: the same answers as from the whole log, and never somebody else's state."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import pytest

from recsys.bundle import read_bundle
from serving.snapshots import Snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from tests.serving.conftest import Server, StartServer


def folders(server: Server) -> list[Path]:
    return sorted(server.settings.models_dir.glob("snapshots-*/*"))


def stop(server: Server) -> None:
    """Stop a server as an operator would; other servers of the test go on."""
    server.running.close()


@pytest.fixture
def stopped(start: StartServer) -> Server:
    """A server that has stopped, after something happened in it."""
    server = start()
    content_id = server.feed()["items"][-1]["content_id"]
    server.post(server.event("seen", content_id=content_id))
    stop(server)
    return server


def told(feed: dict[str, Any]) -> list[tuple[object, ...]]:
    return [(item["content_id"], item["rendition_id"], item["score"]) for item in feed["items"]]


def test_a_restart_answers_as_from_the_whole_log(
    start: StartServer, stopped: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(folders(stopped)) == 1
    with monkeypatch.context() as nothing_to_load:
        nothing_to_load.setattr("recsys.store.sql_store.SqlStore.load", None)
        quick = start()
    whole = start(models_dir=stopped.settings.models_dir.with_name("elsewhere"))
    for employee in ("sim-000003", "sim-000004", "nobody"):
        one, two = (told(each.feed(employee, surface="newsletter")) for each in (quick, whole))
        assert [shown for *shown, _ in one] == [shown for *shown, _ in two]
        scores = [[score for *_, score in part] for part in (one, two)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-3), "seconds apart"
    assert quick.services.worker.number == whole.services.worker.number


def test_what_came_after_a_snapshot_counts(start: StartServer, stopped: Server) -> None:
    held = folders(stopped)
    again = start()
    content_id = again.feed("sim-000005")["items"][-1]["content_id"]
    again.post(again.event("later", content_id=content_id, employee_id="sim-000005"))
    stop(again)
    assert folders(stopped) == held, "two changes are not worth another one"
    last = start()
    assert content_id not in [i["content_id"] for i in last.feed("sim-000005", limit=100)["items"]]


def test_an_erasure_deletes_them_and_none_from_before_is_used(
    start: StartServer, stopped: Server, tmp_path: Path
) -> None:
    (snapshot,) = folders(stopped)
    kept = shutil.copytree(snapshot, tmp_path / "kept")
    server = start()
    server.send("DELETE", "/v1/employees/sim-000003")
    assert folders(server) == []
    shutil.copytree(kept, snapshot)  # another host's, say
    again = start()
    assert not snapshot.exists()
    with again.services.worker.engine() as (engine, _):
        index = engine.state.catalogue.employees.ids.index("sim-000003")
    assert index < 0


def test_a_damaged_one_and_another_stores_are_not_used(start: StartServer, stopped: Server) -> None:
    (snapshot,) = folders(stopped)
    assert read_bundle(snapshot)
    (snapshot / "state" / "state.npz").write_bytes(b"damaged")
    assert start().feed()["items"]
    assert not snapshot.exists()
    other = snapshot.with_name("12000-0123456789abcdef")
    other.mkdir()
    assert start().feed()["items"]
    assert not other.exists()


def test_whatever_cannot_be_read_keeps_no_server_from_starting(
    start: StartServer, stopped: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise BadZipFile("half of one, half of another")

    monkeypatch.setattr("serving.snapshots.read_bundle", fail)
    assert start().feed()["items"]
    assert folders(stopped) == []


def test_of_workers_that_stop_together_one_writes(start: StartServer) -> None:
    one, two = start(), start()
    with one.services.worker.engine() as (first, _), two.services.worker.engine() as (second, _):
        number = one.services.worker.number
        settings = one.settings
        snapshots = [
            Snapshots(settings.models_dir, each.services.store, first.state.lateness_us)
            for each in (one, two)
        ]
        snapshots[0].write(first, number)
        (written,) = folders(one)
        before = written.stat().st_ino
        # The other one looked before this was there.
        snapshots[1]._all = list  # type: ignore[method-assign]
        snapshots[1].write(second, number)
    assert [path.stat().st_ino for path in folders(one)] == [before]
    assert read_bundle(written)
