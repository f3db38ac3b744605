"""Whoever follows the log from the start, in pages of any size, ends with what the store holds."""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from recsys.schema import TABLES
from recsys.store.port import Store
from recsys.store.sql_store import SqlStore, open_store

Frame = Callable[[str, Sequence[Mapping[str, object]]], pd.DataFrame]
Row: TypeAlias = dict[str, Any]

START = datetime(2026, 3, 1, tzinfo=UTC)
EMPLOYEES = ("e1", "e2", "e3")


class Replica:
    """A follower that knows nothing but the change log: dictionaries of rows."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[object, Row]] = {table: {} for table in TABLES}
        self.seen = 0

    def follow(self, store: Store, limit: int) -> bool:
        """Apply one page; False at the end of the log."""
        before = self.seen
        for run in store.changes(self.seen, limit=limit):
            for row in run.frame.to_dict("records"):
                assert row["change_number"] > self.seen
                self.seen = row.pop("change_number")
                if run.table == "tombstones":
                    self._forget(store, row["tombstone"])
                else:
                    self._apply(run.table, {str(name): value for name, value in row.items()})
            assert run.last_number == self.seen
        return self.seen > before

    def _apply(self, table: str, row: Row) -> None:
        names = TABLES[table].key
        key = tuple(str(row[name]) for name in names) if names else self.seen
        self.rows[table].pop(key, None)  # the latest change comes last
        self.rows[table][key] = row

    def _forget(self, store: Store, tombstone: str) -> None:
        gone = {person for person in EMPLOYEES if store.tombstone_hash(person) == tombstone}
        for table, rows in self.rows.items():
            kept = {key: row for key, row in rows.items() if row.get("employee_id") not in gone}
            self.rows[table] = kept

    def frame(self, table: str, frame: Frame) -> pd.DataFrame:
        made = frame(table, list(self.rows[table].values()))
        if table == "events":
            made = made.sort_values("occurred_at", kind="stable", ignore_index=True)
        return made


hours = st.integers(0, 5).map(lambda n: START + timedelta(hours=n))
maybe_hours = st.none() | hours
people = st.sampled_from(EMPLOYEES)
names = st.none() | st.sampled_from(["a", "b", "東京"])

STORIES: dict[str, st.SearchStrategy[Row]] = {
    "events": st.fixed_dictionaries(
        {
            "event_id": st.integers(0, 8).map(str),
            "event_type": st.just("open"),
            "employee_id": people,
            "occurred_at": hours,
            "content_id": st.none() | st.sampled_from(["c1", "c2"]),
            "value": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "received_at": maybe_hours,
        }
    ),
    "contents": st.fixed_dictionaries(
        {
            "content_id": st.sampled_from(["c1", "c2"]),
            "title": st.sampled_from(["t", "u"]),
            "published_at": hours,
            "mandatory": st.none() | st.booleans(),
            "summary": names,
        }
    ),
    "employees": st.fixed_dictionaries(
        {"employee_id": people, "department": names, "valid_from": maybe_hours}
    ),
    "preferences": st.fixed_dictionaries({"employee_id": people, "languages": names}),
    "kpi_values": st.fixed_dictionaries(
        {"name": st.just("n"), "period": st.just("p"), "group": names, "value": st.just(1.5)}
    ),
    "survey_answers": st.fixed_dictionaries({"survey_id": st.just("s"), "cohort": names}),
}

writes = st.one_of(
    [
        st.tuples(st.just(table), st.lists(row, min_size=1, max_size=5))
        for table, row in STORIES.items()
    ]
)
erasures = st.tuples(st.just("erase"), people)
polls = st.tuples(st.just("follow"), st.integers(1, 4))


@given(
    steps=st.lists(st.one_of(writes, writes, writes, polls, erasures), max_size=12),
    seed=st.integers(0, 2**16),
)
@settings(
    max_examples=15,
    deadline=None,
    # Each example makes a database: shrinking one would take minutes, and they are short already.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_replaying_the_log_rebuilds_the_store(
    new_url: Callable[[], str], frame: Frame, steps: list[tuple[str, Any]], seed: int
) -> None:
    with closing(open_store(new_url())) as store:
        replica, rng = Replica(), random.Random(seed)
        for hour, (what, detail) in enumerate(steps):
            now = START + timedelta(hours=hour)
            if what == "follow":
                replica.follow(store, detail)
            elif what == "erase":
                store.erase(detail, at=now)
            else:
                report = store.write(what, frame(what, detail), received_at=now)
                counted = report.inserted + report.updated + report.unchanged + report.refused
                assert counted == len(detail)
        while replica.follow(store, rng.randint(1, 6)):
            pass
        loaded = store.load()
        for table in TABLES:
            assert_frame_equal(loaded[table], replica.frame(table, frame))
            assert len(loaded[table]) == store.counts()[table]


def test_nothing_of_an_erased_employee_is_left_in_the_file(frame: Frame, tmp_path: Path) -> None:
    """Deleted rows would otherwise stay readable in free pages until they are overwritten."""
    file = tmp_path / "store.db"
    store: Store = open_store(f"sqlite:///{file}")
    store.migrate()
    someone = "the-id-of-someone-who-left"
    for table in ("employees", "preferences"):
        store.write(table, frame(table, [{"employee_id": someone}]), received_at=START)
    event = {"event_id": "1", "event_type": "search", "employee_id": someone, "occurred_at": START}
    store.write("events", frame("events", [event]), received_at=START)
    store.erase(someone, at=START)
    store.close()
    assert someone.encode() not in file.read_bytes()


def test_a_store_is_what_the_port_asks_for() -> None:
    store: type[Store] = SqlStore
    assert store is SqlStore
