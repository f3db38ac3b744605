"""From lives to figures: levels, weeks, and changes against each peer with paired intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from recsys.evaluation.report import json_ready
from recsys.simulator.company import found
from recsys.simulator.ground import ground_of
from recsys.simulator.lived_measures import relative, weights
from training.loop.measures import Span, figures
from training.loop.nights import Night
from training.loop.plan import LoopPlan
from training.loop.run import Lives
from training.recipe import flatten

__all__ = ["Change", "LoopResult", "as_json", "result_of"]

_N_REPLICATES = 500
"""Ends of a 95 % interval are then placed to about 1.5 % of its level."""


@dataclass(frozen=True, slots=True)
class Change:
    """The engine's figure over a peer's minus 1, with its paired 95 % interval over employees.

    NaN where the peer's is 0.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LoopResult:
    """What came of a loop; the inner keys of ``levels``, ``weeks`` and ``changes`` are figures."""

    plan: LoopPlan
    n_visitors: int
    n_silent: int
    n_pages: int
    half_life: str
    levels: Mapping[str, Mapping[str, float]]
    """By life, over the whole time."""
    weeks: Mapping[str, tuple[Mapping[str, float], ...]]
    """By life, week by week."""
    changes: Mapping[str, Mapping[str, Change]]
    """By peer."""
    nights: tuple[Night, ...]
    served: tuple[str, ...]
    """The model version that served after each night."""
    seconds: Mapping[str, float]
    """By life; the engine's includes its nights."""


def result_of(plan: LoopPlan, lived: Lives) -> LoopResult:
    """Return the figures of all lives."""
    company = found(plan.scenario)
    ground = ground_of(plan.scenario, plan.begins, plan.ends)
    whole = Span(company, ground, plan.begins, plan.ends)
    weeks = [
        Span(company, ground, since, since + timedelta(weeks=1))
        for since in (plan.begins + timedelta(weeks=week) for week in range(plan.weeks))
    ]
    n_employees = len(ground.departments)
    rows = weights(n_employees, _N_REPLICATES, np.random.default_rng(plan.seed))
    found_figures = {life.name: figures(life.answers, whole) for life in lived.lives}
    engine, *peers = lived.lives
    ours = found_figures[engine.name]
    return LoopResult(
        plan, int(whole.ground.visitors.sum()), int(whole.ground.silent.sum()),
        len(np.unique(engine.answers[["visit", "page"]])), lived.half_life,
        {
            name: {figure: float(of[figure](rows[:1])[0]) for figure in of}
            for name, of in found_figures.items()
        },
        {
            life.name: tuple(
                {figure: float(f(rows[:1])[0]) for figure, f in figures(life.answers, span).items()}
                for span in weeks
            )
            for life in lived.lives
        },
        {
            peer.name: {
                figure: Change(*relative(ours[figure], found_figures[peer.name][figure], rows))
                for figure in ours
            }
            for peer in peers
        },
        lived.nights, engine.served, {life.name: life.seconds for life in lived.lives},
    )  # fmt: skip


def as_json(result: LoopResult) -> dict[str, Any]:
    """Return the result for strict JSON: what is not known becomes null."""
    plan = result.plan
    asked = asdict(plan) | {
        "recipe": flatten(plan.recipe),
        "begins": plan.begins.isoformat(),
        "ends": plan.ends.isoformat(),
    }
    told = {
        "plan": asked, "visitors": result.n_visitors, "silent": result.n_silent,
        "pages": result.n_pages, "popular_half_life": result.half_life,
        "levels": result.levels, "weeks": result.weeks,
        "changes": {
            peer: {figure: asdict(change) for figure, change in changes.items()}
            for peer, changes in result.changes.items()
        },
        "nights": [
            asdict(night) | {"at": night.at.isoformat(), "served": version}
            for night, version in zip(result.nights, result.served, strict=True)
        ],
        "seconds": result.seconds,
    }  # fmt: skip
    return {name: json_ready(value) for name, value in told.items()}
