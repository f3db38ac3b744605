"""The trial: a model fitted on the past walks through the last weeks beside all it must beat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.engine import Engine
from recsys.errors import ModelError
from recsys.evaluation.data import EvaluationData, prepare
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.protocol import Ranks, Scorer
from recsys.evaluation.run import Evaluation, run_evaluation
from recsys.event_columns import EventColumns
from recsys.features.groups import GROUPS
from recsys.features.matrix import FEATURE_NAMES
from recsys.fitting import Progress, Recipe
from recsys.interactions import find_targets
from recsys.model import Model
from recsys.ranker.lambdarank import RankerRecipe, fit_ranker
from recsys.ranker.ranker import Ranker
from recsys.ranker.training_rows import TrainingRows
from recsys.registry import check_model, read_champion
from recsys.scoring import LiveScorer
from recsys.state.live import LiveState
from recsys.times import to_micros
from training.ablation import GroupLoss
from training.gate import CHAMPION, WITHOUT_TASTE, Verdict, best_baseline, judge
from training.gate_checks import Check, for_whom
from training.groups import slice_groups, style_groups
from training.latency import Timed, check_latency
from training.leaks import check_generalisation, check_provenance, held_back_ndcg
from training.material import Material
from training.probes import Probes
from training.reliability import Calibrated

__all__ = [
    "MAX_TARGETS",
    "TASTE_GROUPS",
    "Challenger",
    "Rival",
    "Trial",
    "Walk",
    "champion_now",
    "judged",
    "run_trial",
    "walk",
    "without_taste",
]

MAX_TARGETS = 1_500
"""Choices that are ranked; their NDCG@10 is known to about 0.02, a paired difference to 0.013."""

TASTE_GROUPS = ("colleagues", "author", "topic", "origin", "text", "co_reading", "affinity")
"""Feature groups that tell one employee's or one group's interests from another's.

What is left is alike for all, or a habit that fits any content: how often somebody comes, and what
has already been on their screen.
"""


_NOT_MEASURED = "what personalisation adds is measured by the next full run"


@dataclass(frozen=True, slots=True)
class Trial:
    """What the evaluation found and what follows for the model."""

    evaluation: Evaluation
    verdict: Verdict
    losses: tuple[GroupLoss, ...]
    """What each feature group is worth, largest first; empty without a ranker."""
    calibrated: Calibrated | None
    """None without a ranker or without choices."""


class _RankerUnderTest:
    """Other trees over the same features as the engine under test."""

    def __init__(self, name: str, ranker: Ranker, scorer: LiveScorer) -> None:
        self.name = name
        self._ranker = ranker
        self._scorer = scorer

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the ranker's scores."""
        return self._scorer.shortlist(employee, candidates, at).scores(self._ranker)


class _Champion:
    """The model in use, which ranks from the state of the engine under test."""

    name = CHAMPION

    def __init__(self, model: Model, state: LiveState) -> None:
        self.scorer = LiveScorer(model, state)

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the model's scores."""
        return self.scorer.score(employee, candidates, at)


@dataclass(frozen=True, slots=True)
class Rival:
    """The champion to compare with, or why there is none."""

    model: Model | None
    note: str | None = None

    @classmethod
    def of(cls, models_dir: Path, champion: Mapping[str, str | None]) -> "Rival":
        """Read the model of what :func:`champion_now` once returned."""
        if champion["model_dir"] is None:
            return cls(None, champion["note"])
        directory = models_dir / champion["model_dir"]
        try:
            check_model(directory)
            return cls(Model.read(directory))
        except ModelError as error:
            return cls(None, f"the champion cannot be used: {error}")


