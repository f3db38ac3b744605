"""`recsys report model`, through a folder and through a store with its slate log."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from recsys.answers import FeedRequest
from recsys.engine import DEFAULT_LATENESS, Engine
from recsys.errors import ConfigurationError
from recsys.model import Model
from recsys.registry import champion_bundle
from recsys.schema import TABLES
from recsys.simulator.config import DEFAULT_START, WORLDS, Scenario
from recsys.simulator.simulation import simulate_company
from recsys.store.database import Database
from recsys.store.slate_log import LoggedSlate, SlateLog
from recsys.store.sql_store import open_store
from serving.worker import build_state
from training.commands.report_model import report_model
from training.material import from_directory
from training.monitoring.opening import trainings_of
from training.pipeline import Outcome

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(outcome: Outcome, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command with the champion of the session's training."""
    assert outcome.is_champion
    monkeypatch.chdir(checkout)
    monkeypatch.delenv("RECSYS_CLOCK", raising=False)
    app = typer.Typer()
    app.command()(report_model)

    def call(*arguments: object, exit_code: int = 0) -> dict[str, Any]:
        words = ["--json", *map(str, arguments)]
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == exit_code, done.output
        loaded: dict[str, Any] = json.loads(done.stdout)
        return loaded

    return call


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company of the training, two weeks later."""
    folder = tmp_path_factory.mktemp("longer")
    scenario = Scenario(employees=70, days=35, seed=3, world=WORLDS["strong"])
    simulate_company(scenario, folder / "data", folder / "truth")
    return folder / "data"


END = DEFAULT_START + timedelta(days=33)


def values(answer: dict[str, Any], name: str) -> list[float | None]:
    return [figure["value"] for figure in answer["figures"] if figure["name"] == name]


@pytest.mark.slow
def test_a_folder_has_no_slate_log_and_the_report_says_so(
    run: Run, longer: Path, tmp_path: Path
) -> None:
    path = tmp_path / "recsys.prom"
    answer = run("--data", longer, "--at", END.isoformat(), "--prometheus", path)
    assert {each["code"] for each in answer["not_computable"]} == {"no_rejects", "no_slates"}
    assert answer["reference"]["weeks"] >= 3
    assert answer["alerts"] == []
    assert len(values(answer, "feature_psi")) > 50
    assert values(answer, "read_ratio")[0]
    assert values(answer, "trainings_since_champion") == [0.0]
    assert "recsys_report_read_ratio " in path.read_text(encoding="utf-8")
    assert not re.search(r"sim-\d{6}", json.dumps(answer))


@pytest.mark.slow
def test_a_frozen_pipeline_is_an_alert_with_its_cause(run: Run, longer: Path) -> None:
    later = END + timedelta(days=30)
    answer = run("--data", longer, "--at", later.isoformat(), "--fail-on-alert", exit_code=1)
    found = {alert["code"]: alert for alert in answer["alerts"]}
    assert found["stale_model"]["cause"] == "no_training"
    assert "the schedule has stopped" in found["stale_model"]["sentence"]["en"]
    assert found["no_events"]["cause"] == "nothing_arrives"


@pytest.mark.slow
def test_the_verdicts_of_trainings_are_read_from_the_tracking_store(
    run: Run, checkout: Path, outcome: Outcome
) -> None:
    found = trainings_of(Path("models"))
    assert found is not None
    assert found[0].until == outcome.model.trained_until
    assert (found[0].status, found[0].decision) == ("FINISHED", "promote")
    assert found[0].reasons == outcome.trial.verdict.reasons


@pytest.mark.slow
def test_a_store_with_slates(run: Run, longer: Path, checkout: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/company.db"
    dataset = from_directory(longer, until=None, test_days=4).dataset
    with closing(open_store(url)) as store:
        store.migrate()
        for table in TABLES:
            store.write(table, dataset[table], received_at=END)
    _serve(Database(url), checkout, longer, END - timedelta(days=1))
    answer = run("--database", url, "--at", END.isoformat())
    assert values(answer, "parked_events") == [0.0]
    assert sum(v or 0.0 for v in values(answer, "slot_share")) == pytest.approx(1.0)
    assert values(answer, "propensity_invalid_share") == [0.0]
    assert 0.0 < (values(answer, "explore_share")[0] or 0.0) < 0.3
    weight = values(answer, "rendition_mean_weight")[0]
    assert weight is not None
    assert 0.6 < weight < 1.4
    assert "propensities" not in {alert["code"] for alert in answer["alerts"]}
    assert "no_slates" not in {each["code"] for each in answer["not_computable"]}


def _serve(database: Database, checkout: Path, data: Path, at: datetime) -> None:
    """Answer a feed for everybody and keep it."""
    directory = champion_bundle(checkout / "models")
    assert directory is not None
    dataset = from_directory(data, until=None, test_days=4).dataset
    state = build_state(dataset, at, DEFAULT_LATENESS)
    engine = Engine(Model.read(directory), state, [])
    people = dataset["employees"]["employee_id"]
    SlateLog(database).write(
        [
            LoggedSlate(
                person, "portal", at, engine.feed(FeedRequest(person, at, 8, request_id="r"))
            )
            for person in people
        ]
    )


def test_two_places_to_look_at_are_one_too_many(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="both given"):
        run("--data", tmp_path, "--database", "sqlite:///x.db")
