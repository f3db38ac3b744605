"""Catalogue writes, preferences and erasure count at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.serving.conftest import Server


def shown(server: Server) -> list[str]:
    return [item["content_id"] for item in server.feed(limit=100)["items"]]


def content(server: Server, **columns: object) -> dict[str, object]:
    published_at = server.services.clock.now().isoformat()
    return {"title": "Hello", "published_at": published_at} | columns


def test_a_content_comes_changes_and_goes(server: Server) -> None:
    first = content(server, floor=3)
    assert server.send("PUT", "/v1/contents/new", first) == {"id": "new", "result": "inserted"}
    assert server.send("PUT", "/v1/contents/new", first)["result"] == "unchanged"
    assert "new" in shown(server)
    assert server.send("PUT", "/v1/contents/new", content(server, title="X"))["result"] == "updated"
    item = next(i for i in server.feed(limit=100)["items"] if i["content_id"] == "new")
    assert (item["title"], item["url"], item["est_minutes"], item["format"]) == (
        "X", None, None, "article",
    )  # fmt: skip
    assert server.send("DELETE", "/v1/contents/new") == {"id": "new", "result": "updated"}
    assert server.send("DELETE", "/v1/contents/new")["result"] == "unchanged"
    assert "new" not in shown(server)


def test_an_unknown_content_cannot_be_withdrawn(server: Server) -> None:
    server.send("DELETE", "/v1/contents/none", status=404)


def test_two_versions_in_one_poll_leave_the_last(server: Server) -> None:
    """Another process wrote twice before this one looked."""
    from recsys.borders import checked_rows

    services = server.services
    with services.worker._follower:
        for title in ("first", "second"):
            rows, _ = checked_rows("contents", [content(server, content_id="c", title=title)])
            services.store.write("contents", rows, received_at=services.clock.now())
    services.worker.catch_up()
    titles = {i["content_id"]: i["title"] for i in server.feed(limit=100)["items"]}
    assert titles["c"] == "second"


def test_a_bad_row_is_a_problem_that_names_the_column(server: Server) -> None:
    problem = server.send("PUT", "/v1/contents/bad", {"title": "no time"}, status=422)
    assert problem["errors"][0]["location"] == "body.published_at"
    problem = server.send("PUT", "/v1/contents/a", content(server, content_id="b"), status=422)
    assert problem["errors"][0]["location"] == "body.content_id"


def test_a_batch_reports_per_row(server: Server) -> None:
    rows = [content(server, content_id="1"), content(server), 7, content(server, content_id="2")]
    report = server.send("POST", "/v1/contents:batch", {"contents": rows})
    assert (report["inserted"], report["updated"], report["unchanged"]) == (2, 0, 0)
    assert [(r["index"], r["column"]) for r in report["rejected"]] == [
        (1, "content_id"), (2, "content_id"),
    ]  # fmt: skip
    rendition = {"rendition_id": "1-v", "content_id": "1", "format": "video", "title": "Film",
                 "duration_seconds": 90, "url": "https://intranet.example/1-v"}  # fmt: skip
    server.send("POST", "/v1/renditions:batch", {"renditions": [rendition]})
    item = next(i for i in server.feed(limit=100)["items"] if i["content_id"] == "1")
    assert (item["format"], item["title"], item["est_minutes"]) == ("video", "Film", 1.5)


def test_audiences_follow_new_attributes(server: Server) -> None:
    only = content(server, audience={"department": ["moon"]})
    server.send("PUT", "/v1/contents/m", only)
    assert "m" not in shown(server)
    rows = [{"employee_id": server.employee, "department": "moon"}]
    assert server.send("POST", "/v1/employees:batch", {"employees": rows})["inserted"] == 1
    assert "m" in shown(server)


def test_preferences_hold_from_the_next_feed_on(server: Server) -> None:
    path = f"/v1/employees/{server.employee}"
    assert server.get(f"{path}/formats")["best"] != "audio"
    chosen = {"preferred_format": "audio", "personalization_opt_out": True}
    server.send("PUT", f"{path}/preferences", chosen)
    formats = server.get(f"{path}/formats")
    assert formats["best"] == "audio"
    assert {belief["source"] for belief in formats["formats"].values()} == {"declared"}
    assert abs(sum(belief["share"] for belief in formats["formats"].values()) - 1) < 1e-9
    server.send("PUT", f"{path}/preferences", {"preferred_format": "smell"}, status=422)


def test_erasure_forgets_everything_and_stays(server: Server) -> None:
    feed = server.feed()
    item = feed["items"][5]["content_id"]
    server.post(server.event("1", content_id=item))
    receipt = server.send("DELETE", f"/v1/employees/{server.employee}")
    parts = {part["part"]: part for part in receipt["parts"]}
    assert parts["events"]["rows"] > 1
    assert parts["slates"]["rows"] == 1
    assert parts["live_state"]["erased_at"] == receipt["erased_at"]
    assert parts["models"]["erased_at"] is None
    assert server.services.slates.find(server.employee, feed["request_id"]) is None
    assert item in shown(server)
    assert server.services.slates.find(server.employee, server.feed()["request_id"]) is None
    assert server.post(server.event("2", content_id=item))["refused"] == 1
    server.send("PUT", f"/v1/employees/{server.employee}/preferences", {}, status=410)
