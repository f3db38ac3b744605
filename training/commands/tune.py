"""`recsys tune`: look for better hyper-parameters within the past."""

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._evaluating import load_dataset
from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    DataOption,
    JsonOption,
    ModelsOption,
    load_settings,
    training_progress,
    write_json,
    write_table,
)
from recsys.errors import ConfigurationError
from recsys.times import parse_instant

if TYPE_CHECKING:
    from training.tuning import Tuned

__all__ = ["tune"]


def tune(
    until: Annotated[str, typer.Option(metavar="TIME", help="Nothing from here on is looked at.")],
    *,
    data: DataOption = None,
    database: DatabaseOption = None,
    trials: Annotated[int, typer.Option(min=1, help="Recipes to try beside the first.")] = 20,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="Begin no attempt that would end later.")
    ] = None,
    origins: Annotated[
        int, typer.Option(min=1, max=100, help="Windows to test on, end to end, before --until.")
    ] = 2,
    window_days: Annotated[int, typer.Option(min=1, max=3_660, help="Length of each.")] = 14,
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Start here; default MODELS/recipes/default.toml."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write here; default MODELS/recipes/tuned.toml."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same data and seed, same answer.")] = 0,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try other hyper-parameters on past weeks, and write them down if they are better.

    Features are collected once; each attempt fits the trees anew for every window, on what was
    known before it. A recipe is written only if it gains more NDCG@10 than the best of as many
    attempts would by luck. Attempts are kept in MODELS/tuning.db: the same command, started again
    after it was stopped, goes on where it was. All are nested runs in MLflow. Needs the extra
    `tune`.

    Example: recsys tune --data data/ --until 2016-10-01 --trials 20 --origins 2
    """
    from recsys.evaluation.origins import windows_before
    from training.recipe import find_recipe
    from training.recording import record_tuning
    from training.tracking import Tracking
    from training.tuning import DATABASE, Budget
    from training.tuning import tune as run
    from training.tuning_report import tuned_json

    if data is not None and database is not None:
        raise ConfigurationError("--data and --database were both given; pass one of them")
    models_dir = models_dir or load_settings().models_dir
    start, end = find_recipe(models_dir, recipe), parse_instant(until)
    windows = windows_before(end, origins, timedelta(days=window_days))
    dataset, n_rejected = load_dataset(data, database)
    with training_progress() as progress:
        tuned = run(
            dataset, windows, recipe=start, budget=Budget(trials, seconds), seed=seed,
            progress=progress, database=models_dir / DATABASE,
        )  # fmt: skip
    record_tuning(Tracking(models_dir), tuned, seed)
    written = _write(tuned, out or models_dir / "recipes" / "tuned.toml", seed)
    if as_json:
        where = None if written is None else str(written)
        write_json(tuned_json(tuned) | {"written": where})
    else:
        _show(tuned, written)
    if n_rejected:
        raise typer.Exit(EXIT_REJECTED)


def _write(tuned: "Tuned", path: Path, seed: int) -> Path | None:
    """Write the best recipe with its evidence; None where there is no better one."""
    from training.recipe import recipe_text
    from training.tuning_report import evidence

    if not tuned.is_better:
        return None
    comment = (
        f"Found by `recsys tune`: best of {len(tuned.attempts) - 1} tried, seed {seed}, "
        f"Optuna {version('optuna')}.\n{evidence(tuned)}"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(recipe_text(tuned.best.recipe, comment), encoding="utf-8")
    return path


def _show(tuned: "Tuned", written: Path | None) -> None:
    from training.recipe import flatten
    from training.tuning_report import evidence

    first, best = flatten(tuned.attempts[0].recipe), flatten(tuned.best.recipe)
    rows = [[key, str(first[key]), str(best[key])] for key in first if first[key] != best[key]]
    if rows:
        write_table("what the best does otherwise", ["hyper-parameter", "first", "best"], rows)
    typer.echo(evidence(tuned), nl=False)
    if written is None:
        typer.echo("Not better beyond luck, so nothing was written.")
    else:
        typer.echo(f"Written to {written}; use it with `recsys train --recipe {written}`")
