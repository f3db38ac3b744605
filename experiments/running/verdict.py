"""What an experiment has shown: analyses of who counts, in the words of `analyze`."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.analysis import analyze
from experiments.running.definition import Definition
from experiments.running.taking_part import BEFORE, numerator
from experiments.sentences import say
from recsys.reports.suppression import DEFAULT_K

__all__ = ["analyse_look", "watch_guardrails"]

_FEWEST_IN_STRATUM = {False: 10, True: 2}
"""Employees, or clusters, per variant that a stratum needs to be averaged over."""


def analyse_look(
    definition: Definition, table: pd.DataFrame, expected: Mapping[str, float], look: int
) -> dict[str, Any]:
    """Return the result of a planned look, as `analyze` gives it.

    The primary metric is corrected by Holm over the variants, all others together by Benjamini and
    Hochberg: they explore. Guardrails get a test of non-inferiority.
    """
    planned: dict[str, Any] = {"looks": definition.looks, "look": look}
    adjusted = planned | {"covariate": BEFORE if definition.covariate else None}
    result = _analyse(definition, table, [definition.primary], expected, adjusted)
    others = [name for name in definition.measured if name != definition.primary]
    if others:
        margins = _margins(definition, others)
        more = _analyse(
            definition, table, others, expected, planned | {"correction": "bh", "margins": margins}
        )
        result["metrics"] += more["metrics"]
        for part in ("excluded", "warnings"):
            result[part] += [one for one in more[part] if one not in result[part]]
    few = {name: n for name, n in result["n_units"].items() if n < DEFAULT_K}
    if few:
        _withhold(result, few)
    return result


def watch_guardrails(
    definition: Definition, table: pd.DataFrame, expected: Mapping[str, float]
) -> dict[str, Any]:
    """Return the analysis of all guardrails that holds at every moment one looks at it."""
    units = table["employee_id" if definition.unit == "employee" else "unit_id"]
    always: dict[str, Any] = {
        "sequential": True, "sequential_n": max(units.nunique(), 1), "correction": "none",
    }  # fmt: skip
    return _analyse(definition, table, list(dict.fromkeys(definition.guarded)), expected, always)


def _analyse(
    definition: Definition, table: pd.DataFrame, names: Sequence[str],
    expected: Mapping[str, float], options: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    specs = definition.specs
    ratios = {f"{numerator(definition, n)}/{specs[n].per}": n for n in names if specs[n].per}
    margins = dict(options.get("margins") or {})
    told_as = {n: f"{numerator(definition, n)}/{specs[n].per}" for n in ratios.values()}
    result = analyze(
        table, variant="variant", control=definition.control, unit="employee_id",
        metrics=[
            f"{n}:proportion" if specs[n].kind == "any" else n for n in names if not specs[n].per
        ],
        ratios=list(ratios), cluster=None if definition.unit == "employee" else "unit_id",
        strata=_strata(definition, table), expected_split=dict(expected), alpha=definition.alpha,
        exposed="exposed",
        **{**options, "margins": {told_as.get(n, n): m for n, m in margins.items()} or None},
    )  # fmt: skip
    for entry in [*result["metrics"], *result["excluded"]]:
        entry["metric"] = ratios.get(entry["metric"], entry["metric"])
    return result


def _strata(definition: Definition, table: pd.DataFrame) -> str | None:
    """Return the column of strata if each has enough of every variant to be averaged over."""
    if not definition.strata:
        return None
    is_cluster = definition.unit != "employee"
    unit = "unit_id" if is_cluster else "employee_id"
    seen = table[table["exposed"] == 1]
    sizes = seen.groupby(["stratum", "variant"])[unit].nunique().unstack(fill_value=0)
    is_whole = len(sizes) == table["stratum"].nunique()
    return (
        "stratum" if is_whole and (sizes >= _FEWEST_IN_STRATUM[is_cluster]).all(axis=None) else None
    )


def _margins(definition: Definition, names: Sequence[str]) -> dict[str, float]:
    """Return margins as `analyze` wants them: below 0 where less is better."""
    return {
        one.metric: one.margin if definition.specs[one.metric].higher_is_better else -one.margin
        for one in definition.guardrails
        if one.metric in names and one.margin > 0
    }


def _withhold(result: dict[str, Any], few: Mapping[str, int]) -> None:
    reason = say("withheld", k=DEFAULT_K, variants=", ".join(few))
    kept = ("metric", "variant", "method")
    result["metrics"] = [
        {key: value if key in kept else None for key, value in entry.items()}
        | {"computable": False, "reason": reason}
        for entry in result["metrics"]
    ]
    result["warnings"].append(reason)
