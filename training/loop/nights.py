"""One simulated night: train on all that has happened, let the gate decide, note what it said."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from recsys.evaluation.baselines import HALF_LIVES
from training.loop.chronicle import Chronicle
from training.loop.plan import LoopPlan
from training.pipeline import Outcome, Plan, train

__all__ = ["Night", "best_half_life", "train_at_night"]

_USUAL_HALF_LIFE = "1h"
"""The best on the internal-communications log we know."""


@dataclass(frozen=True, slots=True)
class Night:
    """What came of a night."""

    at: datetime
    registered_version: int
    model_version: str
    is_champion: bool
    reasons: tuple[str, ...]
    ndcg: float
    """NDCG@10 of the trial on the days before; NaN where there was nothing to rank."""
    seconds: float


def train_at_night(
    plan: LoopPlan, chronicle: Chronicle, models_dir: Path, at: datetime
) -> tuple[Night, Outcome]:
    """Run the training pipeline as ``recsys train`` does, on what was known before ``at``."""
    began = perf_counter()
    material = chronicle.material(at, plan.test_days)
    training = Plan(material, plan.recipe, models_dir, plan.seed, incremental=True)
    outcome = train(training, at=at, progress=lambda *_: None)
    verdict = outcome.trial.verdict
    night = Night(
        at, outcome.registered_version, outcome.model.version, outcome.is_champion,
        verdict.reasons, _ndcg(outcome, "recsys"), perf_counter() - began,
    )  # fmt: skip
    return night, outcome


def best_half_life(outcome: Outcome) -> str:
    """Return the half-life whose popularity ranked best in a trial: one of ``HALF_LIVES``."""
    found = {label: _ndcg(outcome, f"popularity_{label}") for label in HALF_LIVES}
    known = {label: value for label, value in found.items() if not np.isnan(value)}
    return max(known, key=known.__getitem__) if known else _USUAL_HALF_LIFE


def _ndcg(outcome: Outcome, model: str) -> float:
    summary = outcome.trial.evaluation.summary
    estimates = summary.overall.estimates
    if estimates is None or model not in summary.models:
        return float("nan")
    place = summary.models.index(model), summary.metrics.index("ndcg@10")
    return float(estimates.value[place])
