"""`recsys experiment assign`: which variant every unit gets."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import EXIT_REJECTED, JsonOption, write_json, write_table
from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    from experiments.assignment import Assignment

__all__ = ["assign", "parse_weights"]


def assign(
    *,
    experiment: Annotated[str, typer.Option(metavar="KEY", help="Seed of the hash.")],
    units: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="CSV or Parquet, or one unit a line.",
        ),
    ],
    unit: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of the units; default: employee_id …")
    ] = None,
    variants: Annotated[
        str,
        typer.Option(metavar="A,B|A=W,B=W", help="Equal shares unless given."),
    ] = "control,treatment",
    coverage: Annotated[
        float, typer.Option(help="Share of all units that takes part; raising it moves nobody.")
    ] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Tell the variant of every unit by hash, the same on every machine.

    The hash is GrowthBook's, version 2, so its SDKs agree. A unit outside the coverage has no
    variant. Rows without an id are counted and left out (exit code 3).

    Example: recsys experiment assign --experiment digest-subject --units employees.csv --json
    """
    from experiments.assignment import assign_by_hash
    from experiments.hashing import HashedVariants
    from experiments.units import read_units

    try:
        hashed = HashedVariants(experiment, parse_weights(variants), coverage)
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from None
    listed = read_units(units, unit)
    assignments = assign_by_hash(hashed, listed.units)
    if as_json:
        write_json({"assignments": [asdict(assignment) for assignment in assignments]})
    else:
        _show(experiment, assignments)
    repeated = len(listed.units) - len(assignments)
    if repeated:
        typer.echo(f"{repeated} rows repeat a unit; each unit is told once.", err=True)
    if listed.n_empty:
        typer.echo(f"{listed.n_empty} rows have no unit and were left out.", err=True)
        raise typer.Exit(EXIT_REJECTED)


def parse_weights(text: str) -> dict[str, float]:
    """Return variant → share from ``a,b`` (equal shares) or ``a=0.2,b=0.8``.

    Raises
    ------
    ConfigurationError
        If there are fewer than two variants, one comes twice, or a share is no number or missing.
    """
    pairs = [part.partition("=") for part in text.split(",")]
    names = [name.strip() for name, _, _ in pairs]
    if len(names) < 2 or "" in names or len(set(names)) < len(names):
        raise ConfigurationError(
            f"the variants are {text!r}, expected two or more different names (control,treatment)"
        )
    if not any(equals for _, equals, _ in pairs):
        return dict.fromkeys(names, 1 / len(names))
    try:
        return {name: float(share) for name, (_, _, share) in zip(names, pairs, strict=True)}
    except ValueError:
        raise ConfigurationError(
            f"the variants are {text!r}, expected a share for each (control=0.5,treatment=0.5)"
        ) from None


def _show(experiment: str, assignments: "list[Assignment]") -> None:
    counts = Counter(assignment.variant for assignment in assignments)
    rows = [
        ["(not covered)" if variant is None else variant, f"{n:,}", f"{n / len(assignments):.1%}"]
        for variant, n in sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or ""))
    ]
    write_table(f"{experiment}: {len(assignments):,} units", ["variant", "units", "share"], rows)
    typer.echo("--json tells the variant of every unit.")
