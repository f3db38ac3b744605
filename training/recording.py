"""Everything a training run leaves in MLflow, but for the registered version that comes last."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from recsys.fitting import Recipe
from recsys.model import Model
from training.material import Material
from training.recipe import flatten
from training.report import metrics_of, nested_weeks, tested_weeks, week_readings
from training.tracked import Reading, Table
from training.tracking import Tracking
from training.trial import Trial
from training.tuning import Tuned
from training.tuning_report import attempt_readings, evidence, nested_attempts

__all__ = ["record", "record_tuning"]


def record(
    tracking: Tracking, run_id: str, *, material: Material, tables: Sequence[Table],
    recipe: Recipe, seed: int, model: Model, model_directory: Path, trial: Trial, report: Path,
    seconds: Mapping[str, float], tuned: Tuned | None = None,
    more: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Log parameters, figures, the files of ``report``, tables, the model and nested runs.

    ``more`` are further parameters. May be repeated.
    """
    digest = material.digest()
    window = {name: digest[name] for name in ("since", "split", "until")}
    rows = {f"rows.{name}": n for name, n in digest["rows"].items()}
    timing = {f"seconds/{name}": value for name, value in seconds.items()}
    models, weeks = trial.evaluation.ranks.models, tested_weeks(material, trial)
    tracking.log_tables(run_id, tables)
    tracking.log(
        run_id,
        parameters=flatten(recipe) | {"seed": seed} | window | rows | dict(more or {}),
        metrics=metrics_of(trial.evaluation.summary) | timing,
        readings=[*week_readings(models, weeks), *_readings(tuned)],
        tags={"model_version": model.version, "decision": trial.verdict.decision}
        | _tuning_tags(tuned),
        artifacts=report,
        model=model_directory,
    )
    nested = [] if tuned is None else nested_attempts(tuned)
    tracking.log_nested(run_id, [*nested_weeks(models, weeks), *nested])


def record_tuning(tracking: Tracking, tuned: Tuned, seed: int) -> str:
    """Log a tuning that no training follows, as a run of its own; return the run's id."""
    run_id = tracking.start_run(f"tune, until {tuned.windows[-1].until:%Y-%m-%d}")
    with TemporaryDirectory() as folder:
        tracking.log(
            run_id,
            parameters=flatten(tuned.chosen) | {"seed": seed},
            metrics={},
            readings=_readings(tuned),
            tags={"kind": "tuning"} | _tuning_tags(tuned),
            artifacts=Path(folder),
        )
    tracking.log_nested(run_id, nested_attempts(tuned))
    tracking.finish(run_id, "FINISHED")
    return run_id


def _readings(tuned: Tuned | None) -> list[Reading]:
    return [] if tuned is None else attempt_readings(tuned)


def _tuning_tags(tuned: Tuned | None) -> dict[str, str]:
    if tuned is None:
        return {"recipe": "as given"}
    return {"recipe": "tuned" if tuned.is_better else "as given", "tuning": evidence(tuned)}
