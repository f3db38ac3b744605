"""Values of rendition policies for people (a table) and for machines (strict JSON)."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from recsys.evaluation.ope import Estimate
from recsys.evaluation.policy_estimates import PolicyValue
from recsys.evaluation.policy_value import PolicyValues
from recsys.evaluation.report import number, or_none
from recsys.evaluation.summary import SMALLEST_GROUP

__all__ = ["INSUFFICIENT", "policy_json", "policy_table", "value_json", "value_table"]

INSUFFICIENT = "insufficient support"
"""Stands for an estimate that was refused."""

_NAMES = {
    "ips": "IPS", "snips": "SNIPS", "dr": "DR", "switch_dr": "Switch-DR", "dros": "DRos",
    "rips": "RIPS",
}  # fmt: skip


def policy_table(found: PolicyValues) -> Table:
    """Return completions per showing by policy and estimator."""
    title = "Completions per showing, by rendition policy"
    return value_table(title, found.values if _is_shown(found) else (), _caption(found))


def value_table(title: str, values: Sequence[PolicyValue], caption: str) -> Table:
    """Return one line per policy and estimator; below it why estimates were refused."""
    refusals = dict.fromkeys(
        f"{each.policy}: {estimate.verdict}"
        for each in values
        for estimate in each.estimates.values()
        if estimate.verdict != "ok"
    )
    table = Table(
        title=title, box=box.SIMPLE, padding=(0, 1, 0, 0), caption="\n".join([caption, *refusals])
    )
    table.add_column("policy")
    table.add_column("by")
    for name in ("value", "95 %", "effective\nactions", "largest\nweight", "clipped"):
        table.add_column(name, justify="right")
    for each in values:
        for place, (name, estimate) in enumerate(each.estimates.items()):
            table.add_row("" if place else each.policy, _NAMES[name], *_cells(estimate))
    return table


def policy_json(found: PolicyValues) -> dict[str, Any]:
    """Return the table as strict JSON: unrounded, None where unknown or of too few employees."""
    is_shown = _is_shown(found)
    return {
        "suppressed": not is_shown,
        "n_showings": found.n_showings if is_shown else None,
        "n_employees": found.n_employees if is_shown else None,
        "policies": [value_json(each) for each in found.values] if is_shown else [],
    }


def _is_shown(found: PolicyValues) -> bool:
    return found.n_employees >= SMALLEST_GROUP


def _caption(found: PolicyValues) -> str:
    if not _is_shown(found):
        return (
            f"{INSUFFICIENT}: fewer than {SMALLEST_GROUP} employees were shown a rendition drawn "
            "with a logged probability"
        )
    return (
        f"{found.n_showings:,} showings to {found.n_employees:,} employees whose rendition was "
        "drawn by chance"
    )


def _cells(estimate: Estimate) -> tuple[str, ...]:
    support = (
        f"{estimate.ess:,.0f}", f"{estimate.max_weight:.1f}", f"{estimate.clip_share:.1%}",
    )  # fmt: skip
    if estimate.verdict != "ok":
        return INSUFFICIENT, "", *support
    low, high = estimate.interval
    return number(estimate.value), f"{number(low)} … {number(high)}", *support


def value_json(each: PolicyValue) -> dict[str, Any]:
    """Return one policy: estimates by name, and the mean weight."""
    estimates = {name: _estimate_json(estimate) for name, estimate in each.estimates.items()}
    return {"policy": each.policy, **estimates, "mean_weight": or_none(each.mean_weight)}


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": or_none(estimate.value),
        "stderr": or_none(estimate.stderr),
        "interval": [or_none(end) for end in estimate.interval],
        "ess": estimate.ess,
        "max_weight": estimate.max_weight,
        "clip_share": estimate.clip_share,
        "verdict": estimate.verdict,
    }
