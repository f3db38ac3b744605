import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from experiments.commands.assign import assign
from experiments.commands.power import power

RUNNER = CliRunner()
REFERENCE = "--baseline 0.3 --mde 0.05 --cluster-size 12 --icc 0.02 --cluster-size-cv 0.5"


def _run(command: Callable[..., None], line: str) -> tuple[int, str, str]:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(command)
    result = RUNNER.invoke(app, line.split())
    return result.exit_code, result.stdout, result.stderr


def _json(command: Callable[..., None], line: str) -> dict[str, Any]:
    code, out, err = _run(command, f"{line} --json")
    assert (code, err) == (0, "")
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_power_answers_what_the_contract_says() -> None:
    assert _json(power, REFERENCE) == {
        "units_per_arm": 1776,
        "clusters_per_arm": 148,
        "design_effect": pytest.approx(1.28),
        "alpha": 0.05,
        "power": 0.8,
    }
    single = _json(power, "--baseline 0.3 --mde 0.05 --alpha 0.05 --power 0.9")
    assert (single["units_per_arm"], single["clusters_per_arm"]) == (1839, None)
    assert _json(power, "--baseline 5 --sd 1 --mde 0.1")["units_per_arm"] == 1571


def test_power_in_words() -> None:
    said = "Each arm needs 148 clusters (1,776 units; design effect 1.28) at alpha 0.05, power 0.8."
    assert _run(power, REFERENCE)[1].strip() == said


def test_a_power_that_is_only_about_as_promised_is_said() -> None:
    line = "--baseline 0.3 --mde 0.2 --cluster-size 12 --icc 0.1"
    answer = _json(power, line)
    assert 2 * answer["clusters_per_arm"] < 40
    assert "a power of 0.8 is approximate" in answer["warning"]
    assert answer["warning"] in _run(power, line)[1]
    assert "検出力0.8はおよその値です" in _run(power, f"{line} --language ja")[1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--baseline 0.3 --mde 0", "expected a difference other than 0"),
        ("--baseline 1.3 --mde 0.1", "expected a share from 0 to 1"),
        ("--baseline 0.3", "--mde is missing"),
        ("--mde 0.1", "--baseline is missing"),
        ("--baseline 0.3 --mde 0.1 --icc 0.1", "--cluster-size is missing"),
        ("--baseline 0.3 --mde 0.1 --cluster-size 5 --icc 2", "the ICC is 2"),
        ("--baseline 0.3 --mde 0.1 --alpha 0", "alpha is 0"),
        ("--baseline 0.3 --mde 0.1 --language fr", "'fr' is not one of ja, en"),
    ],
)
def test_wrong_use_of_power_is_said(line: str, said: str) -> None:
    code, out, err = _run(power, line)
    assert (code, out) == (2, "")
    assert said in err


@pytest.fixture
def history(tmp_path: Path) -> Path:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "employee_id": [f"{i:04}" for i in range(600)] * 4,
            "week": np.repeat(range(4), 600),
            "team": np.tile(np.arange(600) % 40, 4),
            "read": rng.random(2_400) < 0.3,
        }
    )
    frame.to_csv(tmp_path / "history.csv", index=False)
    return tmp_path / "history.csv"


def test_power_from_a_history(history: Path) -> None:
    line = f"--data {history} --metric read:proportion --cluster team --period week --mde 0.08"
    answer = _json(power, line)
    assert answer["verdict"] in ("works", "works_otherwise")
    assert answer["planned"]["clusters_per_arm"] == 20
    assert answer["history"]["n_units"] == 600
    code, out, _ = _run(power, f"{line} --language ja")
    assert code == 0
    assert answer["sentences"][0] not in out
    assert "検出力80%" in out.replace("\n", "")


def test_a_history_stands_instead_of_assumptions(history: Path) -> None:
    for line, said in (("--baseline 0.3 --metric read", "estimated from --data"),
                       ("--mde 0.1", "--metric is missing")):  # fmt: skip
        code, _, err = _run(power, f"--data {history} {line}")
        assert code == 2
        assert said in err


def test_assign_answers_what_the_contract_says(tmp_path: Path) -> None:
    units = tmp_path / "units.txt"
    units.write_text("e-1001\ne-1002\ne-1003\n", encoding="utf-8")
    assert _json(assign, f"--experiment digest-subject --units {units}") == {
        "assignments": [
            {"unit": "e-1001", "variant": "control", "source": "hash", "bucket": 0.1664},
            {"unit": "e-1002", "variant": "treatment", "source": "hash", "bucket": 0.9153},
            {"unit": "e-1003", "variant": "treatment", "source": "hash", "bucket": 0.7527},
        ]
    }
    few = _json(assign, f"--experiment digest-subject --units {units} --coverage 0.5")
    assert [a["variant"] for a in few["assignments"]] == ["control", None, None]
    three = f"--experiment digest-subject --units {units} --variants a=0.1,b=0.1,c=0.8"
    assert [a["variant"] for a in _json(assign, three)["assignments"]] == ["b", "c", "c"]


def test_assign_counts_rows_without_a_unit(tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    units.write_text("unit,name\ne-1,x\n,y\ne-1,z\n", encoding="utf-8")
    code, out, err = _run(assign, f"--experiment k --units {units}")
    assert code == 3
    assert "k: 1 units" in out
    assert "1 rows have no unit" in err
    assert "1 rows repeat a unit" in err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--variants control", "two or more different names"),
        ("--variants a,a", "two or more different names"),
        ("--variants a=0.5,b", "expected a share for each"),
        ("--variants a=0.5,b=0.6", "sum to 1.1"),
        ("--coverage 2", "coverage is 2"),
    ],
)
def test_wrong_use_of_assign_is_said(option: str, said: str, tmp_path: Path) -> None:
    units = tmp_path / "units.txt"
    units.write_text("e-1\n", encoding="utf-8")
    code, _, err = _run(assign, f"--experiment k --units {units} {option}")
    assert code == 2
    assert said in err.replace("\n", " ")
