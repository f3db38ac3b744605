"""Clicks wait a moment."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.newsletter.clicks import HOLD_SECONDS, Clicks

READER, OTHER = ("w27", "e-1"), ("w27", "e-2")


class Held(Clicks):
    """Clicks at moments of our own; nothing is written but on demand."""

    def __init__(self) -> None:
        self.at = 0.0
        self.written: list[dict[str, Any]] = []
        super().__init__(self.written.extend, clock=lambda: self.at)
        super().close()  # without the thread that writes by real time
        self._is_closing = False

    def follow(self, at: float, mail: tuple[str, str], link: str) -> None:
        self.at = at
        self.add(mail, link, {"who": mail[1], "link": link, "at": at})

    def by(self, at: float) -> list[str]:
        self.at = at
        return [f"{event['who']}:{event['link']}" for event in self.due()]


def test_a_readers_click_counts_after_the_wait() -> None:
    clicks = Held()
    clicks.follow(0.0, READER, "a")
    assert clicks.by(HOLD_SECONDS - 0.1) == []
    assert clicks.by(HOLD_SECONDS) == ["e-1:a"]
    assert clicks.by(100.0) == []


def test_a_scanner_that_follows_all_links_counts_for_none() -> None:
    clicks = Held()
    for n in range(10):
        clicks.follow(n * 0.2, READER, f"link-{n}")
    clicks.follow(2.0, OTHER, "a")
    assert clicks.by(20.0) == ["e-2:a"]


def test_the_reader_who_comes_later_counts() -> None:
    clicks = Held()
    for n in range(5):
        clicks.follow(0.0, READER, f"link-{n}")
    assert clicks.by(HOLD_SECONDS) == []
    clicks.follow(30.0, READER, "link-1")
    assert clicks.by(40.0) == ["e-1:link-1"]


def test_the_same_link_again_and_again_is_a_reader() -> None:
    clicks = Held()
    for n in range(4):
        clicks.follow(n * 0.5, READER, "a")
    assert clicks.by(10.0) == ["e-1:a"] * 4


@given(
    st.lists(
        st.tuples(st.floats(0, 20), st.sampled_from([READER, OTHER]), st.sampled_from("abcd")),
        max_size=25,
    ),
    st.floats(0.1, 5),
)
def test_whenever_it_looks_it_judges_the_same(
    followed: list[tuple[float, tuple[str, str], str]], step: float
) -> None:
    followed = sorted(followed)
    clicks, found = Held(), []
    moment = 0.0
    for at, mail, link in followed:
        while moment + step <= at:
            moment += step
            found += clicks.by(moment)
        clicks.follow(at, mail, link)
    found += clicks.by(at + HOLD_SECONDS + 1 if followed else 1.0)
    expected = [
        f"{mail[1]}:{link}"
        for at, mail, link in followed
        if len({k for t, m, k in followed if m == mail and abs(t - at) <= HOLD_SECONDS}) <= 2
    ]
    assert found == expected


@pytest.fixture
def written() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def clicks(written: list[dict[str, Any]]) -> Iterator[Clicks]:
    running = Clicks(written.extend)
    yield running
    running.close()


def test_what_waits_at_the_end_is_written(clicks: Clicks, written: list[dict[str, Any]]) -> None:
    clicks.add(READER, "a", {"n": 1})
    for n in range(3):
        clicks.add(OTHER, f"{n}", {"n": "scanner"})
    clicks.close()
    assert written == [{"n": 1}]


def test_a_store_that_fails_does_not_end_it() -> None:
    calls = []

    def fail(events: object) -> None:
        calls.append(events)
        raise OSError

    clicks = Clicks(fail)
    clicks.add(READER, "a", {"n": 1})
    clicks.close()
    assert calls == [[{"n": 1}]]
