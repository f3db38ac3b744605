"""Values of rendition policies for people (a table) and for machines (strict JSON)."""

from typing import Any

from rich import box
from rich.table import Table

from recsys.evaluation.ope import Estimate
from recsys.evaluation.policy_value import PolicyValue, PolicyValues
from recsys.evaluation.report import number, or_none
from recsys.evaluation.summary import SMALLEST_GROUP

__all__ = ["INSUFFICIENT", "policy_json", "policy_table"]

INSUFFICIENT = "insufficient support"
"""Stands for an estimate that was refused."""


def policy_table(found: PolicyValues) -> Table:
    """Return completions per showing by policy, two lines each: the interval is below."""
    table = Table(
        title="Completions per showing, by rendition policy", box=box.SIMPLE, padding=(0, 1, 0, 0),
        caption=_caption(found),
    )  # fmt: skip
    table.add_column("policy")
    for name in ("IPS\n95 %", "SNIPS\n95 %", "effective\nshowings", "largest\nweight"):
        table.add_column(name, justify="right")
    for each in found.values if _is_shown(found) else ():
        estimate = each.snips
        table.add_row(
            each.policy, _cell(each.ips), _cell(each.snips), f"{estimate.ess:,.0f}",
            f"{estimate.max_weight:.1f}",
        )  # fmt: skip
    return table


def policy_json(found: PolicyValues) -> dict[str, Any]:
    """Return the table as strict JSON: unrounded, None where unknown or of too few employees."""
    is_shown = _is_shown(found)
    return {
        "suppressed": not is_shown,
        "n_showings": found.n_showings if is_shown else None,
        "n_employees": found.n_employees if is_shown else None,
        "policies": [_value_json(each) for each in found.values] if is_shown else [],
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


def _cell(estimate: Estimate) -> str:
    if estimate.verdict != "ok":
        return INSUFFICIENT
    low, high = estimate.interval
    return f"{number(estimate.value)}\n{number(low)} … {number(high)}"


def _value_json(each: PolicyValue) -> dict[str, Any]:
    return {
        "policy": each.policy,
        "ips": _estimate_json(each.ips),
        "snips": _estimate_json(each.snips),
        "mean_weight": or_none(each.mean_weight),
    }


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
