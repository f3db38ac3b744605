"""A follower of the change log loses nothing, whatever the writers do."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa

from recsys.store.database import Database
from recsys.store.port import Store
from recsys.store.sql_store import SqlStore

Frame = Callable[[str, Sequence[Mapping[str, object]]], pd.DataFrame]
Write = Callable[[], object]
Poll = Callable[[int], list[int]]

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE_SECONDS = 10.0
OVERTAKING_SECONDS = 0.4
"""How long the second writer may try to overtake the first, which holds its commit back."""


class HeldCommit:
    """Stops one writer between its last statement and its commit."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.released.wait(PATIENCE_SECONDS)


class Follower:
    """Reads "above the last number seen", as every follower does."""

    def __init__(self, poll: Poll) -> None:
        self._poll = poll
        self.seen: list[int] = []

    def follow(self) -> None:
        self.seen += self._poll(max(self.seen, default=0))

    def follow_until(self, done: Future[Any], seconds: float) -> None:
        """Poll without a pause until ``done`` or the time is over, then once more."""
        late = threading.Event()
        timer = threading.Timer(seconds, late.set)
        timer.start()
        while not (done.done() or late.is_set()):
            self.follow()
        timer.cancel()
        self.follow()


def race(first: Write, held: HeldCommit, second: Write, poll: Poll) -> tuple[list[int], bool]:
    """Hold the commit of ``first`` back while ``second`` writes and a follower polls.

    Returns the numbers the follower saw, and whether the second overtook the first.
    """
    follower = Follower(poll)
    with ThreadPoolExecutor(2) as threads:
        slow: Future[object] = threads.submit(first)
        assert held.reached.wait(PATIENCE_SECONDS)
        quick: Future[object] = threads.submit(second)
        follower.follow_until(quick, OVERTAKING_SECONDS)
        has_overtaken = quick.done()
        held.released.set()
        follower.follow_until(slow, PATIENCE_SECONDS)
        follower.follow_until(quick, PATIENCE_SECONDS)
        slow.result()
        quick.result()
    return follower.seen, has_overtaken


def numbers_above(store: Store) -> Poll:
    return lambda after: [
        int(number) for run in store.changes(after) for number in run.frame["change_number"]
    ]


def hold_first_commit(database: Database) -> HeldCommit:
    """Stop the first write transaction that reaches its commit; no other."""
    held = HeldCommit()
    writers: list[threading.Thread] = []

    @sa.event.listens_for(database.engine, "commit")
    def _stop(connection: sa.Connection) -> None:
        thread = threading.current_thread()
        if thread is not threading.main_thread() and not writers:
            writers.append(thread)
            held.wait()

    return held


@pytest.mark.parametrize(
    ("first", "second"), [("events", "events"), ("events", "contents"), ("contents", "events")]
)
def test_a_slow_transaction_is_not_skipped(
    database: Database, store: SqlStore, frame: Frame, first: str, second: str
) -> None:
    rows: dict[str, list[dict[str, object]]] = {
        "events": [{"event_type": "search", "employee_id": "e", "occurred_at": NOW}] * 3,
        "contents": [{"title": "t", "published_at": NOW}] * 3,
    }

    def write(table: str, prefix: str) -> Write:
        key = {"events": "event_id", "contents": "content_id"}[table]
        named = [row | {key: f"{prefix}{i}"} for i, row in enumerate(rows[table])]
        return lambda: store.write(table, frame(table, named), received_at=NOW)

    assert store.last_change() == 0
    held = hold_first_commit(database)
    seen, has_overtaken = race(write(first, "a"), held, write(second, "b"), numbers_above(store))
    assert seen == [1, 2, 3, 4, 5, 6]
    assert not has_overtaken


