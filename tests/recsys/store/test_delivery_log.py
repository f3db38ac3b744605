"""Deliveries on SQLite and PostgreSQL: nobody gets an issue twice, whoever sends."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from recsys.plain_events import PlainEvent
from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog, KeptMail
from recsys.store.sql_store import SqlStore
from recsys.times import to_micros

_NOW = datetime(2026, 7, 3, 3, tzinfo=UTC)
_LATER = _NOW + timedelta(minutes=16)


@pytest.fixture
def database(databases: Callable[[bool], str]) -> Iterator[Database]:
    with closing(Database(databases(True))) as opened:
        yield opened


@pytest.fixture
def log(database: Database) -> DeliveryLog:
    return DeliveryLog(database)


def _event(employee: str) -> PlainEvent:
    moment = to_micros(_NOW)
    return {
        "event_id": f"sent-{employee}", "event_type": "newsletter_sent", "employee_id": employee,
        "occurred_at": moment, "received_at": moment, "content_id": "c-1", "issue_id": "friday",
        "surface": "newsletter", "position": 1, "propensity": 0.5, "rendition_propensity": 1.0,
    }  # fmt: skip


def test_a_mail_begins_once_and_its_events_come_with_it(
    log: DeliveryLog, database: Database
) -> None:
    events = SqlStore(database)
    assert log.begin("friday", "anna", "{}", at=_NOW)
    assert not log.begin("friday", "anna", '{"again": 1}', at=_NOW)
    assert log.sent_at("friday", "anna") is None
    assert events.page("events", limit=9).empty
    log.sent("friday", "anna", [_event("anna")], at=_LATER)
    assert log.sent_at("friday", "anna") == _LATER
    assert log.mail("friday", "anna") == KeptMail(_LATER, "{}")
    assert events.page("events", limit=9)["event_id"].tolist() == ["sent-anna"]
    assert not log.begin("friday", "anna", "{}", at=_LATER, again_uncertain=True)
    assert log.begin("monday", "anna", "{}", at=_LATER)


def test_what_failed_may_begin_again_and_what_was_refused_may_not(log: DeliveryLog) -> None:
    for employee, state in (("anna", "failed"), ("bob", "refused")):
        log.begin("friday", employee, "{}", at=_NOW)
        log.not_sent("friday", employee, state, "451", at=_NOW)  # type: ignore[arg-type]  # one of the two words
        assert log.mail("friday", employee) is None
    assert log.begin("friday", "anna", '{"second": 1}', at=_LATER)
    assert not log.begin("friday", "bob", "{}", at=_LATER, again_uncertain=True)
    assert log.states("friday") == {"anna": "sending", "bob": "refused"}
    assert log.counts("friday") == {"sending": 1, "sent": 0, "failed": 0, "refused": 1}
    assert log.mail("friday", "anna") == KeptMail(_LATER, '{"second": 1}')


def test_what_a_program_left_behind_waits_for_a_word_and_a_quarter_of_an_hour(
    log: DeliveryLog,
) -> None:
    log.begin("friday", "anna", "{}", at=_NOW)
    assert not log.begin("friday", "anna", "{}", at=_LATER)
    assert not log.begin("friday", "anna", "{}", at=_NOW, again_uncertain=True)
    assert log.begin("friday", "anna", "{}", at=_LATER, again_uncertain=True)


def test_a_mail_that_cannot_be_noted_with_its_events_was_not_sent(
    log: DeliveryLog, database: Database
) -> None:
    log.begin("friday", "anna", "{}", at=_NOW)
    broken = _event("anna") | {"event_id": None}
    with pytest.raises(Exception, match=r"(?i)null"):
        log.sent("friday", "anna", [broken], at=_NOW)
    assert log.states("friday") == {"anna": "sending"}
    assert SqlStore(database).page("events", limit=9).empty


def test_who_was_erased_has_no_delivery_and_gets_none(log: DeliveryLog, database: Database) -> None:
    log.begin("friday", "anna", "{}", at=_NOW)
    assert SqlStore(database).erase("anna", at=_NOW)["deliveries"] == 1
    assert not log.begin("friday", "anna", "{}", at=_LATER)
    assert log.states("friday") == {}


def test_of_all_that_begin_at_once_one_may(log: DeliveryLog) -> None:
    barrier, may = Barrier(6), list[bool]()

    def compete() -> None:
        barrier.wait()
        may.append(log.begin("friday", "anna", "{}", at=_NOW))

    threads = [Thread(target=compete) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(may) == [False] * 5 + [True]
