"""`recsys train` as named steps, each of which may be the last one before the power goes.

load → validate → affinities → replay → ranker → formats → evaluate → gate → card → register →
promote. What is costly lies in the run's work folder; nothing is registered before everything else
is in place, a run has one entry in MLflow and one version however often it was begun, and serving
learns of a model last.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import structlog

from recsys.engine import Engine
from recsys.fitting import Affinities, Formats, Progress, Recipe, fit_affinities, fit_formats
from recsys.model import Model
from recsys.ranker.ranker import Ranker
from recsys.registry import store_model
from recsys.times import to_micros
from training.data_checks.findings import Finding
from training.digests import digest_of, run_key, tables_of
from training.history import History
from training.kept_rows import (
    KeptRows,
    keep_calibration,
    kept_calibration,
    read_kept,
    why_not,
)
from training.learning import final_model, fit_rankers, trial_model
from training.material import Material
from training.recipe import flatten
from training.recording import record
from training.releases import promote
from training.report import write_report
from training.rows import Wanted, everything, new_choices, take
from training.steps import Steps
from training.tracked import Table
from training.tracking import Tracking
from training.trial import Challenger, Rival, Trial, champion_now, judged, walk
from training.tuning import DATABASE, Budget, Tuned, past_windows, tune
from training.validation import checked
from training.work import Work, code_digest

__all__ = ["KEPT", "Learned", "Outcome", "Plan", "train", "tune_first"]

KEPT = "rows"
"""Below the models folder: the rows that the next incremental run builds on."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to learn from, how, and where the result goes."""

    material: Material
    recipe: Recipe
    models_dir: Path
    seed: int = 0
    may_promote: bool = True
    incremental: bool = False
    """Take only the rows of new choices, and leave out of the trial what only the card tells."""
    despite_data: bool = False
    """Learn from data that does not look right; the findings are kept."""
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
    findings: tuple[Finding, ...]
    """What is wrong with the data, gravest first."""
    seconds: dict[str, float]
    """Wall-clock time by step."""
    full_because: str | None = None
    """Why an incremental run was a full one all the same; None if it was none, or was not asked."""
    is_incremental: bool = False


@dataclass(frozen=True, slots=True)
class Learned:
    """The models of a run."""

    trial: Model
    alike: Ranker | None
    final: Model
    last_question_at: int | None
    """When the latest row of the ranker on trial was taken, microseconds; None without rows."""
    held_back: float | None
    """NDCG@10 on rows held back (:func:`training.leaks.held_back_ndcg`)."""
    full_because: str | None
    is_incremental: bool


@dataclass(frozen=True)
class _Run:
    """One run on its way."""

    plan: Plan
    history: History
    tables: tuple[Table, ...]
    work: Work
    steps: Steps
    made_by: str
    """Digest of all that rows depend on besides the data."""
    rival: Rival
    """The champion of the run's beginning."""


def tune_first(plan: Plan, budget: Budget, *, at: datetime, progress: Progress) -> Plan:
    """Return the plan with the recipe that the past before the test window speaks for.

    The data is checked first, as by :func:`train`.
    """
    checked(plan.material, at, despite_data=plan.despite_data)
    tuned = tune(
        plan.material.dataset, past_windows(plan.material), recipe=plan.recipe, budget=budget,
        seed=plan.seed, progress=progress, database=plan.models_dir / DATABASE,
    )  # fmt: skip
    return replace(plan, recipe=tuned.chosen, tuned=tuned)


