"""`recsys report policy-value` with a challenger: on the store, with its slate log."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from recsys.commands.policy_value import policy_value
from recsys.errors import ConfigurationError, ModelError
from recsys.registry import store_model
from recsys.store.database import Database
from recsys.store.slate_log import SlateLog
from recsys.store.sql_store import open_store
from tests.recsys.evaluation.slates.conftest import N_PEOPLE
from tests.recsys.slate.companies import AT, engine_of

if TYPE_CHECKING:
    from tests.recsys.evaluation.slates.conftest import Served

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def database(explored: "Served", tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('served') / 'recsys.db'}"
    with closing(open_store(url)) as store:
        store.migrate()
        dataset = explored.dataset()
        for name in explored.tables:
            store.write(name, dataset[name], received_at=AT - timedelta(days=1))
    with closing(Database(url)) as opened:
        SlateLog(opened).write(explored.slates)
    return url


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Write what matters of the slate policy that was followed."""
    path = tmp_path / "slate.toml"
    path.write_text(
        "[fatigue]\n[other_department]\n[fresh]\n[caps]\n[diversity]\n"
        "[explore]\ntemperature = 0.6\n"
    )
    return path


@pytest.fixture
def run(database: str, policy: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("RECSYS_SLATE", str(policy))
    app = typer.Typer()
    app.command()(policy_value)

    def call(*arguments: object) -> Any:
        texts = [str(each) for each in ("--database", database, "--days", 3, *arguments)]
        result = CliRunner().invoke(app, texts)
        if result.exception is not None and result.exit_code == 1:
            raise result.exception
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if "--json" in arguments else result.stdout

    return call


def test_a_version_of_the_store_is_judged_on_explored_slots(
    explored: "Served", run: Run, tmp_path: Path
) -> None:
    store_model(tmp_path, explored.challenger)
    named = "--models-dir", tmp_path, "--challenger", "challenger"
    answer = run(*named, "--clip", 1.5, "--json")
    assert answer["since"] == AT.isoformat()  # the model knows what was before
    found = answer["explore_slots"]
    assert found["n_employees"] == N_PEOPLE
    logging, challenger = found["opened"]
    assert challenger["policy"] == "challenger"
    assert challenger["snips"]["verdict"] == "ok"
    assert challenger["snips"]["value"] > logging["snips"]["value"] + 0.02
    assert found["retraced_share"] == {"challenger": None}
    assert answer["whole_slates"]["verdict"].startswith("refused: no slate was drawn whole")
    assert challenger["ips"]["max_weight"] == 1.5
    assert 0 < challenger["ips"]["clip_share"] < 0.5
    table = run(*named)
    assert "Openings per explored slot" in table
    assert "refused: no slate was drawn whole" in " ".join(table.split())


def test_without_a_challenger_slates_say_nothing(run: Run) -> None:
    answer = run("--json")
    assert answer["explore_slots"] is None
    assert answer["whole_slates"] is None


def test_a_saved_engine_that_knows_the_log_is_no_challenger(
    explored: "Served", run: Run, tmp_path: Path
) -> None:
    knowing = replace(explored.challenger, trained_until=AT + timedelta(days=2))
    engine = engine_of(
        employees=explored.tables["employees"], contents=explored.tables["contents"], model=knowing
    )
    engine.save(tmp_path / "engine")
    with pytest.raises(ConfigurationError, match="learned from everything before 2026-03-22"):
        run("--challenger", tmp_path / "engine")
    with pytest.raises(ModelError, match="there is no challenger 'nobody'"):
        run("--challenger", "nobody", "--models-dir", tmp_path)
