"""`recsys evaluate --formats` and `recsys report policy-value` on a folder of files."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from recsys.commands.evaluate import evaluate
from recsys.commands.policy_value import policy_value
from recsys.errors import ConfigurationError, DatasetError
from recsys.evaluation.formats.predictions import MODELS

if TYPE_CHECKING:
    from tests.recsys.evaluation.conftest import Randomised


@pytest.fixture(scope="module")
def data(randomised: "Randomised", tmp_path_factory: pytest.TempPathFactory) -> Path:
    return randomised.write(tmp_path_factory.mktemp("randomised"))


def run(command: Callable[..., None], *arguments: object) -> str:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, [str(each) for each in arguments])
    if result.exception is not None and result.exit_code == 1:
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def _strict(text: str) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    answer: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return answer


def _window(randomised: "Randomised", data: Path) -> list[object]:
    return [
        "--formats", "--data", data, "--train-until", randomised.split.isoformat(),
        "--until", randomised.end.isoformat(),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def answer(randomised: "Randomised", data: Path) -> dict[str, Any]:
    return _strict(run(evaluate, *_window(randomised, data), "--json"))


def test_the_answer_holds_every_figure(answer: dict[str, Any]) -> None:
    overall = answer["overall"]
    assert (overall["n_showings"], overall["n_employees"]) == (3840, 80)
    assert list(overall["models"]) == list(MODELS)
    for figures in overall["models"].values():
        assert set(figures) == {"log_loss", "brier", "calibration_error"}
    assert overall["log_loss_difference"]["interval"][1] < 0
    assert [part["name"] for part in answer["slices"]] == [
        "≥ 30 showings before", "≥ 120 showings before", "< 10 showings before",
    ]  # fmt: skip
    assert answer["slices"][2]["suppressed"]
    assert answer["slices"][2]["models"] is None
    bins = answer["calibration"]["bins"]
    assert sum(each["n"] for each in bins) == 3840
    covered = sum(each["covered"] for each in bins) / 10
    assert answer["calibration"]["covered_share"] == covered
    coverage = answer["interval_coverage"]
    assert coverage["nominal"] == 0.9
    assert coverage["observed"]["interval"][0] < coverage["observed"]["value"]
    assert [each["policy"] for each in answer["policy_value"]["policies"]] == [
        "logging", "uniform", "most_completed", "recsys",
    ]  # fmt: skip


def test_the_table_says_the_same(
    randomised: "Randomised", data: Path, answer: dict[str, Any]
) -> None:
    table = run(evaluate, *_window(randomised, data))
    assert "3,840 showings to 80 employees" in table
    for figures in answer["overall"]["models"].values():
        assert f"{figures['log_loss']:.4f}" in table
    snips = answer["policy_value"]["policies"][3]["snips"]
    low, high = snips["interval"]
    assert f"{snips['value']:.3f}" in table
    assert f"{low:.3f} … {high:.3f}" in table
    assert f"held {answer['interval_coverage']['observed']['value']:.1%}" in table
    assert max(map(len, table.splitlines())) <= 80


def test_a_window_without_showings_gives_no_figures(randomised: "Randomised", data: Path) -> None:
    late = [
        "--formats", "--data", data, "--train-until", randomised.end.isoformat(),
        "--until", (randomised.end + timedelta(days=1)).isoformat(),
    ]  # fmt: skip
    answer = _strict(run(evaluate, *late, "--json"))
    assert answer["overall"]["suppressed"]
    assert answer["calibration"] == {"bins": [], "covered_share": None}
    assert answer["interval_coverage"]["suppressed"]
    assert answer["policy_value"]["suppressed"]
    assert "no figures" in run(evaluate, *late)


def test_formats_rank_nothing(randomised: "Randomised", data: Path, tmp_path: Path) -> None:
    for more in (["--origins", 2], ["--ranks", tmp_path / "ranks.parquet"]):
        with pytest.raises(ConfigurationError, match="leave out --origins and --ranks"):
            run(evaluate, *_window(randomised, data), *more)


def test_the_report_judges_the_last_days(data: Path, answer: dict[str, Any]) -> None:
    found = _strict(run(policy_value, "--data", data, "--days", 8, "--json"))
    assert found["n_employees"] == 80
    policies = {each["policy"]: each for each in found["policies"]}
    assert policies["recsys"]["snips"]["interval"][0] > policies["logging"]["snips"]["value"]
    for each in answer["policy_value"]["policies"]:  # all but the same days
        again = policies[each["policy"]]["ips"]["value"]
        assert again == pytest.approx(each["ips"]["value"], abs=0.03)
    table = run(policy_value, "--data", data, "--days", 8)
    assert "most_completed" in table
    assert "drawn by" in table


def test_a_report_without_events_says_what_to_do(randomised: "Randomised", tmp_path: Path) -> None:
    randomised.write(tmp_path)
    (tmp_path / "events.csv").write_text("event_id,event_type,employee_id,occurred_at\n")
    with pytest.raises(DatasetError, match="import a log"):
        run(policy_value, "--data", tmp_path)
