"""The benchmark of slate policies as text: a table for each world, and the curve of a family."""

import math
from collections.abc import Iterator, Sequence

from benchmarks.slate_results import BASELINE, Figure, MustReadFigure, Result

__all__ = ["curve_table", "result_tables"]

_CURVE = (
    "completions per visitor",
    "silent reach: contents looked at",
    "silent reach: contents opened",
    "cross-department share of opens",
    "departments met",
    "concentration: Gini of exposure",
    "starving contents",
)
_SHARES = ("share", "Gini", "starving", "anything", "seen by")
"""Words in the names of measures that are shares, shown with three digits."""


def result_tables(result: Result) -> Iterator[str]:
    """Yield lines: what was measured, the levels and changes, the must-reads."""
    plan, policies = result.plan, list(result.figures)
    yield (
        f"\n## {plan.world}, seed {plan.seed}: {plan.employees} employees, trained on "
        f"{plan.trained_days} days ({result.trained.n_events:,} events, "
        f"{result.trained.seconds:.0f} s), lived through {plan.lived_days} days"
    )
    yield (
        f"{result.n_visitors} visitors, {result.n_silent} of them silent; {result.n_pages:,} pages;"
        f" {result.n_live} contents live, {result.n_ripe} of them new; "
        f"{result.n_must_reads} must-reads"
    )
    yield "\n| measure | " + " | ".join(policies) + " |"
    yield "|---" * (len(policies) + 1) + "|"
    for measure in result.figures[BASELINE]:
        cells = [_cell(measure, policy, result.figures[policy][measure]) for policy in policies]
        yield f"| {measure} | " + " | ".join(cells) + " |"
    for column in ("looked", "acknowledged"):
        n_pairs = result.must_reads[BASELINE][column].n_pairs
        cells = [_visits(result.must_reads[policy][column], policy) for policy in policies]
        yield f"| visits until 95 % {column} ({n_pairs} pairs) | " + " | ".join(cells) + " |"
        curves = [_curve(result.must_reads[policy][column]) for policy in policies]
        yield f"| {column} after 1, 2 … visits, % | " + " | ".join(curves) + " |"
    seconds = [f"{result.seconds[policy]:.0f}" for policy in policies]
    yield "| seconds of the run | " + " | ".join(seconds) + " |"


def curve_table(result: Result, policies: Sequence[str]) -> Iterator[str]:
    """Yield lines: relevance and breadth by strength, changes against pure ranking in percent."""
    yield "\n| strength | " + " | ".join(_CURVE) + " |"
    yield "|---" * (len(_CURVE) + 1) + "|"
    for policy in policies:
        changes = [_change(result.figures[policy][measure]) for measure in _CURVE]
        yield f"| {policy.partition('@')[2]} | " + " | ".join(changes) + " |"


def _cell(measure: str, policy: str, figure: Figure) -> str:
    digits = 3 if any(word in measure for word in _SHARES) else 2
    level = f"{figure.value:.{digits}f}"
    return level if policy == BASELINE else f"{level} {_change(figure)}"


def _change(figure: Figure) -> str:
    if math.isnan(figure.change):
        return "–"
    interval = "" if math.isnan(figure.low) else f" ({figure.low:+.1%} to {figure.high:+.1%})"
    return f"{figure.change:+.1%}{interval}".replace("%", " %")


def _visits(figure: MustReadFigure, policy: str) -> str:
    if math.isinf(figure.visits):
        return "not within the time"
    if policy == BASELINE or math.isnan(figure.ratio):
        return f"{figure.visits:.0f}"
    interval = "" if math.isnan(figure.low) else f" ({figure.low:.2f} to {figure.high:.2f})"
    return f"{figure.visits:.0f}, ratio {figure.ratio:.2f}{interval}"


def _curve(figure: MustReadFigure) -> str:
    return " ".join(f"{100 * share:.0f}" for share in figure.curve)
