"""Plans and picks on SQLite and PostgreSQL: one revision wins, one owner works, nothing twice."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest

from recsys.store.database import Database
from recsys.store.newsletter_store import NewsletterStore, PlanConflictError
from recsys.store.sql_store import SqlStore

_NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def database(databases: Callable[[bool], str]) -> Iterator[Database]:
    with closing(Database(databases(True))) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> NewsletterStore:
    return NewsletterStore(database)


def _running(store: NewsletterStore, revision: int = 1) -> None:
    store.add("friday", revision, f'"{revision}"', _NOW)
    assert store.claim("friday", revision, "me", 0, 10)


def test_the_same_plan_again_is_the_same_and_another_one_is_refused(store: NewsletterStore) -> None:
    first = store.add("friday", 1, "{}", _NOW)
    assert store.add("friday", 1, "{}", _NOW) == first
    with pytest.raises(PlanConflictError, match="send the changed one as revision 2"):
        store.add("friday", 1, '{"total": 3}', _NOW)
    second = store.add("friday", 2, '{"total": 3}', _NOW)
    assert second.status == "waiting"
    assert [p.status for p in store.revisions("friday")] == ["waiting", "superseded"]
    assert store.find("friday") == second
    assert store.find("monday") is None
    assert store.unfinished() == [("friday", 2)]


def test_a_late_revision_and_one_after_the_hand_over_are_refused(store: NewsletterStore) -> None:
    store.add("friday", 3, "{}", _NOW)
    with pytest.raises(PlanConflictError, match="comes too late"):
        store.add("friday", 2, "{}", _NOW)
    assert store.hand_over("friday", 3) == 3
    assert store.hand_over("friday", 4) == 3
    with pytest.raises(PlanConflictError, match="was handed over"):
        store.add("friday", 4, "{}", _NOW)
    found = store.find("friday")
    assert found is not None
    assert found.is_handed_over


def test_one_owner_works_until_the_time_is_over(store: NewsletterStore) -> None:
    store.add("friday", 1, "{}", _NOW)
    assert store.claim("friday", 1, "me", now=0, until=10)
    assert not store.claim("friday", 1, "you", now=5, until=15)
    assert store.claim("friday", 1, "me", now=9, until=20)
    assert not store.claim("friday", 1, "you", now=15, until=25)
    assert store.claim("friday", 1, "you", now=21, until=30)
    assert store.finish("friday", 1, "finished", _NOW, ["all is well"])
    assert not store.claim("friday", 1, "me", now=99, until=100)
    assert not store.finish("friday", 1, "failed", _NOW, [])
    found = store.find("friday")
    assert found is not None
    assert (found.status, found.notes) == ("finished", ("all is well",))


def test_of_two_picks_for_one_person_the_first_counts(store: NewsletterStore) -> None:
    _running(store)
    assert store.keep("friday", 1, [("b", "1"), ("a", "2")])
    assert store.keep("friday", 1, [("b", "3"), ("é", "4")])
    assert store.people("friday", 1) == ["a", "b", "é"]
    assert list(store.picks("friday", 1)) == ["2", "1", "4"]
    assert store.pick("friday", 1, "b") == "1"
    assert store.pick("friday", 1, "nobody") is None
    found = store.find("friday")
    assert found is not None
    assert found.n_done == 3


def test_a_superseded_plan_keeps_nothing_more_and_cannot_finish(store: NewsletterStore) -> None:
    _running(store)
    assert store.keep("friday", 1, [("a", "1")])
    _running(store, 2)
    assert not store.keep("friday", 1, [("b", "1")])
    assert not store.finish("friday", 1, "finished", _NOW, [])
    assert store.people("friday", 1) == ["a"]


def test_a_plan_that_failed_may_start_anew(store: NewsletterStore) -> None:
    _running(store)
    store.begin("friday", 1, _NOW, 7, ["nobody can have it"])
    store.finish("friday", 1, "failed", _NOW, ["impossible"])
    again = store.add("friday", 1, '"1"', _NOW)
    assert (again.status, again.notes, again.n_people) == ("waiting", (), 7)


def test_who_is_erased_is_in_no_picks(database: Database, store: NewsletterStore) -> None:
    _running(store)
    store.keep("friday", 1, [("a", "1"), ("b", "1")])
    assert SqlStore(database).erase("a", at=_NOW)["newsletter_picks"] == 1
    store.keep("friday", 1, [("a", "1"), ("c", "1")])
    assert store.people("friday", 1) == ["b", "c"]


def test_of_all_that_claim_or_hand_over_at_once_one_wins(store: NewsletterStore) -> None:
    store.add("friday", 1, "{}", _NOW)
    barrier, won, handed = Barrier(6), list[bool](), list[int]()

    def compete(n: int) -> None:
        barrier.wait()
        won.append(store.claim("friday", 1, f"owner {n}", 0, 10))
        handed.append(store.hand_over("friday", n))

    threads = [Thread(target=compete, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won) == 1
    assert len(set(handed)) == 1
