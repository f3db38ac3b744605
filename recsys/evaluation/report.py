"""An evaluation for people (a table), for machines (strict JSON) and for later (a rank file)."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from recsys.evaluation.bootstrap import Estimates
from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import Ranks
from recsys.evaluation.summary import Slice, Summary

__all__ = [
    "json_ready",
    "number",
    "or_none",
    "rank_frame",
    "slice_table",
    "summary_json",
    "summary_table",
    "write_ranks",
]

_HEADLINE = "ndcg@10"


def summary_table(summary: Summary) -> Table:
    """Return the overall figures: one row per model, best NDCG@10 marked."""
    overall = summary.overall
    table = Table(
        title=f"{overall.n_targets:,} choices of {overall.n_employees:,} employees",
        caption=f"95 % intervals over employees; {summary.n_ineligible:,} ineligible left out",
    )
    table.add_column("model")
    for metric in summary.metrics:
        table.add_column(metric, justify="right")
    table.add_column(f"{_HEADLINE} 95 %", justify="right")
    if overall.estimates is None:
        return table
    headline = summary.metrics.index(_HEADLINE)
    column = overall.estimates.value[:, headline]
    for row, model in enumerate(summary.models):
        cells = [number(value) for value in overall.estimates.value[row]]
        style = "bold" if column[row] == np.max(column) else None
        table.add_row(model, *cells, _interval(overall.estimates, (row, headline)), style=style)
    return table


def slice_table(summary: Summary) -> Table:
    """Return NDCG@10 by slice: one row per model, one column per slice that may be shown."""
    table = Table(title=f"{_HEADLINE} by slice")
    table.add_column("model")
    headline = summary.metrics.index(_HEADLINE)
    shown = [(part, part.estimates) for part in summary.slices if part.estimates is not None]
    for part, _ in shown:
        table.add_column(f"{part.name}\n(n = {part.n_targets:,})", justify="right")
    for row, model in enumerate(summary.models):
        table.add_row(model, *(number(e.value[row, headline]) for _, e in shown))
    return table


def summary_json(summary: Summary) -> dict[str, Any]:
    """Return everything as strict JSON: what is unknown is None, never NaN; numbers unrounded."""
    return {
        "n_ineligible": summary.n_ineligible,
        "overall": _slice_json(summary, summary.overall),
        "slices": [_slice_json(summary, part) for part in summary.slices],
        "differences": {
            "reference": summary.models[0],
            "minus": _estimates_json(summary, summary.models[1:], summary.differences),
        },
    }


def rank_frame(ranks: Ranks, data: EvaluationData) -> pd.DataFrame:
    """Return one row per target and model, with external ids.

    Columns: employee_id, content_id, occurred_at (UTC), model, rank (mean rank, 1-based),
    n_candidates.
    """
    targets, n_models = ranks.targets, len(ranks.models)
    times = pd.to_datetime(targets.occurred_at, unit="us", utc=True).as_unit("us")
    employee_ids = pd.array([data.employees.id(i) for i in targets.employee], dtype="str")
    content_ids = pd.array([data.contents.id(i) for i in targets.content], dtype="str")
    return pd.DataFrame(
        {
            "employee_id": employee_ids.repeat(n_models),
            "content_id": content_ids.repeat(n_models),
            "occurred_at": times.repeat(n_models),
            "model": np.tile(np.array(ranks.models, dtype=object), len(targets)),
            "rank": ranks.rank.ravel(),
            "n_candidates": np.repeat(ranks.n_candidates, n_models),
        }
    ).astype({"model": "str"})


def write_ranks(path: Path, *parts: tuple[Ranks, EvaluationData]) -> None:
    """Write :func:`rank_frame` of every part as one Parquet file; an existing one is replaced."""
    frames = [rank_frame(ranks, data) for ranks, data in parts]
    pd.concat(frames, ignore_index=True).to_parquet(path, index=False)


def _slice_json(summary: Summary, part: Slice) -> dict[str, Any]:
    models = (
        None if part.estimates is None else _estimates_json(summary, summary.models, part.estimates)
    )
    return {
        "name": part.name,
        "n_targets": part.n_targets if models is not None else None,
        "n_employees": part.n_employees if models is not None else None,
        "suppressed": models is None,
        "models": models,
    }


def _estimates_json(
    summary: Summary, models: tuple[str, ...], estimates: Estimates
) -> dict[str, dict[str, Any]]:
    return {
        model: {
            metric: {
                "value": or_none(estimates.value[row, column]),
                "interval": [
                    or_none(estimates.low[row, column]),
                    or_none(estimates.high[row, column]),
                ],
            }
            for column, metric in enumerate(summary.metrics)
        }
        for row, model in enumerate(models)
    }


def or_none(value: float) -> float | None:
    """Return the number for strict JSON; None where it is unknown."""
    return float(value) if math.isfinite(value) else None


def json_ready(value: object) -> object:
    """Return figures in mappings, lists and arrays as strict JSON holds them; None for unknown."""
    if isinstance(value, float):
        return or_none(value)
    if isinstance(value, Mapping):
        return {key: json_ready(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [json_ready(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value


def number(value: float) -> str:
    """Return the number for people, three places; a dash where it is unknown."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _interval(estimates: Estimates, cell: tuple[int, int]) -> str:
    return f"{number(estimates.low[cell])} … {number(estimates.high[cell])}"
