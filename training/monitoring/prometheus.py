"""The report in the text format of Prometheus, for the node exporter's textfile collector."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from training.monitoring.causes import CODES
from training.monitoring.figures import Figure
from training.monitoring.report import Report

__all__ = ["METRICS", "write_metrics"]

METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "events": ("Events of the last seven days, a multiple of ten.", ("surface",)),
    "event_mix_psi": ("Drift of the mix of event types and surfaces.", ()),
    "hours_psi": ("Drift of the hours of the day.", ("surface",)),
    "last_event_age_seconds": ("Age of the latest event.", ()),
    "late_share": ("Events that arrived more than two days late.", ()),
    "unknown_content_share": ("Events about contents that are not registered.", ()),
    "unknown_employee_share": ("Events of people not in the employees table.", ()),
    "parked_events": ("Events that wait for their content.", ()),
    "feature_psi": ("Drift of a feature the ranker sees.", ("feature",)),
    "prediction_psi": ("Drift of probabilities, asked anew or as served.", ("source",)),
    "read_ratio": ("Choices from the best ten over what probabilities say.", ()),
    "open_ratio": ("Openings over what scores meant in earlier weeks.", ()),
    "completion_ratio": ("Completions over what the model says.", ("format",)),
    "degraded_share": ("Feeds that were less than the best.", ("reason",)),
    "slot_share": ("Slots by type.", ("slot_type",)),
    "cold_feed_share": ("Feeds for people without any reading before.", ()),
    "explore_share": ("Slots that explore.", ()),
    "propensity_invalid_share": ("Slots whose propensities are not in (0, 1].", ()),
    "rendition_mean_weight": ("Mean inverse weight of drawn renditions, about 1.", ()),
    "contents_without_text_share": ("Live contents the model cannot read.", ()),
    "coverage_share": ("Contents shown to, or read by, anybody.", ("kind", "age")),
    "model_age_seconds": ("Time since what the model has learned.", ()),
    "events_since_training": ("Events the model has not learned from.", ()),
    "trainings_since_champion": ("Trainings on data the champion has not seen.", ()),
    "trainings_kept_back": ("Of these, those that were kept back.", ()),
}
"""Name of a figure → what it means, and its labels; as metrics they begin with ``recsys_report_``.

What the range of a figure is expected to be is in ``…_expected_low`` and ``…_expected_high``.
"""

_PREFIX = "recsys_report_"


def write_metrics(report: Report, path: Path) -> None:
    """Write the file whole: beside it first, then in its place, so that no half is ever read.

    A figure that is unknown or suppressed has no sample. ``recsys_report_alert`` is there for every
    code, so that a rule can tell "no alert" from "no report".
    """
    registry = CollectorRegistry()
    for name, (meaning, labels) in METRICS.items():
        found = [figure for figure in report.figures if figure.name == name]
        for suffix, told in (("", meaning), ("_expected_low", "Least expected."),
                             ("_expected_high", "Most expected.")):  # fmt: skip
            samples = list(_samples(found, suffix))
            if samples:
                gauge = Gauge(f"{_PREFIX}{name}{suffix}", told, labels, registry=registry)
                for figure, value in samples:
                    (gauge.labels(**figure.labels) if labels else gauge).set(value)
    alerts = Gauge(f"{_PREFIX}alert", "1: the report alerts.", ["code"], registry=registry)
    raised = {alert.code for alert in report.alerts}
    for code in CODES:
        alerts.labels(code).set(code in raised)
    moment = Gauge(f"{_PREFIX}timestamp_seconds", "When the report looked.", registry=registry)
    moment.set(report.at.timestamp())
    write_to_textfile(str(path), registry)


def _samples(figures: list[Figure], suffix: str) -> Iterator[tuple[Figure, float]]:
    for figure in figures:
        value = {"": figure.value, "_expected_low": figure.low, "_expected_high": figure.high}
        if (number := value[suffix]) is not None:
            yield figure, number
