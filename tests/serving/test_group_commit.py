"""Groups: one transaction for what came meanwhile, and nobody pays for somebody else's fault."""

from __future__ import annotations

from concurrent.futures import CancelledError
from threading import Event
from typing import TYPE_CHECKING

import pytest

from recsys.errors import StoreError
from serving.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence


class Writer:
    """Notes the groups it is given; waits with the first until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go = Event(), Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        self.begun.set()
        assert self.go.wait(10)
        if 0 in items:
            raise ZeroDivisionError
        if -1 in items:
            raise StoreError("gone")
        return [10 * item for item in items]


@pytest.fixture
def writer() -> Writer:
    return Writer()


def commit(writer: Writer) -> GroupCommit[int, int]:
    return GroupCommit("test", writer, most=3)


def test_what_comes_meanwhile_is_written_together(writer: Writer) -> None:
    group = commit(writer)
    futures = [group.submit(1)]
    assert writer.begun.wait(10)
    futures += [group.submit(n) for n in range(2, 7)]
    writer.go.set()
    assert [future.result(10) for future in futures] == [10, 20, 30, 40, 50, 60]
    group.close()
    assert writer.groups == [[1], [2, 3, 4], [5, 6]]


def test_a_fault_belongs_to_its_item(writer: Writer) -> None:
    group = commit(writer)
    first = group.submit(1)
    assert writer.begun.wait(10)
    bad, good = group.submit(0), group.submit(2)
    writer.go.set()
    with pytest.raises(ZeroDivisionError):
        bad.result(10)
    assert (first.result(10), good.result(10)) == (10, 20)
    group.close()


def test_a_store_that_fails_fails_for_the_whole_group(writer: Writer) -> None:
    group = commit(writer)
    group.submit(1)
    assert writer.begun.wait(10)
    futures = [group.submit(-1), group.submit(2)]
    writer.go.set()
    for future in futures:
        with pytest.raises(StoreError):
            future.result(10)
    group.close()
    assert len(writer.groups) == 2


def test_whoever_goes_away_stops_nobody(writer: Writer) -> None:
    group = commit(writer)
    running = group.submit(1)
    assert writer.begun.wait(10)
    gone, staying = group.submit(2), group.submit(3)
    assert gone.cancel()
    assert not running.cancel(), "it is being written"
    writer.go.set()
    assert (running.result(10), staying.result(10)) == (10, 30)
    with pytest.raises(CancelledError):
        gone.result(10)
    assert group.submit(4).result(10) == 40
    group.close()
    assert writer.groups == [[1], [3], [4]]


def test_closing_writes_what_was_submitted(writer: Writer) -> None:
    group = commit(writer)
    futures = [group.submit(n) for n in range(1, 6)]
    writer.go.set()
    group.close()
    assert all(future.done() for future in futures)
