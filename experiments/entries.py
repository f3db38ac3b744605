"""One entry of the results per metric and variant: numbers, or the reason why there are none."""

from collections.abc import Sequence
from typing import Any, Literal

from experiments.decision import Interval, Rule, rule_of
from experiments.design import Design
from experiments.estimates import NotComputableError, estimate
from experiments.measures import Measure
from experiments.multiplicity import adjust
from experiments.permutation import permute
from experiments.table import Table

__all__ = ["Entry", "entries_of"]

Entry = dict[str, Any]


def entries_of(
    table: Table, measures: Sequence[Measure], design: Design, least: int = 2
) -> list[Entry]:
    """Return one entry per metric and variant other than the control, with adjusted p-values.

    A metric with fewer units with a value in an arm than ``least`` is not computable there.
    """
    rule = rule_of(design)
    entries = [
        _entry(table, measure, variant, design, rule, least)
        for measure in measures
        for variant in range(1, len(table.arms))
    ]
    computed = [entry for entry in entries if entry["computable"]]
    adjusted = adjust([entry["decision_p_value"] for entry in computed], design.correction)
    for entry, p_value in zip(computed, adjusted, strict=True):
        entry["adjusted_p_value"] = p_value
    return entries


def _entry(
    table: Table, measure: Measure, variant: int, design: Design, rule: Rule, least: int
) -> Entry:
    name: Entry = {"metric": measure.metric.name, "variant": table.arms[variant]}
    method = _method(measure, design)
    try:
        numbers = _numbers(table, measure, variant, rule, least)
    except NotComputableError as error:
        blank = dict.fromkeys(_NUMBERS) | {"computable": False, "reason": str(error)}
        return name | _ordered(blank | {"method": method})
    entry = name | _ordered(numbers | {"method": method, "computable": True, "reason": None})
    margin = (design.margins or {}).get(measure.metric.name)
    if margin is not None:
        entry["non_inferiority"] = _non_inferiority(margin, entry["decision_ci"])
    return entry


def _numbers(
    table: Table, measure: Measure, variant: int, rule: Rule, least: int
) -> dict[str, Any]:  # fmt: skip
    rows = measure.rows(table, variant, least)
    totals = rows.totals()
    found = estimate(rows, totals, has_covariate=measure.has_covariate)
    permutations = None if rows.cluster is None else permute(totals, found.theta)
    judged = rule.judge(found, permutations)
    return {
        "control_mean": found.control_mean, "treatment_mean": found.treatment_mean,
        "effect": found.effect, "se": found.se, "effect_ci": _bounded(judged.effect_ci),
        "p_value": judged.p_value, "rel_effect": found.rel_effect,
        "rel_effect_ci": _bounded(judged.rel_effect_ci),
        "adjusted_p_value": judged.decision_p_value,
        "n_clusters": None if rows.cluster is None else found.n,
        "permutation_p_value": None if permutations is None else permutations.p_value,
        "decision_p_value": judged.decision_p_value, "decision_ci": _bounded(judged.decision_ci),
    }  # fmt: skip


_NUMBERS = (
    "control_mean", "treatment_mean", "effect", "se", "effect_ci", "p_value", "rel_effect",
    "rel_effect_ci", "adjusted_p_value", "n_clusters", "permutation_p_value", "decision_p_value",
    "decision_ci",
)  # fmt: skip
_ORDER = (*_NUMBERS[:8], "method", *_NUMBERS[8:], "computable", "reason")


def _ordered(values: Entry) -> Entry:
    return {key: values[key] for key in _ORDER}


def _method(measure: Measure, design: Design) -> str:
    """Return what was done, in the order in which it was done."""
    kind: Literal["welch", "proportion", "delta"] = "welch"
    if measure.metric.denominator is not None or design.cluster is not None:
        kind = "delta"
    elif measure.metric.is_proportion:
        kind = "proportion"
    parts: list[str] = [kind]
    parts += ["cuped"] if design.covariate else []
    parts += ["post_stratified"] if design.strata else []
    parts += ["clusters"] if design.cluster else []
    parts += ["always_valid"] if design.sequential else []
    parts += ["planned_looks"] if design.looks else []
    return "+".join(parts)


def _bounded(interval: Interval | None) -> list[float | None] | None:
    """Return an interval with None for an end that is infinite."""
    if interval is None:
        return None
    return [end if abs(end) < float("inf") else None for end in interval]


def _non_inferiority(margin: float, interval: list[float | None]) -> dict[str, Any]:
    """Return whether the interval that decides excludes a loss (or gain) of the margin."""
    bound = interval[0] if margin > 0 else interval[1]
    is_fine = bound is not None and (bound > -margin if margin > 0 else bound < -margin)
    return {"margin": margin, "bound": bound, "is_non_inferior": is_fine}
