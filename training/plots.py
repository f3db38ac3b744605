"""The pictures of a run: models beside each other, what the ranker looks at, and reliability."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys.evaluation.summary import Slice, Summary
from recsys.ranker.calibration import Reliability
from recsys.times import from_micros
from training.ablation import GroupLoss
from training.weeks import Week

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "draw_groups",
    "draw_importances",
    "draw_models",
    "draw_reliability",
    "draw_slices",
    "draw_weeks",
]

_OWN, _OTHER, _MARK = "#1f5f8b", "#b8c4ce", "#c2571a"
_METRIC = "ndcg@10"
_SHOWN_FEATURES = 20
_SQUARE = 15  # bars that make a picture as high as a reliability diagram wants to be


def draw_models(summary: Summary, path: Path) -> None:
    """Draw NDCG@10 of every model with its 95 % interval as a PNG, the engine first."""
    estimates = summary.overall.estimates
    if estimates is None:
        return
    column = summary.metrics.index(_METRIC)
    value, low, high = (a[:, column] for a in (estimates.value, estimates.low, estimates.high))
    reach = np.nan_to_num(np.stack([value - low, high - value]))
    colors = [_OWN] + [_OTHER] * (len(summary.models) - 1)
    figure = _figure(len(summary.models))
    axes = figure.add_subplot()
    axes.barh(summary.models, np.nan_to_num(value), xerr=reach, color=colors, capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel(f"NDCG@10, 95 % interval over {summary.overall.n_employees:,} employees")
    figure.savefig(path)


def draw_slices(summary: Summary, slices: Sequence[Slice], baseline: int, path: Path) -> None:
    """Draw NDCG@10 by slice as a PNG: the engine with its 95 % interval, a baseline as a mark.

    ``baseline`` is the row of a model; slices without estimates are left out.
    """
    shown = [(part, part.estimates) for part in slices if part.estimates is not None]
    if not shown:
        return
    column = summary.metrics.index(_METRIC)
    names = [f"{part.name} ({part.n_targets:,})" for part, _ in shown]
    own = np.array([[e.value[0, column], e.low[0, column], e.high[0, column]] for _, e in shown]).T
    reach = np.nan_to_num(np.stack([own[0] - own[1], own[2] - own[0]]))
    figure = _figure(len(shown) + 2)
    axes = figure.add_subplot()
    axes.barh(names, own[0], xerr=reach, color=_OWN, capsize=3, label=summary.models[0])
    others = [float(e.value[baseline, column]) for _, e in shown]
    axes.plot(others, names, "D", color=_MARK, label=summary.models[baseline])
    axes.invert_yaxis()
    axes.set_xlabel("NDCG@10, 95 % interval over employees (choices)")
    figure.legend(loc="outside upper right", ncols=2)
    figure.savefig(path)


def draw_weeks(
    models: Sequence[str], weeks: Sequence[Week], shown: Sequence[int], path: Path
) -> None:
    """Draw NDCG@10 by week of the test window as a PNG; the first of ``shown`` stands out.

    ``shown`` are rows of ``models``.
    """
    if not weeks:
        return
    at = np.arange(len(weeks))
    figure = _figure(_SQUARE)
    axes = figure.add_subplot()
    for place, row in enumerate(shown):
        value, low, high = (
            np.array([a[row] for a in arrays])
            for arrays in zip(
                *((w.ndcg.value, w.ndcg.low, w.ndcg.high) for w in weeks), strict=True
            )
        )
        reach = np.nan_to_num(np.stack([value - low, high - value]))
        axes.errorbar(
            at + 0.06 * (place - (len(shown) - 1) / 2), value, yerr=reach, fmt="o-", capsize=3,
            color=(_OWN, _MARK, _OTHER)[min(place, 2)], label=models[row],
        )  # fmt: skip
    axes.set_xticks(at, [f"{from_micros(week.since):%Y-%m-%d}" for week in weeks])
    axes.set(xlim=(-0.5, len(weeks) - 0.5), ylim=(0, None))
    axes.set(xlabel="first day of the week", ylabel="NDCG@10, 95 % interval")
    axes.legend()
    figure.savefig(path)


def draw_groups(losses: Sequence[GroupLoss], path: Path) -> None:
    """Draw what NDCG@10 loses without each feature group, with its 95 % interval, as a PNG."""
    if not losses:
        return
    loss = np.array([[found.loss, found.low, found.high] for found in losses]).T
    reach = np.nan_to_num(np.stack([loss[0] - loss[1], loss[2] - loss[0]]))
    figure = _figure(len(losses))
    axes = figure.add_subplot()
    names = [found.group for found in losses]
    axes.barh(names, np.nan_to_num(loss[0]), xerr=reach, color=_OWN, capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel("NDCG@10 lost when the group is shuffled, 95 % interval over employees")
    figure.savefig(path)


def draw_importances(importances: Mapping[str, float], path: Path) -> None:
    """Draw the features with the largest share of the trees' gain as a PNG."""
    largest = sorted(importances.items(), key=lambda item: -item[1])[:_SHOWN_FEATURES]
    figure = _figure(len(largest))
    axes = figure.add_subplot()
    axes.barh([name for name, _ in largest], [share for _, share in largest], color=_OWN)
    axes.invert_yaxis()
    axes.set_xlabel("share of the trees' gain")
    figure.savefig(path)


def draw_reliability(reliability: Reliability, path: Path) -> None:
    """Draw predicted against observed shares as a PNG; both axes are logarithmic.

    Most candidates of a question are not chosen, so most probabilities are small. A bin in which
    nothing was chosen has no place there; it is drawn at the lower edge.
    """
    predicted, observed = reliability.predicted_share, reliability.observed_share
    lowest = float(min(predicted.min(), observed[observed > 0].min(initial=1.0))) / 2
    figure = _figure(_SQUARE)
    axes = figure.add_subplot()
    axes.plot([lowest, 1], [lowest, 1], color=_OTHER, label="as predicted")
    axes.plot(predicted, np.maximum(observed, lowest), "o-", color=_OWN, label="bins of candidates")
    axes.set(xscale="log", yscale="log", xlim=(lowest, 1), ylim=(lowest, 1))
    axes.set_xlabel("predicted share read next")
    axes.set_ylabel("observed share")
    axes.legend()
    figure.savefig(path)


def _figure(n_bars: int) -> "Figure":
    # A Figure of its own draws without a screen and leaves no global state behind.
    from matplotlib.figure import Figure

    return Figure(figsize=(8.0, 1.2 + 0.32 * n_bars), dpi=110, layout="constrained")
