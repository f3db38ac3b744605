"""`recsys experiment analyze`: files, options, exit codes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys import cli


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs ``recsys experiment analyze`` on a file."""
    point = EntryPoint("experiment", "experiments.commands.app:app", "recsys.commands")
    monkeypatch.setattr(cli, "command_points", lambda: [point])

    def call(data: Path, *arguments: str) -> Outcome:
        named = ["--variant", "arm", "--control", "a", "--unit", "employee_id"]
        line = ["experiment", "analyze", "--data", str(data), *named, *arguments]
        monkeypatch.setattr("sys.argv", ["recsys", *line])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Outcome(ended.value.code, captured.out, captured.err)

    return call


@pytest.fixture
def table(sample: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    sample.to_csv(path, index=False)
    return path


def _strict(text: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return found


def test_json(run: Run, table: Path) -> None:
    outcome = run(
        table, "--metric", "y", "--metric", "b:proportion", "--ratio", "m/d", "--covariate", "x",
        "--cluster", "team", "--strata", "block", "--expected-split", "a=0.5,b=0.5",
        "--correction", "bh", "--winsorise", "0.99", "--margin", "y=0.5", "--segment", "block",
        "--exposed", "b", "--looks", "0.5,1", "--look", "2", "--json",
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.stderr
    results = _strict(outcome.stdout)
    assert [entry["metric"] for entry in results["metrics"]] == ["y", "b", "m/d"]
    assert {"look", "segments", "exposure"} < set(results)


def test_json_of_the_contract(run: Run, table: Path) -> None:
    results = _strict(run(table, "--metric", "y", "--json").stdout)
    assert results["metrics"][0]["p_value"] == pytest.approx(0.0825214590, abs=1e-9)
    assert results["metrics"][0]["rel_effect"] == pytest.approx(0.0666958018717)
    sequential = _strict(run(table, "--metric", "y", "--sequential", "--json").stdout)
    assert sequential["metrics"][0]["p_value"] == pytest.approx(0.7099893429)
    tuned = run(table, "--metric", "y", "--sequential", "--sequential-n", "400", "--json")
    assert _strict(tuned.stdout)["metrics"][0]["effect_ci"][0] == pytest.approx(-0.2985153)


def test_for_people(run: Run, table: Path, sample: pd.DataFrame) -> None:
    sample.loc[0, "y"] = np.nan
    sample.assign(n=1).to_csv(table, index=False)
    outcome = run(table, "--metric", "y", "--metric", "n", "--segment", "block")
    assert outcome.exit_code == 0
    for words in ("a 200, b 200", "Shares fit the plan", "+0.4", "Left out", "missing", "block: 3"):
        assert words in outcome.stdout
    assert "! n, b: not computable" in outcome.stdout


def test_a_metric_that_cannot_be_computed_is_no_failure(
    run: Run, table: Path, sample: pd.DataFrame
) -> None:
    sample.assign(y=1).to_csv(table, index=False)
    outcome = run(table, "--metric", "y", "--json")
    assert outcome.exit_code == 0
    (entry,) = _strict(outcome.stdout)["metrics"]
    assert (entry["computable"], entry["effect"], entry["effect_ci"]) == (False, None, None)


def test_files(run: Run, sample: pd.DataFrame, tmp_path: Path) -> None:
    parquet = tmp_path / "table.parquet"
    sample.to_parquet(parquet)
    assert run(parquet, "--metric", "y", "--json").exit_code == 0
    parquet.write_text("nothing of the kind")
    assert "not a Parquet table" in run(parquet, "--metric", "y").stderr
    marked = tmp_path / "marked.csv"
    marked.write_text("\ufeff" + sample.to_csv(index=False), encoding="utf-8")
    assert run(marked, "--metric", "y", "--json").exit_code == 0
    # "none", "NA" and 001 are names like any other.
    named = sample.assign(arm=sample["arm"].map({"a": "none", "b": "NA"}))
    named["employee_id"] = [f"{i:04}" for i in range(400)]
    named.to_csv(marked, index=False)
    outcome = run(marked, "--metric", "y", "--control", "none", "--json")
    assert _strict(outcome.stdout)["n_units"] == {"none": 200, "NA": 200}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a CSV table"),
        (b"employee_id,arm,y\n", "no rows"),
        ("employee_id,arm,y\nJ\u00f6rg,a,1\n".encode("cp1252"), "not UTF-8"),
        (b"employee_id,arm\n1,a\n2,b\n", "no column 'y'"),
        (b"employee_id,arm,y\n1,b,1\n2,b,2\n", "control 'a' is not among"),
        (b"employee_id,arm,y\n1,a,1\n1,a,2\n2,b,1\n", "one row per unit"),
        (b'employee_id,arm,y\n1,a,"1\n', "not a CSV table"),
    ],
)
def test_failures_are_one_sentence(run: Run, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    outcome = run(path, "--metric", "y")
    assert outcome.exit_code == 1
    assert words in outcome.stderr
    assert outcome.stderr.startswith("recsys: ")
    assert words in _strict(run(path, "--metric", "y", "--json").stdout)["error"]["message"]


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    outcome = run(tmp_path / "none.csv", "--metric", "y")
    assert outcome.exit_code == 1
    assert "No such file" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--expected-split", "a:0.5"), ("--expected-split", "a=x,b=y"),
        ("--expected-split", "a=0.5,a=0.5"), ("--correction", "bonferroni"), ("--looks", "often"),
        ("--margin", "y"), ("--alpha", "small"), ("--nonsense",),
    ],
)  # fmt: skip
def test_wrong_use(run: Run, table: Path, arguments: tuple[str, ...]) -> None:
    assert run(table, "--metric", "y", *arguments).exit_code == 2


def test_help_has_an_example(run: Run, table: Path) -> None:
    outcome = run(table, "--help")
    assert outcome.exit_code == 0
    assert "Example: recsys experiment analyze" in outcome.stdout
