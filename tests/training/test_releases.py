"""Moving the champion by hand: MLflow's alias and the pointer go together."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from recsys.errors import ConfigurationError, ModelError
from recsys.registry import champion_bundle, read_champion
from training import pipeline
from training.commands.promote import promote, rollback
from training.gate_checks import Check
from training.pipeline import Outcome
from training.tracking import Tracking

_RUNNER = CliRunner()


@pytest.fixture
def models_dir(
    run_again: Callable[[Path], Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Three registered versions, the last one champion."""
    models_dir = tmp_path / "models"
    for _ in range(3):
        run_again(models_dir)
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(models_dir))
    return models_dir


def _run(command: Callable[..., None], *arguments: str) -> dict[str, Any]:
    app = typer.Typer()
    app.command()(command)
    result = _RUNNER.invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_back_and_forth(models_dir: Path) -> None:
    tracking = Tracking(models_dir)
    assert tracking.alias("champion") == 3
    for expected in (2, 1):
        answer = _run(rollback)
        assert answer["registered_version"] == tracking.alias("champion") == expected
    assert answer["history"] == []
    with pytest.raises(ConfigurationError, match="no earlier champion"):
        _run(rollback)
    assert _run(promote)["registered_version"] == tracking.alias("challenger") == 3
    assert _run(promote, "2")["registered_version"] == tracking.alias("champion") == 2
    champion = read_champion(models_dir)
    assert champion is not None
    assert [release.registered_version for release in champion.history] == [1, 3]
    assert champion_bundle(models_dir) is not None


def test_promoting_the_champion_again_changes_nothing(models_dir: Path) -> None:
    before = (models_dir / "champion.json").read_bytes()
    _run(promote, "3")
    assert (models_dir / "champion.json").read_bytes() == before


def test_a_refused_version_is_promoted_by_hand_and_what_it_failed_is_said(
    run_again: Callable[[Path], Outcome], outcome: Outcome, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    refused = Check("slices", False, "worse than champion in NDCG@10: department 1")
    verdict = replace(outcome.trial.verdict, decision="keep", checks=(refused,))
    trial = replace(outcome.trial, verdict=verdict)
    models_dir = tmp_path / "models"
    monkeypatch.setattr(pipeline, "judged", lambda *_: trial)
    run_again(models_dir)
    assert read_champion(models_dir) is None
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(models_dir))
    answer = _run(promote)
    assert answer["registered_version"] == 1
    assert answer["failed_checks"] == [f"slices: {refused.sentence}"]
    app = typer.Typer()
    app.command()(promote)
    said = _RUNNER.invoke(app, ["1"], catch_exceptions=False).stdout
    assert f"The gate refused it: slices: {refused.sentence}" in said


def test_a_version_that_is_not_there_is_named(models_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="no registered version 9"):
        _run(promote, "9")


def test_a_damaged_model_is_not_promoted(models_dir: Path) -> None:
    champion = read_champion(models_dir)
    assert champion is not None
    (models_dir / champion.release.model_dir / "ranker.txt").unlink()
    with pytest.raises(ModelError, match=r"ranker\.txt is missing"):
        _run(promote, "1")
    assert Tracking(models_dir).alias("champion") == 3


def test_without_a_model_there_is_nothing_to_promote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match="no challenger to promote"):
        _run(promote)
    with pytest.raises(ConfigurationError, match="no earlier champion"):
        _run(rollback)
