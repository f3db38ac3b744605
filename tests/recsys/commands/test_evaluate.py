"""`recsys evaluate` from the command line, at one origin and at several."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from recsys.commands.evaluate import evaluate
from recsys.dataset.reading import read_dataset
from recsys.errors import ConfigurationError
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company

_DAYS = timedelta(days=4)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    simulate_company(Scenario(employees=120, days=24), folder / "data", folder / "truth")
    return folder / "data"


@pytest.fixture(scope="module")
def split(data: Path) -> pd.Timestamp:
    """The start of the last four days, to the second: windows need no midnight."""
    last: pd.Timestamp = read_dataset(data).dataset["events"]["occurred_at"].max()
    return (last - _DAYS).floor("s")


def run(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(evaluate)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and result.exit_code == 1:
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def _span(start: pd.Timestamp) -> list[object]:
    return ["--train-until", start.isoformat(), "--until", (start + _DAYS).isoformat()]


@pytest.fixture(scope="module")
def answer(data: Path, split: pd.Timestamp) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--data", data, *_span(split), "--origins", 2, "--json"))
    return found


@pytest.mark.slow
def test_each_origin_is_what_evaluate_says_of_its_window(
    data: Path, split: pd.Timestamp, answer: dict[str, Any]
) -> None:
    starts = [split - _DAYS, split]
    assert [o["train_until"] for o in answer["origins"]] == [start.isoformat() for start in starts]
    for start, origin in zip(starts, answer["origins"], strict=True):
        alone = json.loads(run("--data", data, *_span(start), "--json"))["overall"]
        models = alone["models"]
        assert origin["n_targets"] == alone["n_targets"] > 20
        for metric in ("ndcg@10", "hr@10"):
            assert origin[metric]["value"] == pytest.approx(models["recsys"][metric]["value"])
        engine = models.pop("recsys")
        best = max(models, key=lambda name: models[name]["ndcg@10"]["value"])
        assert origin["best_baseline"]["model"] == best
        value = engine["ndcg@10"]["value"] / models[best]["ndcg@10"]["value"]
        assert origin["ratio"]["value"] == pytest.approx(value)


@pytest.mark.slow
def test_all_together_is_the_mean_over_choices(answer: dict[str, Any]) -> None:
    origins, pooled = answer["origins"], answer["pooled"]
    n = [origin["n_targets"] for origin in origins]
    assert pooled["n_targets"] == sum(n)
    assert pooled["n_employees"] < sum(origin["n_employees"] for origin in origins)
    mean = sum(o["ndcg@10"]["value"] * o["n_targets"] for o in origins) / sum(n)
    assert pooled["ndcg@10"]["value"] == pytest.approx(mean)


@pytest.mark.slow
def test_the_ranks_of_all_windows_are_in_one_file(
    data: Path, split: pd.Timestamp, answer: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "ranks.parquet"
    table = run("--data", data, *_span(split), "--origins", 2, "--window-days", 4, "--ranks", file)
    assert "best baseline" in table
    ranks = pd.read_parquet(file)
    ours = ranks[ranks["model"] == "recsys"]
    assert len(ours) == answer["pooled"]["n_targets"]
    assert not ours.duplicated(["employee_id", "content_id"]).any()
    assert list(ranks.columns) == [
        "employee_id", "content_id", "occurred_at", "model", "rank", "n_candidates",
    ]  # fmt: skip


def test_too_little_history_is_refused_before_anything_is_fitted(
    data: Path, split: pd.Timestamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("recsys.engine.Engine.fit")
    with pytest.raises(ConfigurationError, match=r"choices before it.*--origins \d; pass that"):
        run("--data", data, *_span(split), "--origins", 6)


def test_nonsense_is_refused(data: Path, split: pd.Timestamp) -> None:
    with pytest.raises(ConfigurationError, match=r"--window-days 31 .* pass --origins N too"):
        run("--data", data, *_span(split), "--window-days", 31)
    with pytest.raises(ConfigurationError, match="is not before --until"):
        run("--data", data, "--train-until", "2016-02-01", "--until", "2016-01-01", "--origins", 2)
    for option in ("--origins", "--window-days"):
        with pytest.raises(AssertionError, match="Invalid value"):
            run("--data", data, *_span(split), option, 0)
