"""What every store must do, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from recsys.errors import ConfigurationError
from recsys.schema import TABLES
from recsys.store.port import Changes, EventCount, Store, WriteReport

Frame = Callable[[str, Sequence[Mapping[str, object]]], pd.DataFrame]

NOW = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)

AWKWARD: dict[str, list[dict[str, object]]] = {
    "employees": [
        {"employee_id": "9223372036854775807", "department": "営業部", "departments": "営業部;R&D",
         "has_pc": True, "has_mobile": False, "leave_from": NOW, "valid_from": NOW,
         "attributes": '{"氏名かな":"x","n":1.50}'},
        {"employee_id": "-9118863187216110000", "valid_from": NOW - HOUR},
        {"employee_id": "-9118863187216110000", "department": "0012", "valid_from": NOW},
    ],
    "preferences": [
        {"employee_id": "007", "personalization_opt_out": True, "muted_topics": "a;b"},
        {"employee_id": "7"},
    ],
    "contents": [
        {"content_id": "1", "title": "社長 😀 'quoted' \"x\"\n\ttab \\N", "published_at": NOW,
         "mandatory": False, "sensitive": True, "priority": 0.1 + 0.2, "est_minutes": 0.0,
         "audience": '{"all":[{"site":"東京"}]}', "body": ""},
        {"content_id": "01", "title": "NULL", "published_at": NOW - HOUR},
        {"content_id": "1 ", "title": "None", "published_at": datetime(1969, 12, 31, tzinfo=UTC)},
    ],
    "renditions": [
        {"rendition_id": "r", "content_id": "unknown", "format": "video",
         "duration_seconds": 1e-300, "word_count": 1e300, "has_captions": True},
    ],
    "events": [
        {"event_id": "-8845298781299428018", "event_type": "open", "employee_id": "e",
         "position": 1, "occurred_at": NOW, "content_id": "1", "propensity": 1 / 3,
         "received_at": NOW},
        {"event_id": "é", "event_type": "search", "employee_id": "e", "value": -0.0,
         "occurred_at": NOW, "position": 2**62 + 1, "received_at": NOW + HOUR,
         "attributes": '{"q":"年末調整"}'},
    ],
    "campaigns": [{"campaign_id": "c", "starts_at": NOW}, {"campaign_id": "C"}],
    "kpis": [{"campaign_id": "c", "name": "apply", "target": 3.0}],
    "kpi_values": [
        {"name": "eNPS", "period": "2026-01", "value": -12.5},
        {"name": "eNPS", "period": "2026-01", "group": "sales"},
    ],
    "survey_answers": [
        {"survey_id": "s", "value": 4.0}, {"survey_id": "s", "value": 4.0}, {"survey_id": "s"},
    ],
}  # fmt: skip


def content(content_id: str = "c", **columns: object) -> dict[str, object]:
    return {"content_id": content_id, "title": "t", "published_at": NOW} | columns


def event(event_id: str, **columns: object) -> dict[str, object]:
    return {
        "event_id": event_id, "event_type": "open", "employee_id": "e", "occurred_at": NOW,
    } | columns  # fmt: skip


def log(store: Store, after: int = 0) -> list[tuple[int, str, str]]:
    """Every change as number, table and the id it is about."""
    return [
        (number, run.table, subject)
        for run in store.changes(after)
        for number, subject in zip(run.frame["change_number"], run.frame.iloc[:, 0], strict=True)
    ]


def only(runs: Sequence[Changes]) -> Changes:
    (run,) = runs
    return run


def test_every_table_has_an_awkward_example() -> None:
    assert set(AWKWARD) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
class TestEveryTable:
    def test_load_returns_what_was_written(self, store: Store, frame: Frame, table: str) -> None:
        rows = frame(table, AWKWARD[table])
        report = store.write(table, rows, received_at=NOW)
        assert report.inserted == len(rows)
        assert_frame_equal(store.load()[table], rows)
        assert store.counts()[table] == len(rows)

    def test_the_log_returns_what_was_written(self, store: Store, frame: Frame, table: str) -> None:
        rows = frame(table, AWKWARD[table])
        store.write(table, rows, received_at=NOW)
        run = only(list(store.changes(0)))
        assert (run.table, run.last_number) == (table, len(rows))
        assert list(run.frame["change_number"]) == list(range(1, len(rows) + 1))
        assert run.frame["change_number"].dtype == "int64"
        assert_frame_equal(run.frame.drop(columns="change_number"), rows)

    def test_the_same_again_changes_nothing(self, store: Store, frame: Frame, table: str) -> None:
        rows = frame(table, AWKWARD[table])
        store.write(table, rows, received_at=NOW)
        again = store.write(table, rows, received_at=NOW + HOUR)
        assert again == WriteReport(unchanged=len(rows))
        assert store.last_change() == len(rows)
        assert_frame_equal(store.load()[table], rows)

    def test_an_empty_frame_is_no_change(self, store: Store, frame: Frame, table: str) -> None:
        assert store.write(table, frame(table, []), received_at=NOW) == WriteReport()
        assert store.last_change() == 0
        assert_frame_equal(store.load()[table], frame(table, []))


class TestPages:
    IDS = ("b", "A", "é", "Z", "😀", "a", "～", "aa", "a b")

    def test_they_have_every_row_once_by_code_points(self, store: Store, frame: Frame) -> None:
        rows = [content(name) for name in self.IDS]
        store.write("contents", frame("contents", rows), received_at=NOW)
        seen: list[str] = []
        while len(page := store.page("contents", after=(seen or [""])[-1], limit=2)):
            assert len(page) <= 2
            seen += page["content_id"].tolist()
        assert seen == sorted(self.IDS)

    def test_a_page_is_canonical_and_unmoved_by_writes(self, store: Store, frame: Frame) -> None:
        rows = frame("contents", AWKWARD["contents"])
        store.write("contents", rows, received_at=NOW)
        changed = frame("contents", [content("01", title="changed")])
        store.write("contents", changed, received_at=NOW)
        page = store.page("contents", limit=9)
        assert page["content_id"].tolist() == ["01", "1", "1 "]
        assert page["title"].tolist()[0] == "changed"
        kept = rows.sort_values("content_id")[1:].reset_index(drop=True)
        assert_frame_equal(page[1:].reset_index(drop=True), kept)

    def test_only_what_is_wanted(self, store: Store, frame: Frame) -> None:
        rows = [content("a", status="draft"), content("b"), content("c", status="draft")]
        store.write("contents", frame("contents", rows), received_at=NOW)
        page = store.page("contents", limit=9, where={"status": "draft"})
        assert page["content_id"].tolist() == ["a", "c"]
        assert store.page("contents", limit=9, where={"status": "withdrawn"}).empty

    @pytest.mark.parametrize("table", ["nothing", "employees", "survey_answers"])
    def test_tables_without_one_key_have_none(self, store: Store, table: str) -> None:
        with pytest.raises(KeyError):
            store.page(table, limit=1)

    def test_an_undeclared_column_is_an_error(self, store: Store) -> None:
        with pytest.raises(KeyError):
            store.page("contents", limit=1, where={"colour": "red"})


def test_rows_are_found_by_their_ids(store: Store, frame: Frame) -> None:
    rows = frame("contents", [content("c"), content("b"), content("a\\'\"")])
    store.write("contents", rows, received_at=NOW)
    found = store.find("contents", "a\\'\"", "nobody", "c", "c")
    assert list(found["content_id"]) == ["c", "a\\'\""]
    assert_frame_equal(store.find("contents", "b"), rows.iloc[[1]].reset_index(drop=True))
    assert store.find("contents").empty


def test_events_are_counted_by_type_with_their_people(store: Store, frame: Frame) -> None:
    rows = [
        event("1"), event("2"), event("3", employee_id="f"), event("4", event_type="like"),
        event("old", occurred_at=NOW - HOUR), event("old like", event_type="follow",
                                                    occurred_at=NOW - HOUR),
    ]  # fmt: skip
    store.write("events", frame("events", rows), received_at=NOW)
    found = sorted(store.event_counts(since=NOW), key=lambda count: count.event_type)
    assert found == [EventCount("like", 1, 1), EventCount("open", 3, 2)]
    assert store.event_counts(since=NOW + HOUR) == []


class TestEvents:
    def test_first_write_of_an_id_wins(self, store: Store, frame: Frame) -> None:
        both = [event("a", surface="portal"), event("a", surface="mobile")]
        assert store.write("events", frame("events", both), received_at=NOW) == WriteReport(
            inserted=1, unchanged=1
        )
        later = frame("events", [event("a", surface="print"), event("b")])
        assert store.write("events", later, received_at=NOW) == WriteReport(inserted=1, unchanged=1)
        assert store.load()["events"]["surface"].tolist()[:1] == ["portal"]

    def test_time_of_arrival_is_filled_where_it_is_missing(
        self, store: Store, frame: Frame
    ) -> None:
        tokyo = NOW.astimezone(tz=datetime.now().astimezone().tzinfo)
        rows = frame("events", [event("a"), event("b", received_at=NOW - HOUR)])
        store.write("events", rows, received_at=tokyo)
        assert store.load()["events"]["received_at"].tolist() == [NOW, NOW - HOUR]

    def test_a_naive_time_of_arrival_is_refused(self, store: Store, frame: Frame) -> None:
        with pytest.raises(ConfigurationError, match="no zone"):
            store.write("events", frame("events", [event("a")]), received_at=datetime(2026, 1, 1))  # noqa: DTZ001
        assert store.last_change() == 0

    def test_order_is_by_time_then_as_written(self, store: Store, frame: Frame) -> None:
        rows = [event("z"), event("a"), event("m", occurred_at=NOW - HOUR)]
        store.write("events", frame("events", rows), received_at=NOW)
        assert list(store.load()["events"]["event_id"]) == ["m", "z", "a"]

    def test_until_looks_at_both_times_and_excludes_the_moment(
        self, store: Store, frame: Frame
    ) -> None:
        earlier = NOW - HOUR
        rows = [
            event("known", occurred_at=earlier, received_at=earlier),
            event("arrived at the moment", occurred_at=earlier, received_at=NOW),
            event("happened at the moment", occurred_at=NOW, received_at=earlier),
        ]
        store.write("events", frame("events", rows), received_at=NOW)
        assert list(store.load(until=NOW)["events"]["event_id"]) == ["known"]

    def test_events_wait_for_their_content(self, store: Store, frame: Frame) -> None:
        rows = [event("a", content_id="c"), event("b", content_id="d"), event("c")]
        report = store.write("events", frame("events", rows), received_at=NOW)
        assert report == WriteReport(inserted=3, parked=2)
        assert store.counts()["parked"] == 2
        assert len(store.load()["events"]) == 3
        store.write("contents", frame("contents", [content("c")]), received_at=NOW)
        assert store.counts()["parked"] == 1
        known = frame("events", [event("d", content_id="c")])
        assert store.write("events", known, received_at=NOW).parked == 0

    def test_a_repeated_parked_event_is_only_unchanged(self, store: Store, frame: Frame) -> None:
        rows = frame("events", [event("a", content_id="c")])
        store.write("events", rows, received_at=NOW)
        assert store.write("events", rows, received_at=NOW) == WriteReport(unchanged=1)


class TestCatalogue:
    def test_an_upsert_replaces_the_row_whole(self, store: Store, frame: Frame) -> None:
        first = frame("contents", [content(summary="s", attributes='{"x":1}'), content("d")])
        store.write("contents", first, received_at=NOW)
        second = frame("contents", [content(title="new"), content("d"), content("n")])
        assert store.write("contents", second, received_at=NOW) == WriteReport(
            inserted=1, updated=1, unchanged=1
        )
        loaded = store.load()["contents"].set_index("content_id")
        assert loaded.loc["c", "title"] == "new"
        assert loaded.loc["c", ["summary", "attributes"]].isna().all()

    def test_every_version_stays_in_the_log(self, store: Store, frame: Frame) -> None:
        for status in ("draft", "published", "withdrawn"):
            rows = frame("contents", [content(status=status)])
            store.write("contents", rows, received_at=NOW)
        run = only(list(store.changes(0)))
        assert list(run.frame["status"]) == ["draft", "published", "withdrawn"]
        assert list(store.load()["contents"]["status"]) == ["withdrawn"]

    def test_the_last_of_two_rows_of_one_frame_stays(self, store: Store, frame: Frame) -> None:
        rows = frame("contents", [content(title="a"), content(title="b"), content(title="b")])
        assert store.write("contents", rows, received_at=NOW) == WriteReport(1, 1, 1)
        assert list(store.load()["contents"]["title"]) == ["b"]
        assert log(store) == [(1, "contents", "c"), (2, "contents", "c")]

    def test_a_key_may_be_partly_empty(self, store: Store, frame: Frame) -> None:
        def value(value: float) -> pd.DataFrame:
            return frame("kpi_values", [{"name": "n", "period": "p", "value": value}])

        store.write("kpi_values", value(1.0), received_at=NOW)
        assert store.write("kpi_values", value(2.0), received_at=NOW) == WriteReport(updated=1)
        assert list(store.load()["kpi_values"]["value"]) == [2.0]

    def test_equal_answers_are_counted_not_merged(self, store: Store, frame: Frame) -> None:
        def answers(n: int) -> pd.DataFrame:
            return frame("survey_answers", [{"survey_id": "s", "value": 4.0}] * n)

        store.write("survey_answers", answers(2), received_at=NOW)
        assert store.write("survey_answers", answers(3), received_at=NOW) == WriteReport(
            inserted=1, unchanged=2
        )
        assert store.write("survey_answers", answers(1), received_at=NOW) == WriteReport(
            unchanged=1
        )
        assert store.counts()["survey_answers"] == 3

    def test_an_employee_upsert_leaves_preferences_alone(self, store: Store, frame: Frame) -> None:
        own = frame("preferences", [{"employee_id": "e", "personalization_opt_out": True}])
        store.write("preferences", own, received_at=NOW)
        store.write("employees", frame("employees", [{"employee_id": "e"}]), received_at=NOW)
        assert_frame_equal(store.load()["preferences"], own)

    def test_a_failing_write_leaves_nothing(self, store: Store, frame: Frame) -> None:
        rows = frame("contents", [content(), content("d", title=None)])
        with pytest.raises(Exception, match=r"(?i)null"):
            store.write("contents", rows, received_at=NOW)
        assert (store.last_change(), store.counts()["contents"]) == (0, 0)

    def test_an_undeclared_table_is_a_key_error(self, store: Store, frame: Frame) -> None:
        with pytest.raises(KeyError):
            store.write("tombstones", frame("contents", []), received_at=NOW)


class TestEmployeeVersions:
    @staticmethod
    def write(store: Store, frame: Frame, at: datetime, *rows: Mapping[str, object]) -> WriteReport:
        people = [{"employee_id": "e"} | dict(row) for row in rows]
        return store.write("employees", frame("employees", people), received_at=at)

    @staticmethod
    def versions(store: Store) -> list[tuple[str, datetime]]:
        people = store.load()["employees"]
        return list(zip(people["department"], people["valid_from"], strict=True))

    def test_a_version_without_a_date_begins_on_arrival(self, store: Store, frame: Frame) -> None:
        self.write(store, frame, NOW, {"department": "a"})
        self.write(store, frame, NOW + HOUR, {"department": "b"})
        assert self.versions(store) == [("a", NOW), ("b", NOW + HOUR)]

    def test_repeating_the_version_in_force_adds_none(self, store: Store, frame: Frame) -> None:
        self.write(store, frame, NOW, {"department": "a"})
        report = self.write(store, frame, NOW + HOUR, {"department": "a"})
        assert report == WriteReport(unchanged=1)
        assert self.versions(store) == [("a", NOW)]

    def test_returning_to_an_earlier_state_is_a_version(self, store: Store, frame: Frame) -> None:
        for hours, department in enumerate("aba"):
            self.write(store, frame, NOW + hours * HOUR, {"department": department})
        assert [department for department, _ in self.versions(store)] == ["a", "b", "a"]

    def test_a_version_to_come_is_not_in_force(self, store: Store, frame: Frame) -> None:
        self.write(store, frame, NOW, {"department": "b", "valid_from": NOW + 2 * HOUR})
        report = self.write(store, frame, NOW + HOUR, {"department": "b"})
        assert report == WriteReport(inserted=1)
        assert self.versions(store) == [("b", NOW + 2 * HOUR), ("b", NOW + HOUR)]

    def test_a_dated_version_is_replaced_by_its_date(self, store: Store, frame: Frame) -> None:
        self.write(store, frame, NOW, {"department": "a", "valid_from": NOW})
        report = self.write(store, frame, NOW + HOUR, {"department": "b", "valid_from": NOW})
        assert report == WriteReport(updated=1)
        assert self.versions(store) == [("b", NOW)]

    def test_rows_of_one_frame_follow_each_other(self, store: Store, frame: Frame) -> None:
        dated = {"department": "a", "valid_from": NOW - HOUR}
        report = self.write(store, frame, NOW, dated, {"department": "a"}, {"department": "b"})
        assert report == WriteReport(inserted=2, unchanged=1)
        assert self.versions(store) == [("a", NOW - HOUR), ("b", NOW)]


class TestChanges:
    @pytest.fixture
    def store(self, store: Store, frame: Frame) -> Store:
        tables: dict[str, list[dict[str, object]]] = {
            "contents": [content("c"), content("d")],
            "events": [event("a"), event("b"), event("c")],
            "preferences": [{"employee_id": "e"}],
        }
        for table, rows in tables.items():
            store.write(table, frame(table, rows), received_at=NOW)
        store.write("events", frame("events", [event("d")]), received_at=NOW)
        return store

    def test_runs_are_in_order(self, store: Store) -> None:
        runs = list(store.changes(0))
        assert [(run.table, run.last_number) for run in runs] == [
            ("contents", 2), ("events", 5), ("preferences", 6), ("events", 7),
        ]  # fmt: skip
        assert [number for number, _, _ in log(store)] == list(range(1, 8))

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
    def test_pages_join_without_a_seam(self, store: Store, limit: int) -> None:
        pages, after = [], 0
        while page := list(store.changes(after, limit=limit)):
            assert sum(len(run.frame) for run in page) <= limit
            pages += [int(n) for run in page for n in run.frame["change_number"]]
            after = page[-1].last_number
        assert pages == list(range(1, 8))
        assert after == store.last_change()

    def test_nothing_is_yielded_at_the_end(self, store: Store) -> None:
        assert list(store.changes(7)) == []
        assert log(store, after=5) == [(6, "preferences", "e"), (7, "events", "d")]

    def test_an_empty_log(self, new_store: Store) -> None:
        assert new_store.last_change() == 0
        assert list(new_store.changes(0)) == []


class TestErasure:
    @pytest.fixture
    def store(self, store: Store, frame: Frame) -> Store:
        people = [{"employee_id": "e"}, {"employee_id": "f", "manager_id": "e"}]
        store.write("employees", frame("employees", people), received_at=NOW)
        store.write("preferences", frame("preferences", people[:1]), received_at=NOW)
        # A content that happens to be called like the employee is not theirs.
        store.write("contents", frame("contents", [content("e")]), received_at=NOW)
        seen = [event("1"), event("2", employee_id="f"), event("3")]
        store.write("events", frame("events", seen), received_at=NOW)
        return store

    def test_rows_and_versions_go(self, store: Store) -> None:
        assert store.erase("e", at=NOW) == {
            "events": 2, "employees": 1, "preferences": 1, "slates": 0, "newsletter_picks": 0,
            "deliveries": 0, "experiment_assignments": 0, "experiment_exposures": 0,
        }  # fmt: skip
        left = store.load()
        assert list(left["employees"]["employee_id"]) == ["f"]
        assert list(left["employees"]["manager_id"]) == ["e"]
        assert list(left["events"]["event_id"]) == ["2"]
        assert left["preferences"].empty
        assert [(table, subject) for _, table, subject in log(store)] == [
            ("employees", "f"), ("contents", "e"), ("events", "2"),
            ("tombstones", store.tombstone_hash("e")),
        ]  # fmt: skip

    def test_followers_learn_the_hash_only(self, store: Store) -> None:
        before = store.last_change()
        store.erase("e", at=NOW)
        run = only(list(store.changes(before)))
        assert list(run.frame.columns) == ["tombstone", "erased_at", "change_number"]
        assert run.frame["tombstone"].tolist() == [store.tombstone_hash("e")]
        assert run.frame["erased_at"].tolist() == [NOW]
        assert len(store.tombstone_hash("e")) == 64
        assert store.tombstone_hash("e") != store.tombstone_hash("f")

    def test_erasing_again_is_no_change(self, store: Store) -> None:
        store.erase("e", at=NOW)
        last = store.last_change()
        assert store.erase("e", at=NOW + HOUR) == {
            "events": 0, "employees": 0, "preferences": 0, "slates": 0, "newsletter_picks": 0,
            "deliveries": 0, "experiment_assignments": 0, "experiment_exposures": 0,
        }  # fmt: skip
        assert (store.last_change(), store.counts()["tombstones"]) == (last, 1)

    def test_what_is_erased_cannot_come_back(self, store: Store, frame: Frame) -> None:
        store.erase("e", at=NOW)
        store.erase("never seen", at=NOW)
        both = frame(
            "events", [event("1"), event("2", employee_id="f"), event("4", employee_id="g")]
        )
        assert store.write("events", both, received_at=NOW) == WriteReport(
            inserted=1, unchanged=1, refused=1
        )
        for table in ("employees", "preferences"):
            rows = frame(table, [{"employee_id": "e"}, {"employee_id": "never seen"}])
            assert store.write(table, rows, received_at=NOW) == WriteReport(refused=2)


def test_two_databases_have_tombstones_of_their_own(new_store: Store, store: Store) -> None:
    """A template shares its salt, so this compares with a migration of its own."""
    assert new_store.tombstone_hash("e") != store.tombstone_hash("e")
