"""What an interval means in one of four words, and why.

A verdict rests on the decision interval and on the corrected p-value of an analysis, and on one
yardstick: the smallest change that matters, as a share of the control's mean. Without a yardstick
"no difference shown" would mean anything from "there is none" to "we hardly looked".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Literal

__all__ = ["Cause", "Judgement", "Verdict", "Yardstick", "judge_entry", "smallest_that_matters"]

Verdict = Literal["better", "worse", "no_difference", "cannot_tell"]
Cause = Literal[
    "shown",  # better or worse, beyond what chance explains
    "ruled_out",  # no difference: every difference that matters is ruled out
    "no_yardstick",  # no difference shown; nothing says which would matter
    "wide",  # cannot tell: none and one that matters are both possible
    "unbounded",  # cannot tell: no effect at all is excluded, so few clusters there are
    "several_looked_at",  # cannot tell: alone it would do, among so many it does not
    "sample_ratio",  # cannot tell: the groups are not what was planned
    "not_computable",
]


@dataclass(frozen=True)
class Yardstick:
    """How results are to be read.

    Attributes
    ----------
    matters_share
        Smallest change that matters, as a share of the control's mean. 10 % is what planners of
        experiments commonly aim at; a page should ask its reader for a better one.
    lower_is_better
        Metrics of which less is better, by name.
    alpha
        Error of the analysis; its intervals hold with 1 - alpha.
    """

    matters_share: float = 0.10
    lower_is_better: frozenset[str] = frozenset()
    alpha: float = 0.05


@dataclass(frozen=True)
class Judgement:
    """A verdict, its cause, and whether a shown effect may be too small to matter."""

    verdict: Verdict
    cause: Cause
    is_small: bool = False


def judge_entry(
    entry: Mapping[str, Any], yardstick: Yardstick, *, is_ratio_flagged: bool
) -> Judgement:
    """Return the verdict on one metric of one variant, an entry of ``metrics`` (DESIGN §8)."""
    interval = _interval(entry)
    if not entry.get("computable") or interval is None:
        return Judgement("cannot_tell", "not_computable")
    if is_ratio_flagged:
        return Judgement("cannot_tell", "sample_ratio")
    low, high = interval
    margin = smallest_that_matters(entry, yardstick)
    is_within = margin is not None and -margin < low and high < margin
    if low <= 0 <= high:
        return _without_effect(interval, margin, is_within=is_within)
    if not _is_shown(entry, yardstick.alpha):
        return Judgement("cannot_tell", "several_looked_at")
    is_good = (low > 0) != (entry.get("metric") in yardstick.lower_is_better)
    return Judgement("better" if is_good else "worse", "shown", is_within)


def smallest_that_matters(entry: Mapping[str, Any], yardstick: Yardstick) -> float | None:
    """Return the smallest effect that matters, absolute; None without a control mean but 0."""
    mean = entry.get("control_mean")
    if mean is None or not isfinite(mean) or mean == 0:
        return None
    margin = abs(mean) * yardstick.matters_share
    return margin if margin > 0 and isfinite(margin) else None


def _without_effect(
    interval: tuple[float, float], margin: float | None, *, is_within: bool
) -> Judgement:
    if not all(map(isfinite, interval)):
        return Judgement("cannot_tell", "unbounded")
    if margin is None:
        return Judgement("no_difference", "no_yardstick")
    if is_within:
        return Judgement("no_difference", "ruled_out")
    return Judgement("cannot_tell", "wide")


def _interval(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the interval that decides; JSON has None for an end that is infinite."""
    ends = entry.get("decision_ci")
    if ends is None:
        return None
    low, high = ends
    return -inf if low is None else float(low), inf if high is None else float(high)


def _is_shown(entry: Mapping[str, Any], alpha: float) -> bool:
    """Whether the effect holds among all that were looked at; without a correction, by itself."""
    adjusted = entry.get("adjusted_p_value")
    decision = entry.get("decision_p_value") if adjusted is None else adjusted
    return decision is not None and decision < alpha
