"""`recsys train` as steps: validate → evaluate → fit → log → store → register → promote.

Nothing is registered before everything else is in place, so a run that is stopped at any moment
leaves at most an unfinished MLflow run and a model directory that nothing points at.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from recsys.engine import Engine
from recsys.fitting import Progress, Recipe
from recsys.model import Model
from recsys.registry import champion_bundle, store_model
from recsys.segments.model import SegmentModel
from training.data_checks.findings import Finding
from training.material import Material
from training.recipe import flatten
from training.releases import promote
from training.report import metrics_of, write_report
from training.tracking import Tracking
from training.trial import Trial, run_trial
from training.validation import checked

__all__ = ["Outcome", "Plan", "train"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to learn from, how, and where the result goes."""

    material: Material
    recipe: Recipe
    models_dir: Path
    seed: int = 0
    may_promote: bool = True
    despite_data: bool = False
    """Learn from data that does not look right; the findings are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training run produced."""

    run_id: str
    model: Model
    registered_version: int
    is_champion: bool
    trial: Trial
    findings: tuple[Finding, ...]
    seconds: dict[str, float]
    """Wall-clock time by step."""


@dataclass(frozen=True, slots=True)
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.seconds[name] = perf_counter() - began


def train(plan: Plan, *, at: datetime, progress: Progress) -> Outcome:
    """Run all steps; ``at`` is the moment a promotion is dated."""
    clock = _Clock()
    with clock.step("validate"):
        findings = checked(plan.material, at, despite_data=plan.despite_data)
    with clock.step("evaluate"):
        trial = run_trial(
            plan.material, recipe=plan.recipe, models_dir=plan.models_dir, seed=plan.seed,
            progress=progress,
        )  # fmt: skip
    with clock.step("fit"):
        model = _fit(plan, progress)
    tracking = Tracking(plan.models_dir)
    run_id = tracking.start_run(model.version)
    try:
        with clock.step("log"):
            directory = store_model(plan.models_dir, model)
            _log(plan, tracking, run_id, model, directory, trial, findings, clock.seconds)
        number = tracking.register(run_id, model.version)
    except BaseException:
        tracking.finish(run_id, "FAILED")
        raise
    tracking.finish(run_id, "FINISHED")
    is_champion = plan.may_promote and trial.verdict.decision == "promote"
    if is_champion:
        promote(tracking, plan.models_dir, number, at=at)
    return Outcome(run_id, model, number, is_champion, trial, findings, clock.seconds)


def _fit(plan: Plan, progress: Progress) -> Model:
    """Fit the model that will serve, on everything; segments keep the champion's names."""
    champion = champion_bundle(plan.models_dir)
    return Engine.fit(
        plan.material.dataset, plan.material.until, recipe=plan.recipe, seed=plan.seed,
        progress=progress, previous=None if champion is None else SegmentModel.read(champion),
    ).model  # fmt: skip


def _log(
    plan: Plan, tracking: Tracking, run_id: str, model: Model, model_directory: Path,
    trial: Trial, findings: tuple[Finding, ...], seconds: dict[str, float],
) -> None:  # fmt: skip
    digest = plan.material.digest()
    window = {name: digest[name] for name in ("since", "split", "until")}
    rows = {f"rows.{name}": n for name, n in digest["rows"].items()}
    timing = {f"seconds/{name}": value for name, value in seconds.items()}
    with TemporaryDirectory() as folder:
        write_report(Path(folder), model, plan.material, trial, findings)
        tracking.log(
            run_id,
            parameters=flatten(plan.recipe) | {"seed": plan.seed} | window | rows,
            metrics=metrics_of(trial.evaluation.summary) | timing,
            artifacts=Path(folder),
            model=model_directory,
        )
