"""`recsys import` into a real SQLite store."""

import csv
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recsys.dataset import csv_file
from recsys.dataset.dataset import Dataset
from recsys.store.sql_store import open_store

Run = Callable[..., Any]

EVENTS_HEADER = "event_id,event_type,employee_id,occurred_at,content_id"
CONTENTS = "content_id,title,published_at\nc,ソース,2026-05-01T09:00:00Z\n"
EMPLOYEES = "employee_id,department,floor\nann,sales,3\n"


def events(n: int, *, content_id: str = "c") -> str:
    rows = [f"{i},open,ann,2026-05-01T10:00:{i:02}Z,{content_id}" for i in range(n)]
    return "\n".join([EVENTS_HEADER, *rows]) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small good data set; the current directory and the store are beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECSYS_DATABASE_URL", "sqlite:///store.db")
    data = tmp_path / "data"
    data.mkdir()
    (data / "employees.csv").write_text(EMPLOYEES)
    (data / "contents.csv").write_text(CONTENTS)
    (data / "events.csv").write_text(events(3))
    return data


def stored() -> Dataset:
    with closing(open_store("sqlite:///store.db")) as store:
        return store.load()


def fates(outcome: Any, table: str) -> dict[str, int]:
    counts: dict[str, int] = outcome.answer()["tables"][table]
    return {name: n for name, n in counts.items() if n}


def test_an_import_brings_every_row_and_says_so(recsys: Run, folder: Path) -> None:
    outcome = recsys("import", folder, "--json")
    assert outcome.exit_code == 0
    assert fates(outcome, "events") == {"rows": 3, "inserted": 3}
    assert outcome.answer()["rejects_file"] is None
    assert not Path("rejects-import.csv").exists()
    dataset = stored()
    assert dataset["contents"]["title"].tolist() == ["ソース"]
    assert dataset["employees"]["attributes"].tolist() == ['{"floor":"3"}']
    assert (dataset["events"]["received_at"] == dataset["events"]["occurred_at"]).all()


def test_importing_again_changes_nothing(recsys: Run, folder: Path) -> None:
    recsys("import", folder)
    with closing(open_store("sqlite:///store.db")) as store:
        before = store.last_change()
        again = recsys("import", folder, "--json")
        assert again.exit_code == 0
        assert store.last_change() == before
    assert fates(again, "events") == {"rows": 3, "unchanged": 3}
    assert fates(again, "contents") == {"rows": 1, "unchanged": 1}
    assert fates(again, "employees") == {"rows": 1, "unchanged": 1}


