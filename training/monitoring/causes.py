"""From findings to alerts: which of them belong together, and what is likely behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from training.monitoring.figures import Fact, Finding

__all__ = ["CAUSES", "CODES", "Alert", "alerts_of"]

CODES = (
    "no_events", "lost", "many", "hours_shifted", "hours", "event_mix", "late", "unknown_content",
    "unknown_employee", "features", "predictions", "read_ratio", "open_ratio", "completion_ratio",
    "degraded", "fallback", "cold", "without_text", "coverage", "stale_model", "explore_gone",
    "propensities",
)  # fmt: skip
"""Everything an alert can be about, the root causes first."""

CAUSES = (
    "nothing_arrives", "surface_silent", "openings_lost", "impressions_lost", "type_lost",
    "everything_fell", "doubled", "clock", "habits", "mix_unexplained", "late_delivery",
    "catalogue_behind", "employees_behind", "follows_loss", "follows_hours", "new_model",
    "new_policy", "old_model", "inputs_moved", "outputs_unexplained", "score_meaning",
    "renditions_changed", "no_model", "time_budget", "few_candidates", "new_people", "new_ids",
    "no_texts", "more_contents", "narrow_feed", "kept", "failed", "no_training",
    "promoted_by_hand", "unknown", "exploration_off", "wrong_propensities",
)  # fmt: skip

_READS = frozenset({"open", "read", "complete", "progress"})
_LOSSES = ("silent", "few")
_EXPLAINED_BY_LOSS = frozenset({"event_mix", "hours"})
"""A lost kind of event moves these by itself: they say nothing more."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to act on: what, why, and what moved along with it."""

    code: str
    cause: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    """Codes of findings that the same cause explains."""


def alerts_of(findings: Sequence[Finding]) -> tuple[Alert, ...]:
    """Return the alerts, root causes first; what one of them explains is no alert of its own."""
    silent = [f for f in findings if f.code == "no_events"]
    losses = [] if silent else _losses(findings)
    roots = [Alert("no_events", "nothing_arrives", f.facts) for f in silent] + losses
    seen = {f.code for f in findings}
    rest = []
    explained = set(_EXPLAINED_BY_LOSS if roots else ())
    if silent:
        explained |= {"coverage", "cold", *_LOSSES}
    if "hours_shifted" in seen:
        explained.add("hours")
    for finding in findings:
        if finding.code not in (*_LOSSES, "no_events") and finding.code not in explained:
            cause = _cause(finding, losses, findings)
            rest.append(Alert(finding.code, cause, finding.facts))
    moved = tuple(code for code in CODES if code in explained & seen)
    if roots and moved:
        first = roots[0]
        roots[0] = Alert(first.code, first.cause, first.facts, moved)
    return tuple(sorted((*roots, *rest), key=lambda alert: CODES.index(alert.code)))


def _losses(findings: Sequence[Finding]) -> list[Alert]:
    """Return one alert for each surface that lost events, by what it lost."""
    lost: dict[str, dict[str, Finding]] = {}
    for code in reversed(_LOSSES):  # what is silent is told rather than what is few
        for finding in findings:
            if finding.code == code:
                lost.setdefault(finding.surface, {})[str(finding.facts["event_type"])] = finding
    return [_loss(surface, kinds) for surface, kinds in lost.items()]


def _loss(surface: str, kinds: Mapping[str, Finding]) -> Alert:
    reads = sorted(_READS & kinds.keys())
    if "impression" in kinds:
        cause = "surface_silent" if reads else "impressions_lost"
        told = kinds["impression"]
    elif reads:
        cause, told = "openings_lost", kinds["open" if "open" in kinds else reads[0]]
    else:
        cause, told = "type_lost", max(kinds.values(), key=lambda f: float(f.facts["mean"]))
    if cause == "surface_silent" and told.code == "few":
        cause = "everything_fell"
    facts = {**told.facts, "kinds": ";".join(sorted(kinds)), "surface": surface}
    return Alert("lost", cause, facts)


def _cause(finding: Finding, losses: Sequence[Alert], findings: Sequence[Finding]) -> str:
    """Return the likely cause of a finding that is no loss of events."""
    simple = {
        "many": "doubled", "hours_shifted": "clock", "hours": "habits",
        "event_mix": "mix_unexplained", "late": "late_delivery",
        "unknown_content": "catalogue_behind", "unknown_employee": "employees_behind",
        "fallback": "few_candidates", "without_text": "no_texts",
        "propensities": "wrong_propensities",
    }  # fmt: skip
    said = {"degraded": "reason", "stale_model": "why"}
    if finding.code in simple:
        return simple[finding.code]
    if finding.code in said:
        return str(finding.facts[said[finding.code]])
    if finding.code == "cold":
        return "new_ids" if float(finding.facts["unheard"]) > 0.5 else "new_people"
    if finding.code == "explore_gone" and "new_policy_version" not in finding.facts:
        return "exploration_off"
    return _of_model(finding, losses, findings)


def _of_model(finding: Finding, losses: Sequence[Alert], findings: Sequence[Finding]) -> str:
    """Return the cause of what moved in inputs or outputs of the model, or in coverage."""
    lost = {kind for alert in losses for kind in str(alert.facts["kinds"]).split(";")}
    needs = {"coverage": {"impression"}, "open_ratio": set(_READS)}.get(finding.code)
    if lost if needs is None else lost & needs:
        return "follows_loss"
    seen = {f.code for f in findings}
    if "hours_shifted" in seen and finding.code in {"features", "predictions"}:
        return "follows_hours"
    new = [cause for cause in ("new_model", "new_policy") if f"{cause}_version" in finding.facts]
    return new[0] if new else _unexplained(finding, seen)


def _unexplained(finding: Finding, seen: set[str]) -> str:
    """Return the cause of a finding that no event and no new version explains."""
    if finding.code == "coverage":
        grown = float(finding.facts["n"]) > 1.5 * float(finding.facts["n_before"])
        return "more_contents" if grown else "narrow_feed"
    if "stale_model" in seen:
        return "old_model"
    if finding.code != "features" and "features" in seen:
        return "inputs_moved"
    meant = {"completion_ratio": "renditions_changed"}
    meant |= dict.fromkeys(("open_ratio", "read_ratio"), "score_meaning")
    return meant.get(finding.code, "outputs_unexplained")
