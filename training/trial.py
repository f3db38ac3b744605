"""The trial: a model fitted on the past walks through the last weeks beside all it must beat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.engine import Engine
from recsys.errors import ModelError
from recsys.evaluation.data import prepare
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.protocol import Scorer
from recsys.evaluation.run import Evaluation, run_evaluation
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
from training.gate import CHAMPION, WITHOUT_TASTE, Verdict, judge
from training.material import Material
from training.probes import Probes
from training.reliability import Calibrated

__all__ = [
    "MAX_TARGETS",
    "TASTE_GROUPS",
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


class _ModelUnderTest:
    """A second model that ranks from the state of the engine under test."""

    def __init__(self, name: str, model: Model, state: LiveState) -> None:
        self.name = name
        self._scorer = LiveScorer(model, state)

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the model's scores."""
        return self._scorer.score(employee, candidates, at)


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
class Walk:
    """What was found on the way through the last weeks, before anything is judged."""

    evaluation: Evaluation
    losses: tuple[GroupLoss, ...]
    calibrated: Calibrated | None
    champion_until: datetime | None
    """When the champion's knowledge ends; None if there is none to compare with."""
    champion_note: str | None
    """Why there is none, if one exists."""
    is_thorough: bool = True
    """Whether what only the model card tells was walked along."""


def run_trial(
    material: Material, *, recipe: Recipe, models_dir: Path, seed: int, progress: Progress
) -> Trial:
    """Fit on what was known before the split, rank the choices after it, and judge.

    Beside the baselines run the champion, if there is one, and the same ranker without taste.
    """
    alike: list[Ranker | None] = []
    engine = Engine.fit(
        material.dataset, material.split, recipe=recipe, seed=seed, progress=progress,
        inspect=lambda rows: alike.append(without_taste(rows, recipe.ranker, seed)),
    )  # fmt: skip
    champion = Rival.of(models_dir, champion_now(models_dir))
    walked = walk(material, engine, alike[0], champion, seed=seed, progress=progress)
    return judged(walked, seed)


def walk(
    material: Material, engine: Engine, alike: Ranker | None, champion: Rival, *, seed: int,
    progress: Progress, is_thorough: bool = True,
) -> Walk:  # fmt: skip
    """Rank the choices after the split with an engine that knows only what was before it.

    ``alike`` is the same ranker without taste. Unless ``is_thorough``, what only the model card
    tells is left out: daily refitted baselines, and what each feature group is worth.
    """
    scorers: list[Scorer] = []
    if alike is not None:
        scorers.append(_RankerUnderTest(WITHOUT_TASTE, alike, engine.scorer))
    if champion.model is not None:
        scorers.append(_ModelUnderTest(CHAMPION, champion.model, engine.state))
    probes = Probes.of(engine, seed, with_groups=is_thorough)
    evaluation = _walk(material, engine, scorers, probes, seed, progress, is_thorough=is_thorough)
    log = engine.state.catalogue.encode(_tested(material))
    until = None if champion.model is None else champion.model.trained_until
    results = probes.results(evaluation, log, seed)
    return Walk(evaluation, *results, until, champion.note, is_thorough)


def judged(walked: Walk, seed: int) -> Trial:
    """Return the trial with its verdict."""
    until = walked.champion_until
    verdict = judge(
        walked.evaluation.ranks,
        champion_until=None if until is None else to_micros(until),
        champion_note=walked.champion_note,
        seed=seed,
    )
    if not walked.is_thorough:  # plain popularity is too weak a reference
        verdict = replace(verdict, personalisation=_NOT_MEASURED)
    return Trial(walked.evaluation, verdict, walked.losses, walked.calibrated)


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
    material: Material, engine: Engine, scorers: list[Scorer], probes: Probes, seed: int,
    progress: Progress, *, is_thorough: bool,
) -> Evaluation:  # fmt: skip
    under_test = EngineUnderTest(engine, material.dataset)
    data = prepare(
        material.dataset,
        train_until=material.split,
        employees=under_test.catalogue.employees.ids,
        contents=under_test.catalogue.contents.ids,
    )
    targets = find_targets(data.log, to_micros(material.split), to_micros(material.until))
    return run_evaluation(
        data, under_test, [under_test, *scorers],
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
