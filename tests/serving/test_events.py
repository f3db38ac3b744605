"""Events: counted, repeated, rejected, and completed from the slate log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from tests.serving.conftest import Server


def stored(server: Server, event_id: str) -> pd.Series[Any]:
    events = server.services.store.load()["events"]
    return events[events["event_id"] == event_id].iloc[0]


def test_the_counts_add_up_and_bad_rows_are_named(server: Server) -> None:
    content_id = server.feed()["items"][0]["content_id"]
    good = server.event("new", content_id=content_id)
    bad = server.event("bad", content_id=content_id, event_type="glance")
    report = server.post(good, bad, good, "no object", server.event("late", occurred_at="noon"))
    assert (report["accepted"], report["duplicate"], report["refused"]) == (1, 1, 0)
    assert [(r["index"], r["column"]) for r in report["rejected"]] == [
        (1, "event_type"), (3, "event_id"), (4, "occurred_at"),
    ]  # fmt: skip
    assert "impression" in report["rejected"][0]["expected"]
    assert server.post(good)["duplicate"] == 1


def test_nothing_to_store_is_no_error(server: Server) -> None:
    assert server.post() == {"accepted": 0, "duplicate": 0, "refused": 0, "rejected": []}


def test_an_event_of_an_unknown_content_counts_once_the_content_arrives(server: Server) -> None:
    assert server.post(server.event("early", content_id="to-come"))["accepted"] == 1
    row = {"title": "Late", "published_at": server.services.clock.now().isoformat()}
    server.send("PUT", "/v1/contents/to-come", row)
    assert "to-come" not in [i["content_id"] for i in server.feed()["items"]]
    fresh = [i["content_id"] for i in server.feed("sim-000004", limit=100)["items"]]
    assert "to-come" in fresh


def test_position_and_propensities_come_from_the_slate_log(server: Server) -> None:
    feed = server.feed(limit=6)
    item = feed["items"][5]
    lie = {"position": 1, "propensity": 0.5, "rendition_propensity": 0.5}
    shown = {"content_id": item["content_id"], "request_id": feed["request_id"]}
    server.post(
        server.event("logged", **shown, **lie),
        server.event("other rendition", **shown, **lie, rendition_id="another"),
        server.event("not in it", **(shown | {"content_id": "elsewhere"}), **lie),
        server.event("unknown", **(shown | {"request_id": "nobody's"}), **lie),
    )
    columns = ["position", "propensity", "rendition_propensity"]
    assert stored(server, "logged")[columns].tolist() == [6, 1.0, item["rendition_propensity"]]
    assert stored(server, "other rendition")[columns[:2]].tolist() == [6, 1.0]
    assert pd.isna(stored(server, "other rendition")["rendition_propensity"])
    assert stored(server, "not in it")[columns].isna().all()
    assert stored(server, "unknown")[columns].tolist() == [1, 0.5, 0.5]


def test_received_at_is_the_servers(server: Server) -> None:
    before = server.services.clock.now()
    content_id = server.feed()["items"][0]["content_id"]
    server.post(
        server.event("1", content_id=content_id, received_at="2020-01-01T00:00:00Z"),
    )
    assert before < stored(server, "1")["received_at"] < server.services.clock.now()
