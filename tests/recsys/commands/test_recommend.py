"""`recsys recommend` from the command line."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recsys import Engine, FeedRequest
from recsys.commands.recommend import recommend
from recsys.dataset.reading import read_dataset
from recsys.errors import ModelError
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recommend")
    simulate_company(Scenario(employees=40, days=7), folder / "data", folder / "truth")
    dataset = read_dataset(folder / "data").dataset
    until = dataset["events"]["occurred_at"].max().to_pydatetime()
    Engine.fit(dataset, until).save(folder / "bundle")
    return folder / "bundle"


def run(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(recommend)
    result = RUNNER.invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and result.exit_code == 1:
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_answers_as_the_engine_does(bundle: Path) -> None:
    answer = json.loads(run("sim-000003", "--bundle", bundle, "-k", "4", "--json"))
    engine = Engine.load(bundle)
    slate = engine.feed(FeedRequest("sim-000003", engine.now, limit=4))
    assert answer["at"] == engine.now.isoformat()
    assert answer["request_id"] == slate.request_id
    assert [i["content_id"] for i in answer["items"]] == [i.content_id for i in slate.items]


def test_an_earlier_moment_is_replayed(bundle: Path) -> None:
    engine = Engine.load(bundle)
    earlier = engine.now - timedelta(days=3)
    answer = json.loads(
        run("sim-000003", "--bundle", bundle, "--at", earlier.isoformat(), "--json")
    )
    expected = engine.as_of(earlier).feed(FeedRequest("sim-000003", earlier, limit=10))
    assert [i["content_id"] for i in answer["items"]] == [i.content_id for i in expected.items]


def test_people_see_titles_and_reasons(bundle: Path) -> None:
    shown = run("nobody", "--bundle", bundle, "-k", "3")
    assert "nobody at 20" in shown
    assert "reasons" in shown


def test_a_bundle_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no bundle"):
        run("e", "--bundle", tmp_path)
