"""What slates tell of a challenger, for people (tables) and for machines (strict JSON)."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from recsys.evaluation.policy_estimates import PolicyValue
from recsys.evaluation.policy_report import INSUFFICIENT, value_json, value_table
from recsys.evaluation.report import or_none
from recsys.evaluation.slates.explored import ExploreValues
from recsys.evaluation.slates.whole import WholeValues
from recsys.evaluation.summary import SMALLEST_GROUP

__all__ = ["NOT_DRAWN", "explore_json", "slates_tables", "whole_json"]

NOT_DRAWN = (
    "no slate was drawn whole: with all but a few slots certain, another policy's slates have no "
    "chance of being in the log. The slate rule plackett_luce draws every slot"
)
_FEW = f"fewer than {SMALLEST_GROUP} employees looked at any"


def slates_tables(explored: ExploreValues, whole: WholeValues) -> Iterator[Table]:
    """Yield openings and completions in explored slots, then openings in whole slates."""
    is_shown = explored.n_employees >= SMALLEST_GROUP
    caption = _explored_caption(explored) if is_shown else f"{INSUFFICIENT}: {_FEW}"
    for title, values in (("Openings", explored.opened), ("Completions", explored.completed)):
        yield value_table(
            f"{title} per explored slot that was looked at", values if is_shown else (), caption
        )
    title = "Openings per whole slate, by slots from the top"
    rows: Sequence[PolicyValue] = ()
    if whole.n_slates == 0:
        caption = f"refused: {NOT_DRAWN}"
    elif whole.n_employees < SMALLEST_GROUP:
        caption = f"{INSUFFICIENT}: {_FEW}"
    else:
        rows = _by_depth(whole)
        caption = f"{whole.n_slates:,} slates of {whole.n_employees:,} employees, drawn whole"
    yield value_table(title, rows, caption)


def explore_json(found: ExploreValues) -> dict[str, Any]:
    """Return explored slots as strict JSON; None where unknown or of too few employees."""
    is_shown = found.n_employees >= SMALLEST_GROUP
    return {
        "suppressed": not is_shown,
        "n_slots": found.n_slots if is_shown else None,
        "n_employees": found.n_employees if is_shown else None,
        "retraced_share": {n: or_none(share) for n, share in found.retraced_share.items()},
        "opened": [value_json(each) for each in found.opened] if is_shown else [],
        "completed": [value_json(each) for each in found.completed] if is_shown else [],
    }


def whole_json(found: WholeValues) -> dict[str, Any]:
    """Return whole slates as strict JSON: ``verdict`` says why there are none."""
    is_shown = found.n_employees >= SMALLEST_GROUP
    return {
        "verdict": "ok" if found.n_slates else f"refused: {NOT_DRAWN}",
        "suppressed": found.n_slates > 0 and not is_shown,
        "n_slates": found.n_slates if is_shown or not found.n_slates else None,
        "n_employees": found.n_employees if is_shown or not found.n_slates else None,
        "by_depth": {
            str(depth): [value_json(each) for each in values] if is_shown else []
            for depth, values in found.by_depth.items()
        },
    }


def _explored_caption(found: ExploreValues) -> str:
    lines = [f"{found.n_slots:,} slots, looked at by {found.n_employees:,} employees"]
    for policy, share in found.retraced_share.items():
        if share == share:  # noqa: PLR0124  (NaN: it drew none of them)
            lines.append(f"{policy} drew some itself: {share:.1%} retraced")
    return "\n".join(lines)


def _by_depth(found: WholeValues) -> list[PolicyValue]:
    return [
        PolicyValue(f"{each.policy}, {depth}", each.estimates, each.mean_weight)
        for depth, values in found.by_depth.items()
        for each in values
    ]
