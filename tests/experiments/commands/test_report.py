import json
from pathlib import Path

import pandas as pd
import typer
from typer.testing import CliRunner

from experiments.commands.app import app
from recsys.errors import DatasetError

RUNNER = CliRunner()


def _table(folder: Path) -> Path:
    path = folder / "test.csv"
    frame = pd.DataFrame({"who": range(400), "arm": list("ab") * 200})
    frame["opens"] = frame["who"] % 7 + (frame["arm"] == "b")
    frame["read"] = frame["who"] % 5 == 0
    frame.to_csv(path, index=False)
    return path


def test_an_analysis_becomes_a_page(tmp_path: Path) -> None:
    table, page, result = _table(tmp_path), tmp_path / "page.html", tmp_path / "result.json"
    line = f"analyze --data {table} --variant arm --control a --unit who --metric opens"
    line += f" --metric read:proportion --html {page} --json"
    found = RUNNER.invoke(app, line.split())
    assert found.exit_code == 0
    assert "does better than" in page.read_text(encoding="utf-8")
    assert "20%" in page.read_text(encoding="utf-8")
    result.write_text(found.stdout, encoding="utf-8")

    line = f"report --result {result} --html {page} --language ja --lower-is-better opens --json"
    told = RUNNER.invoke(app, [*line.split(), "--title", "題名"])
    assert json.loads(told.stdout) == {"html": str(page)}
    text = page.read_text(encoding="utf-8")
    assert '<h1 dir="auto">題名</h1>' in text
    assert "悪くなった" in text


def test_what_is_no_result_is_said(tmp_path: Path) -> None:
    for content, said in (("[1]", "is no result of an analysis"), ("{", "is no JSON")):
        path = tmp_path / "result.json"
        path.write_text(content, encoding="utf-8")
        found = RUNNER.invoke(app, ["report", "--result", str(path), "--html", "x.html"])
        assert isinstance(found.exception, DatasetError)
        assert said in str(found.exception)


def test_another_language_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"metrics": []}', encoding="utf-8")
    line = f"report --result {path} --html x.html --language fr"
    assert RUNNER.invoke(app, line.split()).exit_code == 2


def test_every_command_shows_an_example() -> None:
    group = typer.main.get_command(app)
    commands = group.commands  # type: ignore[attr-defined]  # it is a group
    assert {"analyze", "assign", "power", "report"} <= set(commands)
    for name, command in commands.items():
        assert f"Example: recsys experiment {name}" in command.help
