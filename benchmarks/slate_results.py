"""From lived-through companies to figures: levels, changes against pure ranking, must-reads."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.slate_must_reads import kaplan_meier, must_reads, visits_until
from benchmarks.slate_worlds import Lived, Plan, Trained
from recsys.evaluation.report import json_ready
from recsys.simulator.ground import Ground
from recsys.simulator.lived_measures import measures, relative, weights

__all__ = ["BASELINE", "Figure", "MustReadFigure", "Result", "as_json", "results_of"]

FloatArray = npt.NDArray[np.float64]

BASELINE = "pure"
_N_REPLICATES = 500
"""Ends of a 95 % interval are then placed to about 1.5 % of its level."""
_SHOWN_VISITS = 10
_FEWEST_AT_RISK = 10
"""A curve is not drawn further than this many pairs carry it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A level; how it differs from pure ranking, as a share, with its paired 95 % interval."""

    value: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MustReadFigure:
    """Visits until 95 % of those who visit are reached; infinite if the time did not suffice.

    ``ratio`` is to pure ranking's number, with its paired 95 % interval; ``curve`` holds the share
    reached after 1, 2 … visits as long as ten pairs are at risk.
    """

    visits: float
    ratio: float
    low: float
    high: float
    n_pairs: int
    curve: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One world under all policies; the inner keys of ``figures`` are measures."""

    plan: Plan
    trained: Trained
    n_visitors: int
    n_silent: int
    n_pages: int
    n_live: int
    n_ripe: int
    n_must_reads: int
    seconds: Mapping[str, float]
    figures: Mapping[str, Mapping[str, Figure]]
    must_reads: Mapping[str, Mapping[str, MustReadFigure]]
    """Policy → ``looked`` or ``acknowledged`` → figure."""


def results_of(plan: Plan, trained: Trained, ground: Ground, lived: Sequence[Lived]) -> Result:
    """Compare what policies led to; the first one must be the baseline."""
    assert lived[0].policy == BASELINE
    rng = np.random.default_rng(plan.seed)
    rows = weights(len(ground.departments), _N_REPLICATES, rng)
    pages = lived[0].answers[["visit", "page"]]
    return Result(
        plan, trained,
        int(ground.visitors.sum()), int(ground.silent.sum()), len(np.unique(pages)),
        int(ground.live.sum()), int(ground.ripe.sum()), len(ground.must_reads),
        {run.policy: run.seconds for run in lived},
        _figures(lived, ground, rows),
        _must_reads(lived, ground, rows),
    )  # fmt: skip


def as_json(result: Result) -> dict[str, Any]:
    """Return the result for strict JSON: what is not finite becomes null."""
    return {name: json_ready(value) for name, value in asdict(result).items()}


def _figures(
    lived: Sequence[Lived], ground: Ground, rows: FloatArray
) -> dict[str, dict[str, Figure]]:
    pure = measures(lived[0].answers, ground)
    found: dict[str, dict[str, Figure]] = {}
    for run in lived:
        ours = measures(run.answers, ground)
        found[run.policy] = {
            name: Figure(float(ours[name](rows[:1])[0]), *relative(ours[name], pure[name], rows))
            for name in pure
        }
    return found


def _must_reads(
    lived: Sequence[Lived], ground: Ground, rows: FloatArray
) -> dict[str, dict[str, MustReadFigure]]:
    found: dict[str, dict[str, MustReadFigure]] = {run.policy: {} for run in lived}
    for column in ("looked", "acknowledged"):
        pure: FloatArray | None = None
        for run in lived:
            times = must_reads(run.answers, ground, column)
            curve = kaplan_meier(times, rows)
            visits = visits_until(curve)
            pure = visits if pure is None else pure
            drawn = curve.missing_share[0, :_SHOWN_VISITS]
            carried = curve.at_risk[0, :_SHOWN_VISITS] >= _FEWEST_AT_RISK
            found[run.policy][column] = MustReadFigure(
                float(visits[0]), *_ratio(visits, pure), int(times.at_risk[:, :1].sum()),
                tuple((1.0 - drawn[carried]).tolist()),
            )  # fmt: skip
    return found


def _ratio(ours: FloatArray, pure: FloatArray) -> tuple[float, float, float]:
    """Return the ratio and its interval; never over never is unknown, anything else over it 0."""
    with np.errstate(invalid="ignore"):
        ratio = ours / pure
    if np.isnan(ratio[1:]).any():
        return float(ratio[0]), math.nan, math.nan
    low, high = np.percentile(ratio[1:], [2.5, 97.5], method="nearest")
    return float(ratio[0]), float(low), float(high)