def train(plan: Plan, *, at: datetime, progress: Progress) -> Outcome:
    """Run all steps; ``at`` is the moment a promotion is dated.

    The same plan after an interruption goes on where it was. ``progress`` also hears of the begin
    and the end of every step.
    """
    steps = Steps(progress)
    with steps.step("load"):
        run = _begin(plan, steps)
    with steps.step("validate"):
        findings = checked(plan.material, at, despite_data=plan.despite_data)
    learned = _known(run) or _learn(run)
    with steps.step("evaluate"):
        engine = _engine_on_trial(run, learned.trial)
        challenger = Challenger(engine, learned.alike, learned.last_question_at, learned.held_back)
        walked = walk(
            plan.material, challenger, run.rival, seed=plan.seed, progress=progress,
            is_thorough=not learned.is_incremental,
        )  # fmt: skip
    with steps.step("gate"):
        trial = judged(walked, plan.seed)
    report = _write_card(run, learned.final, trial, findings)
    with steps.step("register"):
        tracking = Tracking(plan.models_dir)
        run_id, number = _register(run, tracking, learned, trial, report)
    is_champion = plan.may_promote and trial.verdict.decision == "promote"
    with steps.step("promote"):
        if is_champion:
            promote(tracking, plan.models_dir, number, at=at)
    _keep_rows(run, learned.trial)
    run.work.close()
    return Outcome(
        run_id, learned.final, number, is_champion, trial, findings, steps.seconds,
        learned.full_because, learned.is_incremental,
    )  # fmt: skip


def _begin(plan: Plan, steps: Steps) -> _Run:
    """Read what there is; an earlier attempt at the same run is taken up again.

    The champion of its beginning stays the one to beat: the run may have been killed after its own
    model was promoted.
    """
    tables, code = tables_of(plan.material), code_digest()
    options = f"incremental {plan.incremental}", f"may promote {plan.may_promote}"
    key = run_key(tables, plan.material, plan.recipe, plan.seed, *options, code)
    recipe = flatten(plan.recipe)
    for_rows = {name: value for name, value in recipe.items() if not name.startswith("ranker.")}
    work = Work.open(plan.models_dir, key)
    if "champion" not in work.notes():
        work.note(champion=champion_now(plan.models_dir))
    rival = Rival.of(plan.models_dir, work.notes()["champion"])
    made_by = digest_of(for_rows, plan.seed, code)
    return _Run(plan, History.of(plan.material), tables, work, steps, made_by, rival)


def _known(run: _Run) -> Learned | None:
    """Return what an interrupted run had learned."""
    trial, final = run.work.model("trial"), run.work.model("final")
    if trial is None or final is None:
        return None
    alike = run.work.model("alike")
    notes = run.work.notes()
    return Learned(
        trial, None if alike is None else alike.ranker, final, notes["last_question_at"],
        notes["held_back"], notes["full_because"], notes["is_incremental"],
    )  # fmt: skip


def _learn(run: _Run) -> Learned:
    """Take rows, or read those an interrupted run took, and fit the models on them.

    Formats and segments need no rows: they are fitted beside all that comes before them.
    """
    plan, steps, seed = run.plan, run.steps, run.plan.seed
    with ThreadPoolExecutor(1) as beside:
        formats = beside.submit(_fit_formats, run)
        with steps.step("affinities"):
            wanted = _wanted(run)
            affinities = _fit_affinities(run, wanted)
        with steps.step("replay"):
            kept = _rows(run, wanted, affinities)
        notes = run.work.notes()
        is_incremental = bool(notes["is_incremental"])
        with steps.step("ranker"):
            rankers = fit_rankers(
                kept, run.history, recipe=plan.recipe, seed=seed, with_alike=not is_incremental,
                calibration=kept_calibration(plan.models_dir / KEPT) if is_incremental else None,
            )  # fmt: skip
        with steps.step("formats"):
            trial = trial_model(run.history, rankers.trial, affinities, plan.recipe, seed)
            final = final_model(
                run.history, rankers, affinities, formats.result(), plan.recipe, seed
            )
            run.work.note(last_question_at=rankers.last_question_at, held_back=rankers.held_back)
            run.work.write("alike", replace(trial, ranker=rankers.alike).write)
            run.work.write("trial", trial.write)
            run.work.write("final", final.write)
    return Learned(
        trial, rankers.alike, final, rankers.last_question_at, rankers.held_back,
        notes["full_because"], is_incremental,
    )  # fmt: skip


def _fit_formats(run: _Run) -> Formats:
    """Fit formats and segments; segments keep the champion's names."""
    previous = None if run.rival.model is None else run.rival.model.segments
    until = to_micros(run.history.until)
    return fit_formats(run.history.log, run.history.catalogue, until, previous)


