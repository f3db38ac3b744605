"""What one process counts and times, for Prometheus: sums over everybody, nothing about persons."""

import os
from collections.abc import Iterable
from time import perf_counter
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from serving.models import EventReport

__all__ = ["Metrics", "Stage"]

Stage = Literal["engine", "slate_log", "ingest", "json"]
"""Parts of an answer that are timed: the engine's computation, reading and writing the slate log,
rows on their way into the store and the engine, and writing JSON."""

_REQUEST_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Seconds; a feed takes milliseconds, a reach report with a plan a second or two."""

_STAGE_BUCKETS = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1)
"""Seconds; each bound costs every observation above it some 20 ns, so they are few."""

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Metrics:
    """The metrics of one application; safe for concurrent use.

    Every series carries the label ``worker``, the process id: with several worker processes
    behind one address each scrape is answered by one of them for itself, and its counters are
    continued at its next turn.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "recsys_requests", "Requests by route template, method and status.",
            ["route", "method", "status"], registry=registry,
        )  # fmt: skip
        self._served: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._seconds = Histogram(
            "recsys_request_seconds", "Seconds from a request's head to its answer's end.",
            ["route"], buckets=_REQUEST_BUCKETS, registry=registry,
        )  # fmt: skip
        stages = Histogram(
            "recsys_stage_seconds", "Seconds a part of an answer took.",
            ["stage"], buckets=_STAGE_BUCKETS, registry=registry,
        )  # fmt: skip
        self._stages = {stage: stages.labels(stage) for stage in get_args(Stage)}
        self._feeds = Counter(
            "recsys_feeds", "Pages of feeds, by why they were less than the best (or none).",
            ["degraded"], registry=registry,
        )  # fmt: skip
        self._histories = Counter(
            "recsys_feeds_computed", "Feeds computed, by whether their reader has a history.",
            ["history"], registry=registry,
        )  # fmt: skip
        self._slots = Counter(
            "recsys_slots", "Slots of pages of feeds, by type.", ["slot_type"], registry=registry
        )
        self._events = Counter(
            "recsys_events", "Events sent, by what became of them.", ["fate"], registry=registry
        )
        self._behind = Gauge(
            "recsys_follower_behind_changes",
            "Changes of the log that do not count yet; NaN: the store cannot be read.",
            registry=registry,
        )
        self._polled = Gauge(
            "recsys_follower_poll_age_seconds", "Seconds since the log was followed successfully.",
            registry=registry,
        )  # fmt: skip
        self._model = Gauge(
            "recsys_model_info", "1 for the model and the slate policy that serve.",
            ["model_version", "policy_version"], registry=registry,
        )  # fmt: skip

        self._age = Gauge(
            "recsys_model_age_seconds",
            "Seconds since the end of what the model has learned; NaN: there is no model.",
            registry=registry,
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is a template such as ``/v1/employees/{employee_id}/feed``."""
        # A caller can send any word as its method; each would be a series of its own.
        kind = (route, method if method in _METHODS else "other", status)
        if kind not in self._served:
            self._served[kind] = self._requests.labels(*kind), self._seconds.labels(route)
        count, histogram = self._served[kind]
        count.inc()
        histogram.observe(seconds)

    def stage(self, stage: Stage) -> "_Timing":
        """Return a context manager that times a part of an answer; it costs two microseconds."""
        return _Timing(self._stages[stage])

    def feed(self, degraded: str | None, slot_types: Iterable[str] = ()) -> None:
        """Count a page of a feed and its slots."""
        self._feeds.labels(degraded or "none").inc()
        for slot_type in slot_types:
            self._slots.labels(slot_type).inc()

    def computed(self, *, is_cold: bool) -> None:
        """Count a feed that was computed; cold is one for somebody who has not read anything."""
        self._histories.labels("none" if is_cold else "some").inc()

    def events(self, report: EventReport) -> None:
        """Count events by their fate."""
        fates = {
            "accepted": report.accepted,
            "duplicate": report.duplicate,
            "refused": report.refused,
            "rejected": len(report.rejected),
        }
        for fate, n in fates.items():
            self._events.labels(fate).inc(n)

    def follower(self, *, behind: float, poll_age_seconds: float) -> None:
        """Set how far the follower is behind, in changes, and when it was last successful."""
        self._behind.set(behind)
        self._polled.set(poll_age_seconds)

    def model(self, model_version: str, policy_version: str, age_seconds: float) -> None:
        """Set what serves, and how long ago ended what it has learned."""
        self._age.set(age_seconds)
        self._model.clear()
        self._model.labels(model_version, policy_version).set(1)

    def text(self) -> bytes:
        """Return everything in the text format of Prometheus."""
        return generate_latest(_OfWorker(self._registry))


class _Timing:
    """Observes how long its block took, also when it fails."""

    __slots__ = ("_began", "_histogram")

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._histogram.observe(perf_counter() - self._began)


class _OfWorker(Collector):
    """Adds the label ``worker`` to every series, and leaves out when each of them was made."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        worker = {"worker": str(os.getpid())}
        for metric in self._registry.collect():
            metric.samples = [
                sample._replace(labels=worker | sample.labels)
                for sample in metric.samples
                if not sample.name.endswith("_created")
            ]
            yield metric
