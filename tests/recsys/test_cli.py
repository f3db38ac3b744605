"""The command line as a whole: finding commands, failing softly, exit codes."""

import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest
import typer

from recsys import cli
from recsys.errors import DatasetError

Run = Callable[..., Any]

sub_app = typer.Typer(help="Commands about keys.")


@sub_app.command("create")
def create_key() -> None:
    """Create a key."""
    typer.echo("created")


def works() -> None:
    """Work."""
    typer.echo("worked")


def refuses() -> None:
    """Refuse."""
    raise DatasetError("nothing here; expected something; put something there")


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install two commands that work, one that refuses and one that cannot be imported."""
    here = "commands_under_test"
    monkeypatch.setitem(sys.modules, here, sys.modules[__name__])
    targets = {
        "works": f"{here}:works",
        "refuses": f"{here}:refuses",
        "keys": f"{here}:sub_app",
        "broken": "no_such_module:command",
    }
    points = [EntryPoint(name, target, "recsys.commands") for name, target in targets.items()]
    monkeypatch.setattr(cli, "command_points", lambda: points)


def test_a_command_runs(recsys: Run) -> None:
    assert recsys("works").stdout == "worked\n"
    assert recsys("works").exit_code == 0


def test_a_sub_application_runs(recsys: Run) -> None:
    assert recsys("keys", "create").stdout == "created\n"


def test_a_broken_command_says_why_and_stops_no_other(recsys: Run) -> None:
    assert recsys("works").exit_code == 0
    helped = recsys("--help")
    assert helped.exit_code == 0
    assert "Not available: ModuleNotFoundError" in helped.stdout
    broken = recsys("broken", "--some-option", "5")
    assert broken.exit_code == 1
    assert "No module named 'no_such_module'" in broken.stderr
    assert "recsys doctor" in broken.stderr


def test_only_the_command_that_is_called_is_imported() -> None:
    application = cli.build_app(cli.command_points(), ["works"])
    assert [command.name for command in application.registered_commands] == ["works"]


def test_an_error_on_purpose_is_one_line_and_exit_code_1(recsys: Run) -> None:
    outcome = recsys("refuses")
    assert outcome.exit_code == 1
    assert outcome.stderr == "recsys: nothing here; expected something; put something there\n"
    assert outcome.stdout == ""


def test_with_json_an_error_is_an_object(recsys: Run) -> None:
    outcome = recsys("broken", "--json")
    assert outcome.exit_code == 1
    assert outcome.answer()["error"]["type"] == "ConfigurationError"


def test_wrong_use_is_exit_code_2(recsys: Run) -> None:
    assert recsys("no-such-command").exit_code == 2
    assert recsys("works", "--no-such-option").exit_code == 2


def test_an_unusable_setting_is_named(recsys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_CLOCK", "sundial")
    outcome = recsys("works")
    assert outcome.exit_code == 1
    assert "the setting RECSYS_CLOCK is 'sundial'" in outcome.stderr


def test_version(recsys: Run) -> None:
    outcome = recsys("--version")
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("recsys 0.")


def test_starting_is_fast() -> None:
    started = time.perf_counter()
    heavy = "{'pandas', 'scipy', 'lightgbm', 'mlflow', 'sqlalchemy'}"
    code = f"import sys, recsys.cli; sys.exit(bool({heavy} & set(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert finished.returncode == 0, "a heavy library is imported before any command is known"
    assert time.perf_counter() - started < 5  # measured 0.4 s on an idle core
