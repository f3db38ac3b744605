"""The pictures of a run: models beside each other, what the ranker looks at, and reliability."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys.evaluation.summary import Summary
from recsys.ranker.calibration import Reliability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_importances", "draw_models", "draw_reliability"]

_OWN, _OTHER = "#1f5f8b", "#b8c4ce"
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
