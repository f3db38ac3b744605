"""Effects in groups that were declared beforehand, where the groups are large enough to be told."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from experiments.columns import labels
from experiments.design import Design
from experiments.entries import Entry, entries_of
from experiments.measures import measure
from experiments.table import Table
from recsys.reports.suppression import DEFAULT_K

__all__ = ["hidden_groups", "segment_results"]


def segment_results(table: Table, design: Design) -> list[dict[str, Any]]:
    """Return for each declared column its groups with their effects, and whether those differ.

    Groups with fewer than ten units in a variant are named, without numbers; so is the next
    smallest while the hidden ones together could be computed and are too few. Units without a value
    are a group too, None. P-values are adjusted within a group. The p-value of ``interactions``
    (Cochran's Q over the shown groups) asks whether the effect differs between groups; parts of one
    cluster are not independent, so there is none with clusters.
    """
    return [_segment(table, design, column) for column in design.segments]


def _segment(table: Table, design: Design, column: str) -> dict[str, Any]:
    values = labels(table.frame[column])
    names = [*sorted(values.dropna().unique()), *([None] if values.isna().any() else [])]
    members = [
        (values.isna() if name is None else values == name).to_numpy(np.bool_) for name in names
    ]
    n_arms = len(table.arms)
    counts = np.array([np.bincount(table.arm[m], minlength=n_arms) for m in members], np.int64)
    groups = []
    for name, rows, is_hidden in zip(names, members, hidden_groups(counts), strict=True):
        part = table.only(rows)
        groups.append({
            "value": name, "is_hidden": bool(is_hidden),
            "n_units": None if is_hidden else part.n_units,
            "metrics": [] if is_hidden else _entries(part, design),
        })  # fmt: skip
    shown = [group["metrics"] for group in groups if not group["is_hidden"]]
    return {"segment": column, "groups": groups, "interactions": _interactions(shown, design)}


def _entries(part: Table, design: Design) -> list[Entry]:
    measures = [measure(part, metric, design) for metric in design.metrics]
    return entries_of(part, measures, design, DEFAULT_K)


def hidden_groups(counts: npt.NDArray[np.int64], k: int = DEFAULT_K) -> npt.NDArray[np.bool_]:
    """Return which groups may not be told, of units per group and arm, shape (n_groups, n_arms)."""
    hidden: npt.NDArray[np.bool_] = np.any(counts < k, axis=1, keepdims=False)
    while hidden.any() and not hidden.all() and counts[hidden].sum(axis=0).min() < k:
        sizes = np.where(hidden, np.iinfo(np.int64).max, counts.min(axis=1))
        hidden[int(sizes.argmin())] = True
    return hidden


def _interactions(shown: list[list[Entry]], design: Design) -> list[dict[str, Any]]:
    return [
        {
            "metric": same[0]["metric"], "variant": same[0]["variant"],
            "p_value": None if design.cluster is not None else _heterogeneity(same),
        }
        for same in zip(*shown, strict=True)
    ]  # fmt: skip


def _heterogeneity(entries: tuple[Entry, ...]) -> float | None:
    known = [entry for entry in entries if entry["computable"]]
    if len(known) < 2:
        return None
    effects = np.array([entry["effect"] for entry in known])
    weights = np.array([entry["se"] for entry in known]) ** -2.0
    away = effects - np.average(effects, weights=weights)
    return float(stats.chi2.sf(weights @ away**2, len(known) - 1))
