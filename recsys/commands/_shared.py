"""What the commands have in common: options, exit codes, answers for people and for machines."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    from recsys.settings import Settings

__all__ = [
    "EXIT_FAILED",
    "EXIT_REJECTED",
    "DataOption",
    "DatabaseOption",
    "JsonOption",
    "ModelsOption",
    "load_settings",
    "progress_bar",
    "training_progress",
    "write_json",
    "write_table",
]

EXIT_FAILED = 1
"""0 is done, 2 is wrong use (Typer gives both)."""
EXIT_REJECTED = 3
"""Finished, but some rows were rejected."""

JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output, for machines.")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Folder with a canonical data set; default: the store."
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="The store; default RECSYS_DATABASE_URL."),
]
ModelsOption = Annotated[
    Path | None,
    typer.Option("--models-dir", metavar="DIR", help="Models; default RECSYS_MODELS_DIR."),
]


def load_settings() -> "Settings":
    """Read the settings; :class:`ConfigurationError` names the one that has no usable value."""
    from pydantic import ValidationError

    from recsys.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "RECSYS_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(
            f"the setting {name} is {first['input']!r}: {first['msg']}; correct or unset it"
        ) from None


def write_json(answer: object) -> None:
    """Write one strict JSON object and a line end to standard output; NaN is a defect."""
    sys.stdout.write(json.dumps(answer, allow_nan=False, ensure_ascii=False) + "\n")


def write_table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Write a table for people to standard output; numbers stand to the right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for index, name in enumerate(header):
        is_number = index > 0 and all(row[index][:1].isdigit() for row in rows)
        table.add_column(name, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@contextmanager
def progress_bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that takes the number of units done since its last call.

    The bar is drawn on standard error, and only on a terminal.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(label, total=total)
        yield lambda done: progress.advance(task, done)


@contextmanager
def training_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that takes a training step's name, the units done and those in all.

    One bar a step, on standard error, and only on a terminal.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        yield show
