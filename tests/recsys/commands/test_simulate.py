"""`recsys simulate` from the command line."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from recsys.commands.simulate import simulate

RUNNER = CliRunner()
SMALL = ["--employees", "60", "--days", "10"]


def _app() -> typer.Typer:
    app = typer.Typer()
    app.command()(simulate)
    return app


def test_it_writes_a_dataset_and_the_truth_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "data"
    result = RUNNER.invoke(_app(), ["--out", str(out), *SMALL, "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["employees"] == 60
    assert answer["events"] > 100
    assert answer["cards"] == {}
    assert (out / "events.parquet").is_file()
    assert Path(answer["truth_directory"]) == tmp_path / "data-truth"
    assert (tmp_path / "data-truth" / "truth.json").is_file()


def test_the_card_measures_the_data_and_the_reference(tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    RUNNER.invoke(_app(), ["--out", str(reference), *SMALL, "--format", "csv", "--seed", "2"])
    arguments = ["--out", str(tmp_path / "data"), *SMALL, "--card", "--reference", str(reference)]
    shown = RUNNER.invoke(_app(), arguments)
    assert shown.exit_code == 0, shown.output
    assert "gini_popularity" in shown.stdout
    answer = json.loads(RUNNER.invoke(_app(), [*arguments, "--json"]).stdout)
    assert set(answer["cards"]) == {"simulated", "reference"}
    assert answer["cards"]["reference"]["planted"] == {}
    assert 0 <= answer["cards"]["simulated"]["ndcg"]["popularity_1h"] <= 1


def test_a_company_too_small_is_a_usage_error(tmp_path: Path) -> None:
    result = RUNNER.invoke(_app(), ["--out", str(tmp_path / "data"), "--employees", "3"])
    assert result.exit_code == 2
