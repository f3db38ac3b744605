"""What the report says: figures with their expected range, and findings that want attention."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from recsys.reports.suppression import DEFAULT_K
from training.monitoring.drift import LEAST_EXCESS, Drift

__all__ = [
    "Fact", "Figure", "Finding", "Measured", "drift_figure", "figure", "is_moved",
    "rounded_events",
]  # fmt: skip

_P_VALUE = 0.001
"""One healthy week in a thousand for each distribution; a report looks at about ten, so once in two
years by chance, and then it must also be worth a look."""

Fact = str | float | int


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the watched week; None where it is unknown or of too few people."""

    name: str
    """One of :data:`training.monitoring.prometheus.METRICS`."""
    value: float | None
    low: float | None = None
    """Of the expected range; None: no bound."""
    high: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    weeks: tuple[float | None, ...] = ()
    """The same number of the weeks of reference, the oldest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was; :mod:`training.monitoring.causes` says why."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def surface(self) -> str:
        """Return the surface it is about, empty where it is about all."""
        return str(self.facts.get("surface", ""))


@dataclass(slots=True)
class Measured:
    """What one measure found; ``unsaid`` are reason codes of what it cannot say."""

    figures: list[Figure] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)

    def add(self, other: "Measured") -> None:
        """Take over what another measure found."""
        self.figures += other.figures
        self.findings += other.findings
        self.unsaid += [code for code in other.unsaid if code not in self.unsaid]


def figure(
    name: str, value: float, people: int, *, low: float | None = None, high: float | None = None,
    labels: Mapping[str, str] | None = None, weeks: tuple[float | None, ...] = (),
) -> Figure:  # fmt: skip
    """Return a figure about what ``people`` did; too few and it has neither value nor range."""
    if people < DEFAULT_K:
        return Figure(name, None, labels=labels or {})
    return Figure(name, _number(value), _number(low), _number(high), labels or {}, weeks)


def drift_figure(name: str, drift: Drift | None, people: int, **labels: str) -> Figure:
    """Return a PSI with the bound that chance alone hardly passes."""
    if drift is None:
        return Figure(name, None, labels=labels)
    high = max(drift.high, drift.chance + drift.trend + LEAST_EXCESS)
    return figure(name, drift.psi, people, high=high, labels=labels)


def is_moved(drift: Drift, people: int) -> bool:
    """Return whether a distribution has moved beyond chance, and far enough to matter."""
    return people >= DEFAULT_K and drift.p_value < _P_VALUE and drift.excess > LEAST_EXCESS


def rounded_events(n: float) -> float:
    """Return a number of events as a multiple of ten, so that one person more changes little."""
    return float(round(n / 10) * 10)


def _number(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(value)
