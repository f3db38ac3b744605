"""`recsys train` as steps: evaluate → fit → log → store → register → promote.

Nothing is registered before everything else is in place, so a run that is stopped at any moment
leaves at most an unfinished MLflow run and a model directory that nothing points at.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from recsys.engine import Engine
from recsys.fitting import Progress, Recipe
from recsys.model import Model
from recsys.registry import champion_bundle, store_model
from recsys.segments.model import SegmentModel
from training.digests import run_key, tables_of
from training.material import Material
from training.recording import record
from training.releases import promote
from training.report import write_report
from training.tracking import Tracking
from training.trial import Trial, run_trial
from training.tuning import DATABASE, Budget, Tuned, past_windows, tune

__all__ = ["Outcome", "Plan", "train", "tune_first"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to learn from, how, and where the result goes."""

    material: Material
    recipe: Recipe
    models_dir: Path
    seed: int = 0
    may_promote: bool = True
    tuned: Tuned | None = None
    """How the recipe was found, if it was searched for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training run produced."""

    run_id: str
    model: Model
    registered_version: int
    is_champion: bool
    trial: Trial
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


def tune_first(plan: Plan, budget: Budget, progress: Progress) -> Plan:
    """Return the plan with the recipe that the past before the test window speaks for."""
    tuned = tune(
        plan.material.dataset, past_windows(plan.material), recipe=plan.recipe, budget=budget,
        seed=plan.seed, progress=progress, database=plan.models_dir / DATABASE,
    )  # fmt: skip
    return replace(plan, recipe=tuned.chosen, tuned=tuned)


def train(plan: Plan, *, at: datetime, progress: Progress) -> Outcome:
    """Run all steps; ``at`` is the moment a promotion is dated."""
    clock = _Clock()
    with clock.step("evaluate"):
        trial = run_trial(
            plan.material, recipe=plan.recipe, models_dir=plan.models_dir, seed=plan.seed,
            progress=progress,
        )  # fmt: skip
    with clock.step("fit"):
        model = _fit(plan, progress)
    tables = tables_of(plan.material)
    tracking = Tracking(plan.models_dir)
    key = run_key(tables, plan.material, plan.recipe, plan.seed, model.version)
    run_id = tracking.find_or_start(model.version, key)
    try:
        with clock.step("log"):
            directory = store_model(plan.models_dir, model)
            with TemporaryDirectory() as folder:
                write_report(Path(folder), model, plan.material, trial)
                record(
                    tracking, run_id, material=plan.material, tables=tables, recipe=plan.recipe,
                    seed=plan.seed, model=model, model_directory=directory, trial=trial,
                    report=Path(folder), seconds=clock.seconds, tuned=plan.tuned,
                )  # fmt: skip
        number = tracking.register(run_id, model.version)
    except BaseException:
        tracking.finish(run_id, "FAILED")
        raise
    tracking.finish(run_id, "FINISHED")
    is_champion = plan.may_promote and trial.verdict.decision == "promote"
    if is_champion:
        promote(tracking, plan.models_dir, number, at=at)
    return Outcome(run_id, model, number, is_champion, trial, clock.seconds)


def _fit(plan: Plan, progress: Progress) -> Model:
    """Fit the model that will serve, on everything; segments keep the champion's names."""
    champion = champion_bundle(plan.models_dir)
    return Engine.fit(
        plan.material.dataset, plan.material.until, recipe=plan.recipe, seed=plan.seed,
        progress=progress, previous=None if champion is None else SegmentModel.read(champion),
    ).model  # fmt: skip
