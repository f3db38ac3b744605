"""All measures put together: what is said of one week, for people, machines and Prometheus."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.model import Model
from recsys.reports.suppression import DEFAULT_K
from recsys.times import from_micros, to_micros
from training.monitoring.activity import event_mix, silence, volume
from training.monitoring.arrival import arrival
from training.monitoring.calibration import choices, completions
from training.monitoring.causes import Alert, alerts_of
from training.monitoring.coverage import coverage, without_features
from training.monitoring.feeds import (
    Feeds,
    cold,
    degraded,
    exploration,
    openings,
    scores,
    slot_types,
)
from training.monitoring.figures import Figure, Measured
from training.monitoring.hours import hours
from training.monitoring.model_drift import features, predictions
from training.monitoring.questions import ask
from training.monitoring.served import Served
from training.monitoring.staleness import Training, staleness
from training.monitoring.watched import Watched
from training.monitoring.weeks import Weeks
from training.monitoring.wording import LANGUAGES, sentence, unsaid_sentence

__all__ = ["Report", "Sources", "monitor", "report_json"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sources:
    """What a report looks at; what is None is not there, and the report says what it lacks."""

    dataset: Dataset
    at: datetime
    """The moment of the report: events from here on are not looked at."""
    model: Model | None = None
    served: Served | None = None
    trainings: Sequence[Training] | None = None
    n_parked: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Figures with their ranges, alerts, and reason codes of what cannot be said."""

    at: datetime
    weeks: Weeks
    figures: tuple[Figure, ...]
    alerts: tuple[Alert, ...]
    unsaid: tuple[str, ...]


def monitor(sources: Sources, *, seed: int = 0, progress: Progress = lambda *_: None) -> Report:
    """Look at everything there is; the same sources and seed give the same report."""
    watched = _watched(sources, seed)
    measured = Measured(unsaid=["no_rejects"])
    measured.add(_of_events(watched, sources))
    if sources.model is None:
        measured.unsaid.append("no_model")
    else:
        measured.add(staleness(watched, sources.model.trained_until, sources.trainings))
        measured.add(without_features(watched, sources.model))
        if watched.weeks.is_enough:
            measured.add(_of_model(watched, sources.model, progress))
    measured.add(_of_feeds(watched, sources))
    return Report(
        sources.at, watched.weeks, tuple(measured.figures), alerts_of(measured.findings),
        tuple(measured.unsaid),
    )  # fmt: skip


def _watched(sources: Sources, seed: int) -> Watched:
    until = to_micros(sources.at)
    catalogue = Catalogue.of(sources.dataset)
    log = catalogue.encode(sources.dataset["events"])
    log = log.take(log.occurred_at < until)
    first = int(log.occurred_at.min(initial=until))
    learned = None if sources.model is None else to_micros(sources.model.trained_until)
    return Watched(catalogue, log, Weeks.of(first, until, learned), seed)


def _of_events(watched: Watched, sources: Sources) -> Measured:
    measured = arrival(watched)
    if sources.n_parked is not None:
        measured.figures.append(Figure("parked_events", float(sources.n_parked)))
    if not watched.weeks.is_enough:
        measured.unsaid.append("few_weeks")
        return measured
    for measure in (volume, silence, event_mix, hours, coverage):
        measured.add(measure(watched))
    return measured


def _of_model(watched: Watched, model: Model, progress: Progress) -> Measured:
    answers, measured = ask(watched, model, progress=progress), Measured()
    for measure in (features, predictions, choices, completions):
        measured.add(measure(watched, answers))
    return measured


def _of_feeds(watched: Watched, sources: Sources) -> Measured:
    feeds = None if sources.served is None else Feeds(watched, sources.served)
    if feeds is None or not feeds.n_now:
        return Measured(unsaid=["no_slates"])
    measured = Measured()
    for measure in (degraded, slot_types, cold, exploration, scores, openings):
        measured.add(measure(feeds))
    return measured


def report_json(report: Report) -> dict[str, Any]:
    """Return the report as strict JSON; None where a number is unknown or suppressed."""
    since, until = report.weeks.reference
    return {
        "at": report.at.isoformat(),
        "week": {"since": _iso(report.weeks.since), "until": _iso(report.weeks.until)},
        "reference": {"since": _iso(since), "until": _iso(until), "weeks": report.weeks.n},
        "suppressed_below": DEFAULT_K,
        "figures": [_figure_json(figure) for figure in report.figures],
        "alerts": [_alert_json(alert) for alert in report.alerts],
        "not_computable": [
            {"code": code, **{name: unsaid_sentence(code, name) for name in LANGUAGES}}
            for code in report.unsaid
        ],
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    row = asdict(figure)
    return row | {"labels": dict(figure.labels), "weeks": list(figure.weeks)}


def _alert_json(alert: Alert) -> dict[str, Any]:
    return {
        "code": alert.code,
        "cause": alert.cause,
        "facts": dict(alert.facts),
        "moved_along": list(alert.moved),
        "sentence": {name: sentence(alert, name) for name in LANGUAGES},
    }


def _iso(micros: int) -> str:
    return from_micros(micros).isoformat()
