"""`recsys train`: learn, measure, record, and put into use what is better."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    JsonOption,
    ModelsOption,
    load_settings,
    training_progress,
    write_json,
)
from recsys.errors import ConfigurationError
from recsys.times import parse_instant

if TYPE_CHECKING:
    from training.material import Material
    from training.pipeline import Outcome

__all__ = ["train"]


def train(
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with a canonical data set; default: the store."),
    ] = None,
    database: DatabaseOption = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Learn strictly before; default: after the last event."),
    ] = None,
    test_days: Annotated[
        int, typer.Option(min=1, help="Last days, on which the model is measured.")
    ] = 14,
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hyper-parameters; default MODELS/recipes/default.toml."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same data and seed, same model.")] = 0,
    no_promote: Annotated[
        bool, typer.Option("--no-promote", help="Register only; the champion stays.")
    ] = False,
    despite_data: Annotated[
        bool, typer.Option("--despite-data", help="Learn from data that does not look right.")
    ] = False,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model, measure it on the last weeks, and let it replace the champion if it is better.

    A model fitted on the time before the last weeks ranks every choice in them, beside the
    baselines and the champion. The model fitted on everything is recorded in MLflow as challenger.
    Before anything is fit the data is checked; what would be learned as the truth stops it.

    Example: recsys train --data data/ --test-days 14
    """
    from training.pipeline import Plan
    from training.pipeline import train as run
    from training.recipe import find_recipe

    models_dir = models_dir or load_settings().models_dir
    hyper_parameters = find_recipe(models_dir, recipe)
    material = _material(data, database, parse_instant(until) if until else None, test_days)
    plan = Plan(
        material, hyper_parameters, models_dir, seed, may_promote=not no_promote,
        despite_data=despite_data,
    )  # fmt: skip
    with training_progress() as progress:
        outcome = run(plan, at=datetime.now(UTC), progress=progress)
    if as_json:
        write_json(_as_dict(outcome, material))
    else:
        _show(outcome)
    if material.n_rejected:
        raise typer.Exit(EXIT_REJECTED)


def _material(
    data: Path | None, database: str | None, until: datetime | None, test_days: int
) -> "Material":
    from training.material import from_directory, from_store

    if data is None:
        url = database or load_settings().database_url
        return from_store(url, until=until, test_days=test_days)
    if database is not None:
        raise ConfigurationError(
            "--data and --database were both given; pass the one to learn from"
        )
    return from_directory(data, until=until, test_days=test_days)


def _as_dict(outcome: "Outcome", material: "Material") -> dict[str, Any]:
    from recsys.evaluation.report import summary_json
    from training.data_checks.findings import as_json
    from training.report import verdict_json

    evaluation = outcome.trial.evaluation
    return {
        "run_id": outcome.run_id,
        "model_version": outcome.model.version,
        "registered_version": outcome.registered_version,
        "is_champion": outcome.is_champion,
        "notes": [*outcome.model.notes, *evaluation.notes.values()],
        "data": material.digest(),
        "findings": as_json(outcome.findings),
        "verdict": verdict_json(outcome.trial.verdict),
        "evaluation": summary_json(evaluation.summary),
        "seconds": outcome.seconds,
    }


def _show(outcome: "Outcome") -> None:
    from recsys.evaluation.report import summary_table

    verdict = outcome.trial.verdict
    Console().print(summary_table(outcome.trial.evaluation.summary))
    found = [finding.sentence for finding in outcome.findings]
    for sentence in (*found, *verdict.reasons, verdict.personalisation, *outcome.model.notes):
        typer.echo(f"- {sentence}")
    for check in verdict.checks:
        if check.passed is None:
            typer.echo(f"- {check.name} was not checked: {check.sentence}")
    role = "champion" if outcome.is_champion else "challenger"
    typer.echo(
        f"Model {outcome.model.version} is registered version {outcome.registered_version}, {role}"
    )
