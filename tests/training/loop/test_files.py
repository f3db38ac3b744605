"""What a loop leaves behind, and the command."""

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from training.commands.loop import _show, loop
from training.loop.files import write_files
from training.loop.plan import LoopPlan
from training.loop.results import LoopResult, as_json
from training.recipe import recipe_text

_APP = typer.Typer()
_APP.command()(loop)


@pytest.mark.slow
def test_files_hold_weeks_nights_and_a_picture(result: LoopResult, tmp_path: Path) -> None:
    paths = write_files(result, tmp_path / "new")
    assert [path.name for path in paths] == ["weeks.csv", "nights.csv", "loop.json", "weeks.png"]
    weeks = pd.read_csv(paths[0])
    row = weeks.query("life == 'recsys' and figure == 'completions' and week == 1")
    assert row["value"].item() == pytest.approx(result.weeks["recsys"][0]["completions"])
    assert len(weeks) == 4 * len(result.levels["recsys"])
    nights = pd.read_csv(paths[1])
    assert nights["model_version"].tolist() == [n.model_version for n in result.nights]
    assert json.loads(paths[2].read_text(encoding="utf-8")) == as_json(result)
    assert paths[3].read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_tables_say_changes_promotions_and_where_time_went(
    result: LoopResult, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _show(result)
    told = capsys.readouterr().out
    change = result.changes["newest_first"]["completions"]
    assert f"{change.value:+.1%} ({change.low:+.1%} to {change.high:+.1%})" in told
    assert f"{result.levels['popular']['regret']:.3f}" in told
    assert result.nights[0].model_version in told
    assert "of it nights" in told


def test_help_has_an_example() -> None:
    told = CliRunner().invoke(_APP, ["--help"]).output
    assert "recsys loop --world" in told


@pytest.mark.slow
def test_the_command_prints_strict_json(plan: LoopPlan, tmp_path: Path) -> None:
    """With its default recipe replaced; the folder holds the models afterwards."""
    recipe, out = tmp_path / "small.toml", tmp_path / "out"
    recipe.write_text(recipe_text(plan.recipe, "Small."), encoding="utf-8")
    arguments = ["--world", "none", "--weeks", "1", "--employees", "30", "--history-weeks", "2",
                 "--nights-apart", "7", "--seed", "12", "--recipe", str(recipe)]  # fmt: skip
    done = CliRunner().invoke(_APP, [*arguments, "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["plan"]["world"] == "none"
    assert len(told["nights"]) == 1
    assert (out / "models" / "champion.json").exists()
    again = CliRunner().invoke(_APP, [*arguments, "--out", str(out)])
    assert "know the future" in str(again.exception)
