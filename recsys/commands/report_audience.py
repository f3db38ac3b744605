"""`recsys report audience`: how many people a rule means."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.commands._engines import open_engine
from recsys.commands._shared import (
    DatabaseOption,
    JsonOption,
    ModelsOption,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from recsys.audience.sizes import AudienceSize

__all__ = ["report_audience"]

_LABELS = {
    "people": "meant",
    "active": "of them, not said to have left",
    "reachable": "with a PC or a mobile",
    "unreachable": "with neither",
    "on_leave": "on leave",
    "opted_out": "opted out of personalisation",
}


def report_audience(
    *,
    rule: Annotated[str, typer.Option(metavar="RULE", help='JSON, as {"department": ["sales"]}.')],
    by: Annotated[
        str | None, typer.Option(metavar="ATTRIBUTE", help="Sizes by an attribute as well.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Written by Engine.save; default: champion.")
    ] = None,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many employees an audience rule means now, and what in it may be a mistake.

    Numbers are multiples of ten; fewer than ten, and what would tell so few, are never shown.

    Example: recsys report audience --rule '{"hire_month": {"gte": "2025-04"}}' --by department
    """
    from recsys.audience.rules import parse_rule
    from recsys.audience.sizes import estimate
    from recsys.reports.suppression import DEFAULT_K
    from recsys.times import to_micros

    wanted = parse_rule(rule)
    engine = open_engine(bundle, database, models_dir)
    catalogue, at = engine.state.catalogue, engine.now
    size = estimate(engine.audiences, catalogue, wanted, to_micros(at), by)
    answer: dict[str, Any] = {"at": at.isoformat(), "suppressed_below": DEFAULT_K} | asdict(size)
    if as_json:
        write_json(answer)
    else:
        _show(size, f"Audience at {answer['at']}", DEFAULT_K)


def _show(size: "AudienceSize", title: str, k: int) -> None:
    if size.message:
        typer.echo(size.message)
    else:
        told = asdict(size)
        write_table(title, ["", "people"], [[_LABELS[n], _number(told[n])] for n in _LABELS])
    if size.groups:
        rows = [[group.value, _number(group.people)] for group in size.groups]
        write_table(f"By {size.by}", [size.by or "", "people"], rows)
    for warning in size.warnings:
        typer.echo(f"check: {warning}")
    typer.echo(f"–: fewer than {k}, or all but fewer than {k}; numbers are multiples of ten")


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