@dataclass(frozen=True, slots=True)
class Challenger:
    """A fitted engine, and what the trial has to know of how it was fitted."""

    engine: Engine
    alike: Ranker | None
    """The same ranker without taste."""
    last_question_at: int | None = None
    """When the latest row of the ranker was taken, microseconds; None where nobody looked."""
    held_back: float | None = None
    """NDCG@10 on rows held back (:func:`training.leaks.held_back_ndcg`)."""

    @classmethod
    def fit(
        cls, material: Material, *, recipe: Recipe, seed: int, progress: Progress
    ) -> "Challenger":
        """Fit on what was known before the split."""
        seen: list[tuple[Ranker | None, int | None, float | None]] = []

        def look(rows: TrainingRows) -> None:
            alike = without_taste(rows, recipe.ranker, seed)
            seen.append((alike, rows.last_at, held_back_ndcg(rows, recipe.ranker, seed=seed)))

        engine = Engine.fit(
            material.dataset, material.split, recipe=recipe, seed=seed, progress=progress,
            inspect=look,
        )  # fmt: skip
        return cls(engine, *seen[0])


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found on the way through the last weeks, before anything is judged."""

    evaluation: Evaluation
    losses: tuple[GroupLoss, ...]
    calibrated: Calibrated | None
    checks: tuple[Check, ...]
    """What the gate looks at beside the figures."""
    champion_until: datetime | None
    """When the champion's knowledge ends; None if there is none to compare with."""
    champion_note: str | None
    """Why there is none, if one exists."""
    trained_until: datetime
    """When the knowledge of the model on trial ends: where the test begins."""
    is_thorough: bool = True
    """Whether what only the model card tells was walked along."""


def run_trial(
    material: Material, *, recipe: Recipe, models_dir: Path, seed: int, progress: Progress
) -> Trial:
    """Fit on what was known before the split, rank the choices after it, and judge."""
    challenger = Challenger.fit(material, recipe=recipe, seed=seed, progress=progress)
    champion = Rival.of(models_dir, champion_now(models_dir))
    return judged(walk(material, challenger, champion, seed=seed, progress=progress), seed)


def walk(
    material: Material, challenger: Challenger, champion: Rival, *, seed: int,
    progress: Progress, is_thorough: bool = True,
) -> Walk:  # fmt: skip
    """Rank the choices after the split with an engine that knows only what was before it.

    Beside the baselines run the champion, if there is one, and the same ranker without taste.
    Unless ``is_thorough``, what only the model card tells is left out: daily refitted baselines,
    and what each feature group is worth.
    """
    engine = challenger.engine
    others: list[Scorer] = []
    if challenger.alike is not None:
        others.append(_RankerUnderTest(WITHOUT_TASTE, challenger.alike, engine.scorer))
    beside = None if champion.model is None else _Champion(champion.model, engine.state)
    timed = None if beside is None else Timed(beside)
    probes = Probes.of(
        engine, seed, None if beside is None else beside.scorer, with_groups=is_thorough
    )
    under_test = EngineUnderTest(engine, material.dataset)
    own = Timed(under_test)
    scorers = [own, *others, *([] if timed is None else [timed])]
    data, evaluation = _walk(
        material, under_test, scorers, probes, seed, progress, is_thorough=is_thorough
    )
    log = engine.state.catalogue.encode(_tested(material))
    until = None if champion.model is None else champion.model.trained_until
    ranks = evaluation.ranks
    unseen = ranks.targets.occurred_at >= (0 if until is None else to_micros(until))
    checks = (
        check_provenance(engine.model, challenger.last_question_at, material.split),
        check_generalisation(challenger.held_back, ranks.rank[:, 0]),
        *_for_whom(ranks, data, engine, log, unseen, material, seed),
        probes.calibration(ranks, log),
        check_latency(own.ms, None if timed is None else timed.ms),
    )
    results = probes.results(evaluation, log, seed)
    return Walk(
        evaluation, *results, checks, until, champion.note, engine.model.trained_until,
        is_thorough,
    )  # fmt: skip


