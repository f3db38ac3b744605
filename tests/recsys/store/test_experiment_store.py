"""Experiments on two databases: frozen, the first assignment holds, the first exposure counts."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recsys.store.database import Database
from recsys.store.experiment_store import (
    ExperimentConflictError,
    ExperimentStore,
    Step,
    StoredAssignment,
    StoredExposure,
)
from recsys.store.sql_store import SqlStore

_NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
_ANNA = StoredAssignment("key", 1, "anna", "team-1", "a", "stored", 0.25, 0.5, "tokyo", 7)


@pytest.fixture
def database(databases: Callable[[bool], str]) -> Iterator[Database]:
    with closing(Database(databases(True))) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> ExperimentStore:
    kept = ExperimentStore(database)
    kept.add("key", 1, "{}", "me", _NOW)
    return kept


def test_what_was_designed_is_frozen_and_a_change_is_a_new_version(store: ExperimentStore) -> None:
    assert not store.add("key", 1, "{}", "me", _NOW)
    with pytest.raises(ExperimentConflictError, match="send a change as version 2"):
        store.add("key", 1, '{"weight": 1}', "me", _NOW)
    with pytest.raises(ExperimentConflictError, match="as version 2"):
        store.add("key", 3, "{}", "me", _NOW)
    assert store.add("key", 2, '{"weight": 1}', "me", _NOW)
    found = store.find("key")
    assert found is not None
    assert (found.version, found.status, found.share) == (2, "draft", 0.0)
    assert store.find("key", 3) is None
    assert store.find("other") is None
    assert [s.version for s in store.all()] == [1, 2]


def test_changes_are_noted_and_refused_in_another_state(store: ExperimentStore) -> None:
    before = store.last_entry()
    store.change(
        "key", 1, "me", "start", _NOW, expected=["draft"], status="running", started_at=_NOW,
        ramp=[Step(5, 0.1)], dropped=["b"], assignments=[_ANNA],
    )  # fmt: skip
    found = store.find("key")
    assert found is not None
    assert (found.status, found.started_at, found.share, found.dropped) == (
        "running", _NOW, 0.1, ("b",),
    )  # fmt: skip
    assert store.assignments("key", 1) == [_ANNA]
    with pytest.raises(ExperimentConflictError, match="is running; to start it has to be draft"):
        store.change("key", 1, "me", "start", _NOW, expected=["draft"], status="running")
    assert [entry.action for entry in store.history("key")] == ["create", "start"]
    assert store.last_entry() > before


def test_the_first_assignment_holds_unless_forced(store: ExperimentStore) -> None:
    store.assign([_ANNA])
    store.assign([replace(_ANNA, variant="b", unit_id="team-2")])
    assert store.of_employee("anna") == [_ANNA]
    last, rows = store.assignments_after(0)
    assert rows == [_ANNA]
    forced = replace(_ANNA, variant="b", source="forced")
    store.force(forced, "me", _NOW)
    assert store.assignments_after(last)[1] == [forced]
    assert "anna" not in str(store.history("key"))


def test_the_earliest_exposure_counts_in_whatever_order(store: ExperimentStore) -> None:
    seen = [StoredExposure("key", 1, "anna", "exposed", at) for at in (9, 3, 5)]
    store.expose(seen)
    store.expose(seen[:1])
    assert store.exposures("key", 1) == [seen[1]]
    store.expose([StoredExposure("key", 1, "anna", "exposed", 2)])
    assert [one.at for one in store.exposures_of("anna")] == [2]


def test_a_look_is_found_once(store: ExperimentStore) -> None:
    assert store.keep_look("key", 1, 1, '{"effect": 1}', _NOW) == '{"effect": 1}'
    assert store.keep_look("key", 1, 1, '{"effect": 2}', _NOW) == '{"effect": 1}'
    assert store.looks("key", 1) == {1: (_NOW, '{"effect": 1}')}


def test_an_erased_employee_leaves_nothing_and_gets_nothing(
    store: ExperimentStore, database: Database
) -> None:
    seen = StoredExposure("key", 1, "anna", "served", 3)
    store.assign([_ANNA])
    store.expose([seen])
    deleted = SqlStore(database).erase("anna", at=_NOW)
    assert deleted["experiment_assignments"] == deleted["experiment_exposures"] == 1
    store.assign([_ANNA])
    store.expose([seen])
    assert store.of_employee("anna") == []
    assert store.exposures("key", 1) == []
