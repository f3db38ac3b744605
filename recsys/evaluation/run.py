"""One evaluation from a prepared data set and a world to figures, baselines included."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec

import numpy as np
import scipy.sparse as sp

from recsys.affinity.als import AlsConfig, fit_als
from recsys.affinity.batch import BatchModel, NotFitted
from recsys.affinity.ease import fit_ease
from recsys.affinity.item_knn import fit_item_knn
from recsys.affinity.lightfm_baseline import fit_lightfm_baseline
from recsys.affinity.lightfm_probe import lightfm_status
from recsys.evaluation.baselines import HALF_LIVES, DecayedPopularity, NewestFirst
from recsys.evaluation.daily import DailyRefit
from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import LiveWorld, Ranks, Scorer, evaluate
from recsys.evaluation.summary import Summary, summarise
from recsys.interactions import find_targets, first_interactions
from recsys.times import DAY_US, SECOND_US, to_micros

__all__ = ["Evaluation", "batch_scorers", "live_scorers", "run_evaluation"]

_DEPARTMENT_HALF_LIFE_SECONDS = DAY_US / SECOND_US  # a department reads too little for minutes

_Fit = Callable[[sp.csr_array], BatchModel | NotFitted]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Ranks, figures, and which baselines are missing or incomplete, and why."""

    ranks: Ranks
    probes: Ranks
    """Of the probes, on the same targets."""
    summary: Summary
    notes: Mapping[str, str]
    """Baseline → what kept it from being fitted, always or on some days."""


def run_evaluation(
    data: EvaluationData,
    world: LiveWorld,
    scorers: Sequence[Scorer],
    *,
    train_until: datetime,
    until: datetime,
    seed: int,
    max_targets: int | None = None,
    probes: Sequence[Scorer] = (),
    is_thorough: bool = True,
    progress: Callable[[], None] | None = None,
) -> Evaluation:
    """Walk the live protocol from ``train_until`` to ``until`` and summarise it.

    ``scorers`` are the models under test; the first is compared with every other. The baselines are
    added here and rank the candidates of the same ``world``, whose indices are those of ``data``.
    Of more than ``max_targets`` targets, that many are ranked, evenly spaced over the window; every
    event in between is observed all the same. ``probes`` are ranked too, but are no models and stay
    out of the figures. Unless ``is_thorough``, the daily refitted baselines are left out: they take
    longest and are the weakest. ``progress`` is called after every ranked target. One seed always
    gives the same figures.
    """
    targets = find_targets(data.log, to_micros(train_until), to_micros(until))
    targets = targets.evenly_spaced(max_targets)
    batch, notes = batch_scorers(data, seed=seed) if is_thorough else ([], {})
    everything = [*scorers, *live_scorers(data), *batch]
    walked = evaluate(targets, world, [*everything, *probes], progress=progress)
    ranks = walked.models_from(0, len(everything))
    summary = summarise(ranks, data, np.random.default_rng(seed))
    others = walked.models_from(len(everything), len(walked.models))
    return Evaluation(ranks, others, summary, notes | _incomplete(batch))


def live_scorers(data: EvaluationData) -> list[Scorer]:
    """Return newest first, popularity for every half-life, and popular in own department (1 d)."""
    n_contents = len(data.contents)
    return [
        NewestFirst(data.published_at),
        *(
            DecayedPopularity(
                f"popularity_{label}", data.log, half_life_seconds=seconds, n_contents=n_contents
            )
            for label, seconds in HALF_LIVES.items()
        ),
        DecayedPopularity(
            "popular_in_department",
            data.log,
            half_life_seconds=_DEPARTMENT_HALF_LIFE_SECONDS,
            n_contents=n_contents,
            department=data.department,
        ),
    ]


def batch_scorers(data: EvaluationData, *, seed: int) -> tuple[list[DailyRefit], dict[str, str]]:
    """Return the daily refitted baselines that can run here, and for the others why they cannot."""
    fits: dict[str, _Fit] = {"ease": fit_ease, "item_knn": fit_item_knn}
    missing: dict[str, str] = {}
    status = lightfm_status()
    if status.usable:
        fits["lightfm"] = lambda matrix: fit_lightfm_baseline(
            matrix, data.employee_attributes, data.content_attributes, seed=seed
        )
    else:
        missing["lightfm"] = status.reason or "lightfm cannot be used"
    if find_spec("implicit") is not None:
        fits["als"] = lambda matrix: fit_als(matrix, config=AlsConfig(), seed=seed)
    else:
        missing["als"] = "the package implicit is not installed"
    pairs = first_interactions(data.log)
    shape = (len(data.employees), len(data.contents))
    return [DailyRefit(name, fit, pairs, shape=shape) for name, fit in fits.items()], missing


def _incomplete(batch: Sequence[DailyRefit]) -> dict[str, str]:
    return {
        scorer.name: (
            f"no model on {scorer.n_days_without_model} of {scorer.n_days} days: {scorer.reason}"
        )
        for scorer in batch
        if scorer.n_days_without_model
    }