def judged(walked: Walk, seed: int) -> Trial:
    """Return the trial with its verdict."""
    until = walked.champion_until
    verdict = judge(
        walked.evaluation.ranks,
        champion_until=None if until is None else to_micros(until),
        champion_note=walked.champion_note,
        seed=seed,
        checks=walked.checks,
    )
    if not walked.is_thorough:  # plain popularity is too weak a reference
        verdict = replace(verdict, personalisation=_NOT_MEASURED)
    if until is not None and until > walked.trained_until:
        verdict = replace(verdict, reasons=(*verdict.reasons, _handicap(walked, until)))
    return Trial(walked.evaluation, verdict, walked.losses, walked.calibrated)


def _handicap(walked: Walk, champion_until: datetime) -> str:
    days = (champion_until - walked.trained_until) / timedelta(days=1)
    return (
        f"the model on trial has learned from {days:.1f} days less than the champion, the one that "
        "is registered from all of them: part of a difference may be that"
    )


def _for_whom(
    ranks: Ranks, data: EvaluationData, engine: Engine, log: EventColumns,
    unseen: npt.NDArray[np.bool_], material: Material, seed: int,
) -> tuple[Check, Check]:  # fmt: skip
    """Compare by groups with the champion, or for information with the best baseline."""
    catalogue, split = engine.state.catalogue, to_micros(material.split)
    known = ranks.select(unseen)
    slices = slice_groups(known, data, catalogue, log)
    styles = style_groups(known.targets, catalogue, split)
    has_champion = CHAMPION in ranks.models
    reference = CHAMPION if has_champion else best_baseline(ranks)
    found = for_whom(
        known.rank[:, 0], known.rank[:, known.models.index(reference)], known.targets.employee,
        slices, styles, reference=reference, seed=seed,
    )  # fmt: skip
    if has_champion:
        return found
    told = [replace(c, passed=None, sentence=f"for information: {c.sentence}") for c in found]
    return told[0], told[1]


def without_taste(rows: TrainingRows, recipe: RankerRecipe, seed: int) -> Ranker | None:
    """Fit a ranker that cannot tell tastes apart; None where there is too little to learn from.

    The columns of :data:`TASTE_GROUPS` are unknown in every row, so no tree splits on them and the
    ranker can score complete rows as they are.
    """
    taste = {c for group in GROUPS if group.name in TASTE_GROUPS for c in group.columns}
    features = rows.features.copy()
    features[:, [name in taste for name in FEATURE_NAMES]] = np.nan
    return fit_ranker(replace(rows, features=features), recipe=recipe, seed=seed)


def champion_now(models_dir: Path) -> dict[str, str | None]:
    """Return where the champion's model is, or why it cannot be told; as JSON values."""
    try:
        champion = read_champion(models_dir)
    except ModelError as error:
        return {"model_dir": None, "note": f"the champion cannot be used: {error}"}
    return {"model_dir": None if champion is None else champion.release.model_dir, "note": None}


def _walk(
    material: Material, under_test: EngineUnderTest, scorers: list[Scorer], probes: Probes,
    seed: int, progress: Progress, *, is_thorough: bool,
) -> tuple[EvaluationData, Evaluation]:  # fmt: skip
    data = prepare(
        material.dataset,
        train_until=material.split,
        employees=under_test.catalogue.employees.ids,
        contents=under_test.catalogue.contents.ids,
    )
    targets = find_targets(data.log, to_micros(material.split), to_micros(material.until))
    return data, run_evaluation(
        data, under_test, scorers,
        train_until=material.split, until=material.until, seed=seed, max_targets=MAX_TARGETS,
        probes=probes.scorers, is_thorough=is_thorough,
        progress=_counting(progress, min(len(targets), MAX_TARGETS)),
    )  # fmt: skip


def _tested(material: Material) -> pd.DataFrame:
    """Return the events of the test window."""
    events = material.dataset["events"]
    at = events["occurred_at"]
    return events[(at >= material.split) & (at < material.until)]


def _counting(progress: Progress, total: int) -> Callable[[], None]:
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        progress("evaluate", done, total)

    return one_more
