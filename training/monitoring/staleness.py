"""How old is what serves, and why nothing has replaced it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.times import DAY_US, SECOND_US, to_micros
from training.monitoring.figures import Fact, Figure, Finding, Measured, rounded_events
from training.monitoring.watched import Watched

__all__ = ["Training", "staleness"]

_OLDEST_US = 14 * DAY_US
"""As long as the window a training run tests on: a model older than that has seen nothing of it."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training run, as the tracking store remembers it."""

    until: datetime | None
    """What it learned up to, in the time of the log; None if it never came so far."""
    status: str
    """``FINISHED``, ``FAILED``, …"""
    decision: str | None
    """``promote`` or ``keep``; None without a verdict."""
    reasons: tuple[str, ...] = ()


def staleness(
    watched: Watched, trained_until: datetime, trainings: Sequence[Training] | None
) -> Measured:
    """Return the age of the model; of ``trainings``, the latest first, why it is not younger.

    None means that the tracking store was not asked.
    """
    learned, until = to_micros(trained_until), watched.weeks.until
    age = max(until - learned, 0)
    n_events = int(np.count_nonzero(watched.log.occurred_at >= learned))
    measured = Measured(
        [
            Figure("model_age_seconds", age / SECOND_US, high=_OLDEST_US / SECOND_US),
            Figure("events_since_training", rounded_events(n_events)),
        ]
    )
    since = _since(trainings or (), trained_until)
    if trainings is not None:
        kept = sum(1 for run in since if run.decision == "keep")
        measured.figures += [
            Figure("trainings_since_champion", float(len(since))),
            Figure("trainings_kept_back", float(kept)),
        ]
    else:
        measured.unsaid.append("no_tracking")
    if age > _OLDEST_US:
        facts: dict[str, Fact] = {"value": age / DAY_US, "high": _OLDEST_US / DAY_US}
        measured.findings.append(Finding("stale_model", facts | _why(trainings, since)))
    return measured


def _since(trainings: Sequence[Training], trained_until: datetime) -> list[Training]:
    """Return the runs on data the champion has not seen, and the failures among the latest."""
    return [run for run in trainings if run.until is None or run.until > trained_until]


def _why(trainings: Sequence[Training] | None, since: Sequence[Training]) -> dict[str, Fact]:
    if trainings is None:
        return {"why": "unknown"}
    kept = [run for run in since if run.decision == "keep"]
    if kept:
        return {"why": "kept", "n": len(kept), "reason": "; ".join(kept[0].reasons)}
    failed = [run for run in since if run.status == "FAILED"]
    if failed:
        return {"why": "failed", "n": len(failed)}
    return {"why": "promoted_by_hand" if since else "no_training"}
