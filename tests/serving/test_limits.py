"""Token buckets: by hand, against a plain bucket, and over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.limits import RateLimit
from tests.serving.conftest import EMPLOYEE, bearer
from tests.serving.test_problems import check

if TYPE_CHECKING:
    from tests.serving.conftest import StartServer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_two_seconds_worth_at_once_then_the_rate() -> None:
    clock = Clock()
    limit = RateLimit(4, clock)
    assert [limit.wait_seconds("a") for _ in range(9)] == [0.0] * 8 + [0.25]
    assert limit.wait_seconds("b") == 0, "others have their own bucket"
    clock.now += 0.25
    assert [limit.wait_seconds("a") for _ in range(2)] == [0.0, 0.25]
    clock.now += 60
    assert [limit.wait_seconds("a") for _ in range(9)] == [0.0] * 8 + [0.25]


def test_zero_is_no_limit() -> None:
    limit = RateLimit(0, Clock())
    assert not any(limit.wait_seconds("a") for _ in range(10_000))


def test_a_slow_rate_still_lets_one_pass() -> None:
    limit = RateLimit(0.1, Clock())
    assert [limit.wait_seconds("a") for _ in range(2)] == [0.0, 10.0]


class Bucket:
    """The textbook's: tokens that come at a rate, and go one by one."""

    def __init__(self, rate: float, now: float) -> None:
        self.rate, self.tokens, self.now = rate, 2 * rate, now

    def take(self, now: float) -> bool:
        self.tokens = min(self.tokens + (now - self.now) * self.rate, 2 * self.rate)
        self.now = now
        if self.tokens < 1 - 1e-6:
            return False
        self.tokens -= 1
        return True


@given(st.sampled_from([1, 2, 20, 2000]), st.lists(st.sampled_from([0.0, 0.125, 0.5, 3.0])))
def test_it_is_a_token_bucket(rate: int, pauses: list[float]) -> None:
    clock = Clock()
    limit, bucket = RateLimit(rate, clock), Bucket(rate, clock.now)
    for now in accumulate(pauses, initial=clock.now):
        clock.now = now
        assert (limit.wait_seconds("a") == 0) == bucket.take(now)


def test_callers_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.limits._CALLERS", 10)
    clock = Clock()
    limit = RateLimit(1, clock)
    assert [limit.wait_seconds("busy") for _ in range(3)] == [0.0, 0.0, 1.0]
    for i in range(9):
        limit.wait_seconds(str(i))
    clock.now += 1.5
    limit.wait_seconds("new")
    assert set(limit._full_at) == {hash("busy"), hash("new")}, "the others' buckets were full again"
    for i in range(100):
        limit.wait_seconds(str(i))
    assert len(limit._full_at) <= 10


def test_too_many_requests_are_told_when_to_come_back(start: StartServer) -> None:
    server = start(key_requests_per_second=0.5, token_requests_per_second=0.5)
    token, _ = server.services.tokens.make(EMPLOYEE, datetime.now(UTC))
    for headers in ({"Authorization": f"Bearer {token}"}, bearer(server.settings, "portal")):
        client = server.client_with(headers)
        answers = [client.post("/v1/events", json={"events": []}) for _ in range(2)]
        assert answers[0].status_code == 200
        problem = check(answers[1], 429)
        assert answers[1].headers["retry-after"] in {"1", "2"}
        assert "0.5 requests a second" in problem["detail"]
    again, _ = server.services.tokens.make(EMPLOYEE, datetime.now(UTC))
    client = server.client_with({"Authorization": f"Bearer {again}"})
    check(client.post("/v1/events", json={"events": []}), 429)
    assert server.get("/healthz") == {"status": "ok"}, "what needs no key has no limit"