def _wanted(run: _Run) -> Wanted | None:
    """Decide which rows to take, and note why; None if an interrupted run took them."""
    if run.work.holds("rows") is not None:
        return None
    wanted, full_because = _to_build_on(run) if run.plan.incremental else (None, None)
    run.work.note(is_incremental=wanted is not None, full_because=full_because)
    if full_because is not None:
        _log.warning("full_training", because=full_because)
    return wanted or everything(run.history, run.plan.recipe, run.made_by)


def _to_build_on(run: _Run) -> tuple[Wanted | None, str | None]:
    """Return what is wanted beside the rows that are kept, or why everything is."""
    kept = read_kept(run.plan.models_dir / KEPT)
    split, until = to_micros(run.history.split), to_micros(run.history.until)
    reason = why_not(kept, made_by=run.made_by, split=split, until=until)
    if kept is None or reason is not None:
        return None, reason
    wanted = new_choices(run.history, run.plan.recipe, kept)
    return (None, wanted) if isinstance(wanted, str) else (wanted, None)


def _fit_affinities(run: _Run, wanted: Wanted | None) -> Affinities:
    """Fit factor models for rows to be taken, for the model on trial and for the final one."""
    ends = (to_micros(run.history.split), to_micros(run.history.until))
    moments = sorted({*ends, *(() if wanted is None else wanted.moments)})
    return fit_affinities(
        run.history.catalogue, run.history.found[0], moments, recipe=run.plan.recipe,
        seed=run.plan.seed, progress=run.steps.progress,
    )  # fmt: skip


def _rows(run: _Run, wanted: Wanted | None, affinities: Affinities) -> KeptRows:
    """Take the rows that are wanted, or read those that an interrupted run took."""
    if wanted is None:
        return KeptRows.read(run.work.folder / "rows")
    kept = take(
        wanted, run.history, affinities, recipe=run.plan.recipe, seed=run.plan.seed,
        progress=run.steps.progress,
    )  # fmt: skip
    run.work.write("rows", kept.write)
    return kept


def _engine_on_trial(run: _Run, model: Model) -> Engine:
    """Return an engine that stands at the split and knows nothing of what comes after it."""
    state = run.history.state(log=run.history.before_split)
    state.advance(to_micros(run.history.split))
    return Engine(model, state, [run.history.before_split])


def _write_card(run: _Run, model: Model, trial: Trial, findings: tuple[Finding, ...]) -> Path:
    """Write model card, tables and plots into the work folder."""
    with run.steps.step("card"):
        return run.work.write(
            "report",
            lambda folder: write_report(folder, model, run.plan.material, trial, findings),
        )


def _register(
    run: _Run, tracking: Tracking, learned: Learned, trial: Trial, report: Path
) -> tuple[str, int]:
    """Put everything into MLflow and register the model last; return run and version."""
    plan, model = run.plan, learned.final
    directory = store_model(plan.models_dir, model)
    run_id = run.work.notes().get("run_id")
    if run_id is None:
        run_id = tracking.find_or_start(model.version, run.work.folder.name)
        run.work.note(run_id=run_id)
    try:
        record(
            tracking, run_id, material=plan.material, tables=run.tables,
            recipe=plan.recipe, seed=plan.seed, model=model, model_directory=directory,
            trial=trial, report=report, seconds=run.steps.seconds, tuned=plan.tuned,
            more={"incremental": learned.is_incremental},
        )  # fmt: skip
        number = tracking.register(run_id, model.version)
    except BaseException:
        tracking.finish(run_id, "FAILED")
        raise
    tracking.finish(run_id, "FINISHED")
    return run_id, number


def _keep_rows(run: _Run, trial: Model) -> None:
    """Leave the rows to the next incremental run, and how to read the scores of trees on them."""
    rows = run.work.holds("rows")
    if rows is None:  # a run that was killed after it left them
        return
    if trial.ranker is not None:
        keep_calibration(rows, trial.ranker.calibration)
    kept = run.plan.models_dir / KEPT
    before = kept.with_name(f"{KEPT}.before")
    shutil.rmtree(before, ignore_errors=True)
    if kept.exists():
        kept.rename(before)
    rows.rename(kept)
    shutil.rmtree(before, ignore_errors=True)