def test_bad_rows_are_listed_and_the_good_ones_land(recsys: Run, folder: Path) -> None:
    bad = "8,open,ann,2026-05-01T10:00:00,c\n9,open\n"
    (folder / "events.csv").write_text(events(2) + bad)
    outcome = recsys("import", folder, "--json")
    assert outcome.exit_code == 3
    assert fates(outcome, "events") == {"rows": 4, "inserted": 2, "rejected": 2}
    assert outcome.answer()["rejects_file"] == "rejects-import.csv"
    with Path("rejects-import.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["expected"].startswith("a time with a zone, ISO 8601")
    assert {k: first[k] for k in ("file", "line", "column", "value")} == {
        "file": "events.csv", "line": "4", "column": "occurred_at", "value": "2026-05-01T10:00:00",
    }  # fmt: skip
    assert (second["line"], second["expected"]) == ("5", "5 fields as in the header, found 2")


def test_the_table_for_people_names_the_rejects_file(recsys: Run, folder: Path) -> None:
    (folder / "events.csv").write_text(events(2) + "9,open\n")
    outcome = recsys("import", folder, "--rejects", "bad.csv")
    assert outcome.exit_code == 3
    assert "rejected" in outcome.stdout
    assert "1 rows were rejected, see bad.csv" in outcome.stdout
    assert Path("bad.csv").exists()


def test_a_timezone_makes_local_times_good(recsys: Run, folder: Path) -> None:
    (folder / "events.csv").write_text(events(2).replace("Z,", ","))
    assert recsys("import", folder).exit_code == 3
    assert recsys("import", folder, "--timezone", "Asia/Tokyo").exit_code == 0
    assert stored()["events"]["occurred_at"].iloc[0] == pd.Timestamp("2026-05-01T01:00:00Z")


def test_events_of_unknown_contents_wait_for_them(recsys: Run, folder: Path) -> None:
    (folder / "events.csv").write_text(events(2, content_id="later"))
    assert fates(recsys("import", folder, "--json"), "events") == {
        "rows": 2, "inserted": 2, "parked": 2,
    }  # fmt: skip
    (folder / "contents.csv").write_text(CONTENTS + "later,t,2026-05-01T09:00:00Z\n")
    assert fates(recsys("import", folder, "--json"), "events") == {"rows": 2, "unchanged": 2}
    with closing(open_store("sqlite:///store.db")) as store:
        assert store.counts()["parked"] == 0


def test_events_of_unknown_employees_are_taken(recsys: Run, folder: Path) -> None:
    (folder / "employees.csv").unlink()
    assert fates(recsys("import", folder, "--json"), "events") == {"rows": 3, "inserted": 3}


@pytest.mark.parametrize(
    ("events_file", "sentence"),
    [
        (events(2, content_id="表").encode("cp932"), "--encoding cp932"),
        (b"event_id,employee_id\n", "required column event_type, occurred_at"),
        (b"", "is empty"),
    ],
)
def test_an_unusable_file_stops_before_anything_is_written(
    recsys: Run, folder: Path, events_file: bytes, sentence: str
) -> None:
    (folder / "events.csv").write_bytes(events_file)
    outcome = recsys("import", folder, "--json")
    assert outcome.exit_code == 1
    assert outcome.answer()["error"]["type"] == "DatasetError"
    assert sentence in outcome.answer()["error"]["message"]
    assert not Path("store.db").exists()


def test_cp932_with_its_name_is_read(recsys: Run, folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(path.read_text().encode("cp932"))
    assert recsys("import", folder, "--encoding", "cp932").exit_code == 0
    assert stored()["contents"]["title"].tolist() == ["ソース"]


def test_a_dry_run_writes_nothing(recsys: Run, folder: Path) -> None:
    outcome = recsys("import", folder, "--dry-run", "--json")
    assert fates(outcome, "events") == {"rows": 3}
    assert not Path("store.db").exists()


def test_events_come_in_chunks(recsys: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "_BLOCK_BYTES", 256)
    (folder / "events.csv").write_text(events(60))
    assert fates(recsys("import", folder, "--json"), "events") == {"rows": 60, "inserted": 60}


def test_deskdrop_files(recsys: Run, folder: Path) -> None:
    header = "timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry"
    rows = "1465413032,VIEW,-3,-88,s,,,\n1465413032,VIEW,-3,-88,s,,,\n1,SHOUT,-3,-88,s,,,\n"
    (folder / "users_interactions.csv").write_text(f"{header}\n{rows}")
    (folder / "articles_titles.csv").write_text("contentId,title\n")
    outcome = recsys("import", folder, "--format", "deskdrop", "--json")
    assert outcome.exit_code == 3
    assert fates(outcome, "events") == {"rows": 2, "inserted": 2}
    assert fates(outcome, "users_interactions") == {"rows": 1, "rejected": 1}
    assert outcome.answer()["notes"] == ["1 contents have no title and carry their id instead"]
    again = recsys("import", folder, "--format", "deskdrop", "--json")
    assert fates(again, "events") == {"rows": 2, "unchanged": 2}


def test_wrong_use_is_exit_code_2(recsys: Run, folder: Path) -> None:
    assert recsys("import").exit_code == 2
    assert recsys("import", folder, "--format", "xml").exit_code == 2


def test_help_has_an_example(recsys: Run) -> None:
    assert "Example: recsys import" in recsys("import", "--help").stdout
