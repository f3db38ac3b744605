"""What tuning works on: rows of every origin, collected once, for trees that are fitted often."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset
from recsys.engine import Engine
from recsys.evaluation.data import interaction_log
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.metrics import mean_rank, ndcg
from recsys.evaluation.origins import Window
from recsys.features.matrix import FEATURE_NAMES
from recsys.fitting import Progress, Recipe
from recsys.interactions import Targets, find_targets
from recsys.ranker.ranker import Ranker
from recsys.ranker.training_rows import TrainingRows
from recsys.times import to_micros

__all__ = ["MAX_CHOICES", "Origin", "collect_origin", "known_before", "latest", "ndcg_of_each"]

MAX_CHOICES = 1_000
"""Of a window, evenly spaced: the NDCG@10 of two windows together is known to about 0.02, paired
differences to less than half of that; their candidates take about 50 MB a window."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Rows from before an origin to learn from, and from the window after it to be judged on."""

    window: Window
    train: TrainingRows
    test: npt.NDArray[np.float32]
    """Every shortlisted candidate of each choice, the chosen one first; shape (n, n_features)."""
    test_sizes: npt.NDArray[np.int32]
    """Rows of each choice, shape (n_questions,)."""
    n_missed: int
    """Choices that were not shortlisted; no ranker can find them, so they count as 0."""
    employee_ids: tuple[str, ...]
    """Who chose: the questions of ``test``, then the missed ones."""


def known_before(dataset: Dataset, until: datetime) -> Dataset:
    """Return the data set without events, contents and attributes that became known later."""
    events, contents = dataset["events"], dataset["contents"]
    received_at = events["received_at"].fillna(events["occurred_at"])
    is_past = (events["occurred_at"] < until) & (received_at < until)
    employees = dataset["employees"]
    return Dataset(
        {
            **dataset.frames,
            "events": events[is_past],
            "contents": contents[contents["published_at"] < until],
            "employees": employees[~(employees["valid_from"] >= until)],
        }
    )


def collect_origin(
    dataset: Dataset, window: Window, *, recipe: Recipe, seed: int, progress: Progress
) -> Origin:
    """Fit everything but the trees before the origin, then follow the log through the window.

    People who opted out are neither learned from nor judged on.
    """
    rows: list[TrainingRows] = []
    engine = Engine.fit(
        dataset, window.train_until, recipe=recipe, seed=seed, progress=progress,
        inspect=rows.append,
    )  # fmt: skip
    world = EngineUnderTest(engine, dataset)
    targets = _targets(engine, dataset, window).evenly_spaced(MAX_CHOICES)
    blocks, found, missed = _test_rows(engine, world, targets)
    ids = engine.state.catalogue.employees.ids
    return Origin(
        window,
        rows[0],
        np.concatenate([np.zeros((0, len(FEATURE_NAMES)), np.float32), *blocks]),
        np.array([len(block) for block in blocks], np.int32),
        len(missed),
        tuple(ids.id(index) for index in (*found, *missed)),
    )


def latest(rows: TrainingRows, n_questions: int) -> TrainingRows:
    """Return the rows of the last ``n_questions`` choices; all of them if there are no more."""
    end = len(rows.group_sizes)
    return rows.questions(max(0, end - n_questions), end)


def ndcg_of_each(origin: Origin, ranker: Ranker) -> npt.NDArray[np.float64]:
    """Return NDCG@10 of each choice, float64, in the order of ``origin.employee_ids``."""
    scores = ranker.score(origin.test)
    questions = np.split(scores, np.cumsum(origin.test_sizes)[:-1])
    ranks = np.array([mean_rank(question, 0) for question in questions if len(question)])
    return np.concatenate([ndcg(ranks, 10), np.zeros(origin.n_missed)])


def _targets(engine: Engine, dataset: Dataset, window: Window) -> Targets:
    catalogue = engine.state.catalogue
    log = interaction_log(dataset["events"], catalogue.employees.ids, catalogue.contents.ids)
    targets = find_targets(log, to_micros(window.train_until), to_micros(window.until))
    return targets.take(~np.isin(targets.employee, catalogue.preferences.opted_out()))


def _test_rows(
    engine: Engine, world: EngineUnderTest, targets: Targets
) -> tuple[list[npt.NDArray[np.float32]], list[int], list[int]]:
    """Return rows and employees of shortlisted choices, and the employees of the others."""
    blocks: list[npt.NDArray[np.float32]] = []
    found: list[int] = []
    missed: list[int] = []
    for employee, content, at in zip(
        targets.employee.tolist(), targets.content.tolist(), targets.occurred_at.tolist(),
        strict=True,
    ):  # fmt: skip
        world.advance(at)
        candidates = world.candidates(employee, at)
        if content not in candidates:
            continue
        listed = engine.scorer.shortlist(employee, candidates, at)
        is_chosen = candidates[listed.places] == content
        if is_chosen.any():
            found.append(employee)
            blocks.append(listed.features[np.argsort(~is_chosen, kind="stable")])
        else:
            missed.append(employee)
    return blocks, found, missed
