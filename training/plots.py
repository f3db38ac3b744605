"""The two pictures of a run: the models beside each other, and what the ranker looks at."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys.evaluation.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_importances", "draw_models"]

_OWN, _OTHER = "#1f5f8b", "#b8c4ce"
_METRIC = "ndcg@10"
_SHOWN_FEATURES = 20


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


def _figure(n_bars: int) -> "Figure":
    # A Figure of its own draws without a screen and leaves no global state behind.
    from matplotlib.figure import Figure

    return Figure(figsize=(8.0, 1.2 + 0.32 * n_bars), dpi=110, layout="constrained")
