"""`recsys loop`: a simulated company lives for weeks with serving, nightly training, promotion."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from recsys.commands._shared import JsonOption, progress_bar, write_json, write_table
from recsys.commands.simulate import WorldKind

if TYPE_CHECKING:
    from recsys.fitting import Recipe
    from training.loop.plan import LoopPlan
    from training.loop.results import Change, LoopResult

__all__ = ["loop"]

_BEATABLE = ("newest_first", "popular")
"""The clairvoyant is in the first table to say how much there is to win."""


def loop(
    *,
    world: Annotated[
        WorldKind, typer.Option(help="How much taste differs from person to person.")
    ] = WorldKind.STRONG,
    weeks: Annotated[int, typer.Option(min=1, help="Weeks under the engine.")] = 8,
    employees: Annotated[int, typer.Option(min=30, help="Size of the company.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same figures.")] = 1,
    history_weeks: Annotated[
        int, typer.Option(min=2, help="Weeks under the old portal, before.")
    ] = 6,
    nights_apart: Annotated[int, typer.Option(min=1, help="Days between two trainings.")] = 1,
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hyper-parameters; default: a small recipe of its own."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A new folder for models, CSV, JSON and a picture."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Let a simulated company live with the engine, and see week by week what comes of it.

    After some weeks under its old portal the engine serves every visit, exploring; each night all
    that has happened is trained on, and what passes the gate serves from the morning on. The same
    company lives the same weeks under newest first, under popularity, and under somebody who knows
    everybody's mind. Nobody in it exists, and no other model store is touched.

    Example: recsys loop --world strong --weeks 8 --out data/loop
    """
    from training.loop.plan import LoopPlan

    plan = LoopPlan(
        _recipe(recipe), world.value, weeks, employees, seed, history_weeks, nights_apart
    )
    if out is not None:
        result = _run(plan, out)
    else:
        with TemporaryDirectory() as folder:
            result = _run(plan, Path(folder))
    if as_json:
        from training.loop.results import as_json as told

        write_json(told(result))
    else:
        _show(result)


def _recipe(path: Path | None) -> "Recipe":
    from training.loop.recipe import LOOP_RECIPE
    from training.recipe import read_recipe

    return LOOP_RECIPE if path is None else read_recipe(path)


def _run(plan: "LoopPlan", folder: Path) -> "LoopResult":
    from training.loop.files import write_files
    from training.loop.results import result_of
    from training.loop.run import live_through

    with progress_bar("days", 7 * plan.weeks) as advance:
        lived = live_through(plan, folder / "models", progress=advance)
    result = result_of(plan, lived)
    write_files(result, folder)
    return result


def _show(result: "LoopResult") -> None:
    plan, console = result.plan, Console()
    lives = list(result.levels)
    write_table(
        f"World {plan.world}, seed {plan.seed}: {plan.weeks} weeks, {result.n_visitors} visitors, "
        f"{result.n_silent} of them silent, {result.n_pages:,} pages",
        ["figure", *lives],
        [[name, *(_level(result.levels[life][name]) for life in lives)] for name in _names(result)],
    )
    write_table(
        "recsys against its peers, with 95 % intervals over employees "
        f"(popular: half-life {result.half_life})",
        ["figure", *_BEATABLE],
        [
            [name, *(_change(result.changes[peer][name]) for peer in _BEATABLE)]
            for name in _names(result)
        ],
    )
    for name in ("completions", "regret"):
        write_table(
            f"{name} by week",
            ["week", *lives],
            [
                [str(week + 1), *(_level(result.weeks[life][week][name]) for life in lives)]
                for week in range(plan.weeks)
            ],
        )
    promoted = [night for night in result.nights if night.is_champion]
    console.print(f"{len(result.nights)} nights, {len(promoted)} promotions:")
    for night in promoted:
        console.print(f"- {night.at:%Y-%m-%d} {night.model_version}: {'; '.join(night.reasons)}")
    spent = ", ".join(f"{life} {seconds:.0f} s" for life, seconds in result.seconds.items())
    nights = sum(night.seconds for night in result.nights)
    console.print(f"Time: {spent}; of it nights {nights:.0f} s")


def _names(result: "LoopResult") -> list[str]:
    return list(next(iter(result.levels.values())))


def _level(value: float) -> str:
    return f"{value:.3f}"


def _change(change: "Change") -> str:
    if change.value != change.value:  # NaN: the peer has none of it
        return "–"
    return f"{change.value:+.1%} ({change.low:+.1%} to {change.high:+.1%})"
