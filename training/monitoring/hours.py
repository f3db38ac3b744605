"""The hours of the day at which people read, and whether a clock was turned."""

import numpy as np

from recsys.times import HOUR_US
from training.monitoring.drift import Rows, drift_of, rows_of
from training.monitoring.figures import Fact, Finding, Measured, drift_figure, is_moved
from training.monitoring.kinds import SURFACE_NAMES, Kinds
from training.monitoring.watched import Watched

__all__ = ["hours", "turned"]

_SHIFT_LEFT = 0.5
"""A turned clock explains a change if turning it back leaves less than half of it."""


def hours(watched: Watched) -> Measured:
    """Return how far the hours have moved, by surface, and whether a shift explains it.

    Two hours are one category: finer, and a small company has hours without anybody.
    """
    kinds, log, measured = Kinds.of(watched), watched.log, Measured()
    hour, employee = log.occurred_at // HOUR_US % 24, log.employee.astype(np.int64)
    for surface, name in enumerate(SURFACE_NAMES):
        category = np.where(kinds.surface == surface, hour, -1)
        rows = rows_of(employee, watched.week, watched.day, category, 24)
        drift = drift_of(
            _in_twos(rows), watched.weeks.n, watched.rng(), skipped=watched.weeks.skipped
        )
        if drift is None:
            continue
        people = min(rows.people(0), rows.people())
        measured.figures.append(drift_figure("hours_psi", drift, people, surface=name))
        if is_moved(drift, people):
            by = turned(rows)
            facts: dict[str, Fact] = {"value": drift.psi, "high": drift.high, "surface": name}
            shifted = Finding("hours_shifted", facts | {"hours": f"{by:+d}"})
            measured.findings.append(shifted if by else Finding("hours", facts))
    measured.findings = _joined(measured.findings)
    return measured


def _joined(findings: list[Finding]) -> list[Finding]:
    """Return one finding where several surfaces moved alike: they share a clock."""
    alike = {(f.code, f.facts.get("hours")) for f in findings}
    if len(findings) < 2 or len(alike) > 1:
        return findings
    return [Finding(findings[0].code, {**findings[0].facts, "surface": "all"})]


def turned(rows: Rows) -> int:
    """Return by how many hours (−11..12) a turned clock explains the change; 0: by none."""
    now = rows.counts[rows.week == 0].sum(axis=0)
    before = rows.counts[rows.week > 0].sum(axis=0)
    p, q = now / now.sum(), before / before.sum()
    left = np.array([np.abs(np.roll(q, shift) - p).sum() for shift in range(24)])
    best = int(left.argmin())
    if left[best] > _SHIFT_LEFT * left[0]:
        return 0
    return best if best <= 12 else best - 24


def _in_twos(rows: Rows) -> Rows:
    counts = rows.counts.reshape(len(rows.counts), 12, 2).sum(axis=2)
    return Rows(rows.employee, rows.week, rows.day, counts)
