"""The slate log, in both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from recsys.answers import Slate, SlateItem
from recsys.store.database import Database
from recsys.store.slate_log import LoggedSlate, SlateLog, _among
from recsys.store.sql_store import SqlStore

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
ITEMS = (
    SlateItem("b", "b-v", "video", 1, 2.5, "mandatory", 1.0, 0.94, ("must_read", "new")),
    SlateItem("a", "", "article", 2, -1.5, "personal", 0.5, 1.0),
)
LOGGED = LoggedSlate("e", "portal", NOW, Slate("r", "model", "1", "no_model", ITEMS))


def keep(log: SlateLog, logged: LoggedSlate) -> LoggedSlate:
    (kept,) = log.write([logged])
    return kept


def test_what_is_kept_is_found_again(database: Database) -> None:
    log = SlateLog(database)
    assert keep(log, LOGGED) == LOGGED
    assert log.find("e", "r") == LOGGED
    assert log.find("e", "other") is None
    assert log.find("f", "r") is None


def test_an_empty_slate_is_a_slate(database: Database) -> None:
    empty = replace(LOGGED, slate=Slate("nothing", "model", "1", None))
    assert keep(SlateLog(database), empty) == SlateLog(database).find("e", "nothing")


def test_of_two_slates_for_one_request_the_first_counts(database: Database) -> None:
    log = SlateLog(database)
    keep(log, LOGGED)
    assert keep(log, replace(LOGGED, surface="mobile")) == LOGGED
    theirs = replace(LOGGED, employee_id="f")
    assert keep(log, theirs) == theirs


def test_writers_of_one_request_agree(database: Database) -> None:
    log = SlateLog(database)
    surfaces = [replace(LOGGED, surface=f"s{i}") for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(partial(keep, log), surfaces))
    assert set(kept) == {log.find("e", "r")}


def test_slots_come_by_request_and_content(database: Database) -> None:
    log = SlateLog(database)
    keep(log, LOGGED)
    assert log.slots([("e", "r"), ("e", "r"), ("e", "x"), ("f", "r")]) == {
        ("e", "r"): {"b": ITEMS[0], "a": ITEMS[1]}
    }
    assert log.slots([]) == {}


def test_erasure_takes_the_slates_and_blocks_new_ones(database: Database) -> None:
    log, store = SlateLog(database), SqlStore(database)
    theirs = replace(LOGGED, employee_id="f")
    keep(log, LOGGED)
    keep(log, theirs)
    assert store.erase("e", at=NOW)["slates"] == 1
    log.forget()
    assert log.find("e", "r") is None
    assert keep(log, LOGGED) == LOGGED
    assert log.find("e", "r") is None
    assert log.find("f", "r") == theirs
    assert log.slots([("e", "r")]) == {}


def test_a_slate_grows_by_what_follows_it(database: Database) -> None:
    log = SlateLog(database)
    begun = replace(LOGGED, slate=replace(LOGGED.slate, items=ITEMS[:1]))
    rest = replace(LOGGED, slate=replace(LOGGED.slate, items=ITEMS[1:], is_whole=True))
    whole = replace(LOGGED, slate=replace(LOGGED.slate, is_whole=True))
    assert keep(log, begun) == begun
    assert keep(log, rest) == whole
    assert keep(log, rest) == whole == log.find("e", "r")


def test_slates_are_written_together(database: Database) -> None:
    log = SlateLog(database)
    others = [replace(LOGGED, employee_id=name) for name in "abc"]
    again = replace(others[0], surface="mobile")
    assert log.write([*others, again]) == [*others, others[0]]
    assert [log.find(name, "r") for name in "abc"] == others


def test_requests_are_looked_up_by_their_key(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("plans of PostgreSQL depend on its statistics")
    log = SlateLog(database)
    log.write([replace(LOGGED, employee_id=f"e{n}") for n in range(500)])
    query = str(_among("sqlite").compile(database.engine))
    with database.reading() as connection:
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {query}", ('[["e1", "r"]]', "$[0]", "$[1]")
        ).all()
    assert any("SEARCH slates USING INDEX" in row[3] for row in plan), plan


def test_slates_of_a_window_come_in_the_order_of_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read two at a time; equal moments, by employee and request, are neither lost nor doubled."""
    monkeypatch.setattr("recsys.store.slate_log._AT_ONCE", 2)
    log = SlateLog(database)
    minutes = {"a": 3, "b": 1, "c": 1, "d": 1, "e": 0, "f": 5}
    slates = [
        replace(LOGGED, employee_id=name, at=NOW + timedelta(minutes=minute))
        for name, minute in minutes.items()
    ]
    log.write(slates)
    until = NOW + timedelta(minutes=5)
    found = list(log.between(NOW, until))
    assert [logged.employee_id for logged in found] == ["e", "b", "c", "d", "a"]
    assert found[0] == slates[4]
    assert log.count_between(NOW, until) == 5
    assert list(log.between(until + timedelta(minutes=1), until)) == []