@pytest.mark.postgres
def test_the_race_shows_the_loss_with_a_plain_sequence(postgres_url: str) -> None:
    """The same race over numbers from a sequence; without it the test above would prove little."""
    held = HeldCommit()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS naive_log")
        connection.execute("CREATE TABLE naive_log (number BIGSERIAL PRIMARY KEY)")

    def write(before_commit: Callable[[], None]) -> Write:
        def run() -> None:
            with psycopg.connect(postgres_url) as connection:
                connection.execute("INSERT INTO naive_log DEFAULT VALUES")
                before_commit()

        return run

    def poll(after: int) -> list[int]:
        query = "SELECT number FROM naive_log WHERE number > %s ORDER BY number"
        with psycopg.connect(postgres_url) as connection:
            return [number for (number,) in connection.execute(query, [after])]

    seen, has_overtaken = race(write(held.wait), held, write(lambda: None), poll)
    assert has_overtaken
    assert poll(0) == [1, 2]
    assert seen == [2]


def test_a_reader_does_not_wait_for_an_open_writer(
    database: Database, store: SqlStore, frame: Frame
) -> None:
    event = {"event_id": "1", "event_type": "search", "employee_id": "e", "occurred_at": NOW}
    assert store.last_change() == 0
    held = hold_first_commit(database)
    with ThreadPoolExecutor(1) as threads:
        writer = threads.submit(
            lambda: store.write("events", frame("events", [event]), received_at=NOW)
        )
        assert held.reached.wait(PATIENCE_SECONDS)
        assert store.load()["events"].empty
        assert (store.counts()["events"], store.last_change()) == (0, 0)
        held.released.set()
        assert writer.result().inserted == 1


def test_a_page_is_one_snapshot(database: Database, frame: Frame) -> None:
    """Events are read before the catalogue; what is committed in between must not be half seen."""
    reader = SqlStore(database)
    other = Database(database.engine.url.render_as_string(hide_password=False))
    event = {"event_id": "1", "event_type": "search", "employee_id": "e", "occurred_at": NOW}
    content = {"content_id": "c", "title": "t", "published_at": NOW}
    written: list[int] = []

    def write(*_: object) -> None:
        if not written:
            store = SqlStore(other)
            store.write("events", frame("events", [event]), received_at=NOW)
            store.write("contents", frame("contents", [content]), received_at=NOW)
            written.append(store.last_change())

    poll = numbers_above(reader)
    assert poll(0) == []
    sa.event.listen(
        database.engine,
        "after_cursor_execute",
        lambda _connection, _cursor, statement, *_: write() if "FROM events" in statement else None,
    )
    follower = Follower(poll)
    follower.follow()
    assert written == [2]
    follower.follow()
    other.close()
    assert follower.seen == [1, 2]


def test_many_writers_one_number_line(new_url: Callable[[], str], frame: Frame) -> None:
    """Stores of their own stand for processes; pages are small so that the follower lags."""
    url, writers, rounds = new_url(), 4, 6
    stores = [SqlStore(Database(url)) for _ in range(writers + 1)]
    reader = stores.pop()

    def write(writer: int) -> None:
        for step in range(rounds):
            event: dict[str, Any] = {
                "event_id": f"{step if step % 3 == 0 else (writer, step)}",
                "event_type": "search", "employee_id": "e", "occurred_at": NOW,
            }  # fmt: skip
            content = {"content_id": "c", "title": f"{writer}/{step}", "published_at": NOW}
            stores[writer].write("events", frame("events", [event]), received_at=NOW)
            stores[writer].write("contents", frame("contents", [content]), received_at=NOW)

    def poll(after: int) -> list[int]:
        runs = reader.changes(after, limit=3)
        return [int(number) for run in runs for number in run.frame["change_number"]]

    follower = Follower(poll)
    with ThreadPoolExecutor(writers) as threads:
        for writing in [threads.submit(write, writer) for writer in range(writers)]:
            follower.follow_until(writing, PATIENCE_SECONDS)
            writing.result()
    while follower.seen[-1] < reader.last_change():
        follower.follow()
    shared, own = rounds // 3, rounds - rounds // 3
    assert follower.seen == list(range(1, shared + writers * own + writers * rounds + 1))
    for store in [*stores, reader]:
        store.close()
