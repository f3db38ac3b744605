"""`recsys train`: learn, measure, record, and put into use what is better."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    DataOption,
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
    from training.pipeline import Outcome, Plan

__all__ = ["train"]


def train(
    *,
    data: DataOption = None,
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
    tune: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="First try N other recipes on the weeks before the last days."
        ),
    ] = None,
    tune_seconds: Annotated[
        float | None, typer.Option(min=0, help="With --tune: begin no attempt that ends later.")
    ] = None,
    no_promote: Annotated[
        bool, typer.Option("--no-promote", help="Register only; the champion stays.")
    ] = False,
    incremental: Annotated[
        bool,
        typer.Option(
            "--incremental/--full", help="Build on the rows of the last run, or take all anew."
        ),
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
    With --tune (extra `tune`) the recipe is searched for first, in what came before the last weeks;
    another one is used only if it gains more than luck. A search that was stopped goes on.

    A run that was interrupted and is started again with the same data goes on where it was. With
    --incremental it takes a fraction of the time; where that is impossible it says why and is full.

    Example: recsys train --data data/ --test-days 14
    """
    from training.pipeline import Plan, tune_first
    from training.pipeline import train as run
    from training.recipe import find_recipe
    from training.tuning import Budget

    models_dir = models_dir or load_settings().models_dir
    hyper_parameters = find_recipe(models_dir, recipe)
    material = _material(data, database, parse_instant(until) if until else None, test_days)
    if tune_seconds is not None and tune is None:
        raise ConfigurationError("--tune-seconds says how long --tune may take; pass --tune N too")
    at = datetime.now(UTC)
    plan = Plan(
        material, hyper_parameters, models_dir, seed, may_promote=not no_promote,
        incremental=incremental, despite_data=despite_data,
    )  # fmt: skip
    with training_progress() as progress:
        if tune is not None:
            plan = tune_first(plan, Budget(tune, tune_seconds), at=at, progress=progress)
        outcome = run(plan, at=at, progress=progress)
    if as_json:
        write_json(_as_dict(outcome, plan))
    else:
        _show(outcome, plan)
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


def _as_dict(outcome: "Outcome", plan: "Plan") -> dict[str, Any]:
    from recsys.evaluation.report import summary_json
    from training.data_checks.findings import as_json
    from training.report import verdict_json
    from training.tuning_report import tuned_json

    evaluation = outcome.trial.evaluation
    return {
        "run_id": outcome.run_id,
        "model_version": outcome.model.version,
        "registered_version": outcome.registered_version,
        "is_champion": outcome.is_champion,
        "mode": "incremental" if outcome.is_incremental else "full",
        "notes": [*_notes(outcome), *evaluation.notes.values()],
        "data": plan.material.digest(),
        "findings": as_json(outcome.findings),
        "verdict": verdict_json(outcome.trial.verdict),
        "evaluation": summary_json(evaluation.summary),
        "tuned": None if plan.tuned is None else tuned_json(plan.tuned),
        "seconds": outcome.seconds,
    }


def _notes(outcome: "Outcome") -> list[str]:
    reason = outcome.full_because
    return [*([] if reason is None else [f"a full run: {reason}"]), *outcome.model.notes]


def _show(outcome: "Outcome", plan: "Plan") -> None:
    from recsys.evaluation.report import summary_table
    from training.tuning_report import evidence

    verdict = outcome.trial.verdict
    Console().print(summary_table(outcome.trial.evaluation.summary))
    found = [finding.sentence for finding in outcome.findings]
    for sentence in (*found, *verdict.reasons, verdict.personalisation, *_notes(outcome)):
        typer.echo(f"- {sentence}")
    for check in verdict.checks:
        if check.passed is None:
            typer.echo(f"- {check.name} was not checked: {check.sentence}")
    if plan.tuned is not None:
        typer.echo(evidence(plan.tuned), nl=False)
        used = "the tuned one" if plan.tuned.is_better else "the one it started from"
        typer.echo(f"The recipe that was used is {used}.")
    role = "champion" if outcome.is_champion else "challenger"
    typer.echo(
        f"Model {outcome.model.version} is registered version {outcome.registered_version}, {role}"
    )
