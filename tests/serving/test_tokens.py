"""An employee's token opens what is that employee's own, for a short while."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.tokens import Tokens
from tests.serving.conftest import EMPLOYEE, bearer
from tests.serving.test_events import stored
from tests.serving.test_problems import check

if TYPE_CHECKING:
    from httpx import Client

    from tests.serving.conftest import Server, StartServer

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
MINUTES = timedelta(minutes=15)
TOKENS = Tokens(b"\x01" * 32, MINUTES)
OTHER = "sim-000004"


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104, written out."""
    padded = key.ljust(64, b"\0")
    inner = sha256(bytes(b ^ 0x36 for b in padded) + message).digest()
    return sha256(bytes(b ^ 0x5C for b in padded) + inner).digest()


def test_a_token_by_hand() -> None:
    token, expires_at = TOKENS.make("e-1", NOW)
    claim = urlsafe_b64encode(f"{int((NOW + MINUTES).timestamp())}:e-1".encode())
    signature = urlsafe_b64encode(hmac_sha256(b"\x01" * 32, claim)).rstrip(b"=")
    assert token == f"rt_{claim.decode()}.{signature.decode()}"
    assert expires_at == NOW + MINUTES


@given(st.text(min_size=1, max_size=200, alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_process_with_the_secret_reads_it_until_it_expires(employee_id: str) -> None:
    token, expires_at = TOKENS.make(employee_id, NOW)
    other_process = Tokens(b"\x01" * 32, timedelta(minutes=1))
    assert other_process.employee(token, NOW) == employee_id
    assert other_process.employee(token, expires_at - timedelta(microseconds=1)) == employee_id
    assert other_process.employee(token, expires_at) is None
    assert Tokens(b"\x02" * 32, MINUTES).employee(token, NOW) is None


@given(st.data())
def test_no_other_spelling_is_valid(data: st.DataObject) -> None:
    token, _ = TOKENS.make("e-1", NOW)
    at = data.draw(st.integers(0, len(token)))
    piece = data.draw(st.text(max_size=3))
    length = data.draw(st.integers(0, 3))
    changed = token[:at] + piece + token[at + length :]
    if changed not in {token, token.removeprefix("rt_")}:
        assert TOKENS.employee(changed, NOW) is None


def client_of(server: Server, employee_id: str) -> Client:
    """Ask for a token as the portal does, and return a browser that holds it."""
    portal = server.client_with(bearer(server.settings, "portal"))
    answer = portal.post(f"/v1/employees/{employee_id}/token")
    assert answer.status_code == 200, answer.text
    remaining = datetime.fromisoformat(answer.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < remaining <= timedelta(minutes=15)
    return server.client_with({"Authorization": f"Bearer {answer.json()['token']}"})


def test_it_opens_what_is_ones_own(server: Server) -> None:
    browser = client_of(server, EMPLOYEE)
    feed = browser.get(f"/v1/employees/{EMPLOYEE}/feed")
    assert feed.status_code == 200
    content = f"/v1/contents/{feed.json()['items'][0]['content_id']}"
    for path in (
        f"/v1/employees/{EMPLOYEE}/formats",
        f"{content}/explain?employee={EMPLOYEE}",
        f"{content}/related?employee={EMPLOYEE}",
    ):
        assert browser.get(path).status_code == 200, path
    preferences = browser.put(
        f"/v1/employees/{EMPLOYEE}/preferences", json={"preferred_format": "video"}
    )
    assert preferences.json()["result"] == "inserted"


def test_it_opens_nothing_else(shared: Server) -> None:
    browser = client_of(shared, EMPLOYEE)
    content = f"/v1/contents/{shared.feed()['items'][0]['content_id']}"
    closed = [
        ("GET", f"/v1/employees/{OTHER}/feed"),
        ("GET", f"/v1/employees/{OTHER}/formats"),
        ("PUT", f"/v1/employees/{OTHER}/preferences"),
        ("GET", f"{content}/explain?employee={OTHER}"),
        ("GET", f"{content}/explain"),
        ("GET", f"{content}/explain?employee={EMPLOYEE}&employee={OTHER}"),
        ("GET", f"{content}/explain?employee={OTHER}&employee={EMPLOYEE}"),
        ("GET", f"{content}/related"),
        ("GET", f"{content}/related?employee={OTHER}"),
        ("GET", f"{content}/reach"),
        ("DELETE", content),
        ("DELETE", f"/v1/employees/{EMPLOYEE}"),
        ("PUT", f"/v1/employees/{EMPLOYEE}"),
        ("POST", f"/v1/employees/{EMPLOYEE}/token"),
        ("GET", "/v1/model"),
    ]
    for method, path in closed:
        check(browser.request(method, path, json={} if method == "PUT" else None), 403)


def test_preferences_of_somebody_else_cannot_be_smuggled_in(shared: Server) -> None:
    browser = client_of(shared, EMPLOYEE)
    check(browser.put(f"/v1/employees/{EMPLOYEE}/preferences", json={"employee_id": OTHER}), 422)


def test_rows_of_others_are_rejected_and_ones_own_count(server: Server) -> None:
    browser = client_of(server, EMPLOYEE)
    content_id = server.feed()["items"][-1]["content_id"]
    events = [
        server.event("theirs", content_id=content_id, employee_id=OTHER),
        server.event("mine", content_id=content_id),
        server.event("nobody's", employee_id=None),
        server.event("bad", content_id=content_id, event_type="glance"),
        "no object",
        server.event("mine", content_id=content_id),
    ]
    answer = browser.post("/v1/events", json={"events": events}).json()
    assert (answer["accepted"], answer["duplicate"], answer["refused"]) == (1, 1, 0)
    assert [(row["index"], row["column"]) for row in answer["rejected"]] == [
        (0, "employee_id"), (2, "employee_id"), (3, "event_type"), (4, "employee_id"),
    ]  # fmt: skip
    assert OTHER not in answer["rejected"][0]["expected"]
    assert stored(server, "mine")["employee_id"] == EMPLOYEE
    kept = server.services.store.load()["events"]["event_id"]
    assert not set(kept) & {"theirs", "nobody's"}
    assert content_id not in [item["content_id"] for item in server.feed()["items"]]


def test_expired_and_forged_ones_open_nothing(shared: Server) -> None:
    feed = f"/v1/employees/{EMPLOYEE}/feed"
    tokens = shared.services.tokens
    stale, _ = tokens.make(EMPLOYEE, datetime.now(UTC) - timedelta(minutes=15))
    forged, _ = TOKENS.make(EMPLOYEE, datetime.now(UTC))
    good, _ = tokens.make(EMPLOYEE, datetime.now(UTC))
    claim, _, signature = tokens.make(OTHER, datetime.now(UTC))[0].partition(".")
    swapped = f"{claim}.{good.partition('.')[2]}"
    for token in (stale, forged, swapped, good[:-1], "rt_", "rt_.", f"rt_.{signature}"):
        response = shared.client_with({"Authorization": f"Bearer {token}"}).get(feed)
        check(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert shared.client_with({"Authorization": f"Bearer {good}"}).get(feed).status_code == 200


@pytest.mark.parametrize("scope", ["newsletter", "comms", "compliance"])
def test_only_the_portal_makes_them(shared: Server, scope: str) -> None:
    client = shared.client_with(bearer(shared.settings, scope))  # type: ignore[arg-type]
    check(client.post(f"/v1/employees/{EMPLOYEE}/token"), 403)


def test_all_servers_of_a_store_accept_each_others(start: StartServer) -> None:
    one, two = start(), start()
    token, _ = one.services.tokens.make(EMPLOYEE, datetime.now(UTC))
    browser = two.client_with({"Authorization": f"Bearer {token}"})
    assert browser.get(f"/v1/employees/{EMPLOYEE}/feed").status_code == 200


def test_no_line_of_the_log_names_a_person_a_key_or_a_question(
    shared: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = client_of(shared, EMPLOYEE)
    browser.get(f"/v1/employees/{EMPLOYEE}/feed?lang=ja&request_id=my-question")
    browser.get(f"/v1/employees/{OTHER}/feed")
    browser.get("/v1/contents/none/explain", params={"employee": EMPLOYEE})
    said = "".join(capsys.readouterr())
    assert "/v1/employees/{employee_id}/token" in said
    for secret in (EMPLOYEE, OTHER, "my-question", "rt_", "rk_"):
        assert secret not in said
