"""Reading the catalogue, and one's own choices, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serving.rows import EXAMPLES
from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from serving.keys import Scope
    from tests.serving.conftest import Company, Server


def all_ids(server: Server, **query: str | float) -> list[str]:
    """Walk all pages."""
    page = server.get("/v1/contents", 200, **query)
    found = [item["content_id"] for item in page["items"]]
    while page["next_cursor"]:
        page = server.get("/v1/contents", 200, **(query | {"cursor": page["next_cursor"]}))
        found += [item["content_id"] for item in page["items"]]
    return found


@pytest.mark.parametrize("limit", [7, 500])
def test_pages_have_every_content_once_in_order(
    shared: Server, company: Company, limit: int
) -> None:
    assert all_ids(shared, limit=limit) == sorted(company.dataset["contents"]["content_id"])


def test_writes_between_pages_move_nothing(server: Server) -> None:
    before = all_ids(server, limit=500)
    page = server.get("/v1/contents", 200, limit=5)
    row = server.get(f"/v1/contents/{before[1]}") | {"title": "New"}
    server.send("PUT", f"/v1/contents/{before[1]}", row)
    rest = server.get("/v1/contents", 200, limit=500, cursor=page["next_cursor"])
    assert [i["content_id"] for i in page["items"] + rest["items"]] == before


def test_status_chooses(server: Server) -> None:
    some = all_ids(server, limit=500)[:2]
    for content_id in some:
        server.send("DELETE", f"/v1/contents/{content_id}")
    assert all_ids(server, status="withdrawn") == some
    assert not set(all_ids(server, status="published", limit=500)) & set(some)
    assert all_ids(server, status="draft") == []


@pytest.mark.parametrize("cursor", ["", "%%%", "é", "AA==", "YQ"])
def test_a_cursor_of_nothing_is_a_problem(shared: Server, cursor: str) -> None:
    problem = shared.get("/v1/contents", 422, cursor=cursor)
    assert problem["errors"][0]["location"] == "query.cursor"


def test_a_content_is_read_as_it_was_written(server: Server) -> None:
    written = EXAMPLES["contents"] | {"floor": 3, "attributes": {"wing": "B"}}
    server.send("PUT", "/v1/contents/c-42", written)
    read = server.get("/v1/contents/c-42")
    same = {name: read[name] for name in EXAMPLES["contents"] if not name.endswith("_at")}
    assert same == {name: EXAMPLES["contents"][name] for name in same}
    assert read["published_at"] == "2026-05-01T00:00:00Z"
    assert read["attributes"] == {"wing": "B", "floor": 3}
    assert read["expires_at"] is None
    assert server.send("PUT", "/v1/contents/c-42", read)["result"] == "unchanged"
    server.get("/v1/contents/c-43", 404)


def test_renditions_of_a_content(server: Server) -> None:
    server.send("PUT", "/v1/contents/c-42", EXAMPLES["contents"])
    assert server.get("/v1/contents/c-42/renditions") == {"content_id": "c-42", "items": []}
    for name in ("b", "a"):
        server.send("PUT", f"/v1/renditions/{name}", EXAMPLES["renditions"])
    items: list[dict[str, Any]] = server.get("/v1/contents/c-42/renditions")["items"]
    assert [item["rendition_id"] for item in items] == ["a", "b"]
    assert EXAMPLES["renditions"].items() <= items[0].items()
    assert server.send("PUT", "/v1/renditions/a", items[0])["result"] == "unchanged"
    server.get("/v1/contents/c-43/renditions", 404)


def test_preferences_are_the_defaults_until_chosen(server: Server) -> None:
    path = f"/v1/employees/{server.employee}/preferences"
    nothing = server.get("/v1/employees/nobody/preferences")
    assert nothing["employee_id"] == "nobody"
    assert nothing["personalization_opt_out"] is False
    assert nothing["preferred_format"] is None
    assert nothing["muted_topics"] == nothing["languages"] == []
    server.send("PUT", path, EXAMPLES["preferences"])
    chosen = server.get(path)
    assert EXAMPLES["preferences"].items() <= chosen.items()
    assert server.send("PUT", path, chosen)["result"] == "unchanged"


@pytest.mark.parametrize(
    ("scope", "contents", "preferences"),
    [("comms", 200, 403), ("portal", 403, 200), ("newsletter", 403, 403), ("admin", 200, 200)],
)
def test_who_may_read(shared: Server, scope: Scope, contents: int, preferences: int) -> None:
    client = shared.client_with(bearer(shared.settings, scope))
    content = client.get("/v1/contents?limit=1")
    assert content.status_code == contents
    assert client.get("/v1/employees/x/preferences").status_code == preferences


def test_no_route_reads_attributes_or_behaviour_of_an_employee(shared: Server) -> None:
    paths = shared.get("/openapi.json")["paths"]
    reads = {path for path, methods in paths.items() if "get" in methods and "employee" in path}
    assert reads == {
        f"/v1/employees/{{employee_id}}/{what}"
        for what in ("experiments", "feed", "formats", "preferences")
    }  # the experiments for a token of their own only
