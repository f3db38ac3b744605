"""The schedules of docs/nightly.md call commands and options that exist."""

import re
import shlex
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

TEXT = (Path(__file__).parents[2] / "docs" / "nightly.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {
        found.strip().replace("%i", mode)
        for found in re.findall(r"recsys (?:train|rollback|promote)\b[^\n`>#]*", TEXT)
        for mode in ("incremental", "full")
    }
)


def test_commands_are_found() -> None:
    assert {"recsys train --incremental --json", "recsys train --full", "recsys rollback"} <= set(
        COMMANDS
    )


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_can_be_parsed(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    (point,) = entry_points(group="recsys.commands", name=name)
    app = typer.Typer()
    app.command()(point.load())
    command = typer.main.get_command(app)
    command.make_context(name, arguments, resilient_parsing=False)


def test_timers_start_a_service_that_is_there() -> None:
    for unit in re.findall(r"Unit=(\S+)@\w+\.service", TEXT):
        assert f"{unit}@.service`" in TEXT
