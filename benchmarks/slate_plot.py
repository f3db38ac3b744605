"""The picture of relevance against breadth, one panel for each world."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.slate_results import Result

__all__ = ["draw_curve"]

_RELEVANCE = "completions per visitor"
_LINES: dict[str, str] = {
    "silent reach: contents opened": "#1f5f8b",
    "departments met": "#c0632b",
    "cross-department share of opens": "#5b8c5a",
    "silent reach: contents looked at": "#8a6fae",
}
"""Breadth measure → color."""


def draw_curve(results: Sequence[Result], policies: Sequence[str], path: Path) -> None:
    """Draw changes against pure ranking as SVG or PNG, by the ending of ``path``.

    Right is more breadth, up is more relevance; every point is a strength, the bars are 95 %.
    """
    # A Figure of its own draws without a screen and leaves no global state behind.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(results), 4.2), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(results), squeeze=False, sharey=True)[0]
    for axes, result in zip(panels, results, strict=True):
        relevance = [result.figures[policy][_RELEVANCE] for policy in policies]
        kept = [100 * figure.change for figure in relevance]
        # A bar has no length where the interval is unknown, and never a negative one.
        errors = [
            [100 * max(figure.change - figure.low, 0.0) for figure in relevance],
            [100 * max(figure.high - figure.change, 0.0) for figure in relevance],
        ]
        for measure, color in _LINES.items():
            breadth = [100 * result.figures[policy][measure].change for policy in policies]
            axes.errorbar(
                breadth, kept, yerr=errors, fmt="o-", color=color, capsize=2, label=measure
            )
            for policy, x, y in zip(policies, breadth, kept, strict=True):
                axes.annotate(policy.partition("@")[2], (x, y), fontsize=7, xytext=(3, 3),
                              textcoords="offset points")  # fmt: skip
        axes.axhline(-3, color="#b8c4ce", linestyle="--")
        axes.axvline(30, color="#b8c4ce", linestyle="--")
        axes.set_title(f"{result.plan.world}, seed {result.plan.seed}")
        axes.set_xlabel("breadth against pure ranking, %")
    panels[0].set_ylabel(f"{_RELEVANCE} against pure ranking, %")
    panels[0].legend(fontsize=7)
    figure.savefig(path)
