"""Several origins for people (a table) and for machines (strict JSON)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.table import Table

from recsys.evaluation.bootstrap import Estimates
from recsys.evaluation.origins import OriginFigures, Window
from recsys.evaluation.report import number, or_none

__all__ = ["origins_json", "origins_table"]


def origins_table(
    windows: Sequence[Window], lines: Sequence[OriginFigures], pooled: OriginFigures
) -> Table:
    """Return one row per origin, oldest first, and all choices together below.

    A row has two lines, figures above their intervals: so it fits a terminal of 80 columns.
    """
    table = Table(
        title=f"{pooled.n_targets:,} choices of {pooled.n_employees:,} employees",
        caption="95 % intervals over employees; the best baseline is the best on these choices",
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
    )
    table.add_column("tested from\nuntil")
    for name in ("choices", "ndcg@10\n95 %", "hr@10\n95 %"):
        table.add_column(name, justify="right")
    table.add_column("best baseline\nits ndcg@10", overflow="fold")
    table.add_column("ratio\n95 %", justify="right")
    for window, line in zip(windows, lines, strict=True):
        span = f"{_moment(window.train_until)}\n{_moment(window.until)}"
        table.add_row(span, *_cells(line), end_section=line is lines[-1])
    table.add_row("all", *_cells(pooled), style="bold")
    return table


def origins_json(
    windows: Sequence[Window],
    lines: Sequence[OriginFigures],
    pooled: OriginFigures,
    notes: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Return the table as strict JSON: unknown is None, numbers unrounded, notes per origin."""
    return {
        "origins": [
            {"train_until": window.train_until.isoformat(), "until": window.until.isoformat()}
            | _as_dict(line)
            | {"notes": dict(said)}
            for window, line, said in zip(windows, lines, notes, strict=True)
        ],
        "pooled": _as_dict(pooled),
    }


def _as_dict(line: OriginFigures) -> dict[str, Any]:
    return {
        "n_targets": line.n_targets,
        "n_employees": line.n_employees,
        "n_ineligible": line.n_ineligible,
        "ndcg@10": _figure(line.ndcg),
        "hr@10": _figure(line.hit_rate),
        "best_baseline": {"model": line.best_baseline, "ndcg@10": _figure(line.baseline_ndcg)},
        "ratio": _figure(line.ratio),
    }


def _figure(estimates: Estimates) -> dict[str, Any]:
    value, low, high = (or_none(a[0]) for a in (estimates.value, estimates.low, estimates.high))
    return {"value": value, "interval": [low, high]}


def _cells(line: OriginFigures) -> tuple[str, ...]:
    return (
        f"{line.n_targets:,}",
        _cell(line.ndcg),
        _cell(line.hit_rate),
        f"{line.best_baseline or ''}\n{number(line.baseline_ndcg.value[0])}",
        _cell(line.ratio),
    )


def _cell(estimates: Estimates) -> str:
    interval = f"{number(estimates.low[0])}–{number(estimates.high[0])}"
    return f"{number(estimates.value[0])}\n{interval}"


def _moment(at: datetime) -> str:
    """Return the day, with the minute where a window does not start at midnight."""
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%Y-%m-%d %H:%M}"
