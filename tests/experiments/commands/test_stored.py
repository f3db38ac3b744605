"""Stored experiments from the command line: from a design to a report and a decision."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from experiments.commands.app import app
from experiments.running.definition import write_definition
from recsys.schema import TABLES
from recsys.store.database import Database
from recsys.store.experiment_store import ExperimentStore, StoredExposure
from recsys.store.sql_store import open_store
from recsys.times import to_micros
from tests.experiments.running.conftest import company, design, event


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A company whose clock stands at its last event, as commands open it."""
    database = f"sqlite:///{tmp_path}/x.db"
    monkeypatch.setenv("RECSYS_DATABASE_URL", database)
    monkeypatch.setenv("RECSYS_CLOCK", "dataset")
    write(database, [])
    return database


def write(url: str, rows: list[dict[str, object]]) -> None:
    dataset = company(rows)
    with closing(open_store(url)) as store:
        store.migrate()
        for table in TABLES:
            store.write(table, dataset[table], received_at=datetime.now(UTC))


def call(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=code != 0)
    assert result.exit_code == code, result.output
    return result


def test_from_a_design_to_a_decision(url: str, tmp_path: Path) -> None:
    file = tmp_path / "design.json"
    file.write_text(write_definition(design(looks=(0.5, 1.0))), encoding="utf-8")
    assert json.loads(call("create", file, "--json").stdout)["is_new"]
    assert "was there already" in call("create", file).stdout
    began = datetime.now(UTC)
    assert "100% of the units" in call("start", "digest").stdout
    with closing(Database(url)) as database:
        store = ExperimentStore(database)
        people = store.assignments("digest", 1)
        store.expose(
            [
                StoredExposure("digest", 1, one.employee_id, "differing", to_micros(began))
                for one in people
            ]
        )
    shown = began + timedelta(hours=1)
    rows = [event(i, one.employee_id, "impression", shown) for i, one in enumerate(people)]
    rows += [
        event(1000 + i, one.employee_id, "open", shown)
        for i, one in enumerate(people)
        if one.variant == "b" or i % 3 == 0
    ]
    rows.append(event(9999, "e000", "impression", began + timedelta(days=15)))
    write(url, rows)
    told = json.loads(call("status", "digest", "--json", "--language", "ja").stdout)
    assert told["exposed"] == {"a": 120, "b": 120}
    assert "実施中" in told["sentences"][0]
    page, series = tmp_path / "page.html", tmp_path / "series.csv"
    call("report", "digest", "--html", page, "--series", series)
    assert "Time line" in page.read_text(encoding="utf-8")
    assert "create" in page.read_text(encoding="utf-8")
    assert series.read_text(encoding="utf-8").startswith("day,variant,taking_part,exposed")
    call("report", "digest", "--html", page, "--look", "2", code=1)  # not yet
    call("stop", "digest")
    call("decide", "digest", "--variant", "b", "--reason", "More is opened.")
    assert "recorded" in call("status", "digest").stdout
    call("report", "--html", page, code=2)


def test_the_next_step_of_a_ramp(url: str, tmp_path: Path) -> None:
    file = tmp_path / "design.json"
    file.write_text(write_definition(design(ramp=(0.5, 1.0))), encoding="utf-8")
    call("create", file)
    call("start", "digest")
    assert json.loads(call("step", "digest", "--json").stdout)["share"] == 1.0
    call("step", "digest", code=1)
