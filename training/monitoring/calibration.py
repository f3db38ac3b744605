"""Do probabilities come true? Expected against observed, week by week."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.bootstrap import cluster_ratio
from recsys.reports.suppression import DEFAULT_K
from recsys.schema import FORMATS
from training.monitoring.figures import Fact, Figure, Finding, Measured, figure
from training.monitoring.questions import Answers
from training.monitoring.watched import Watched

__all__ = ["Ratio", "choices", "completions", "ratio_of"]

LOW, HIGH = 2 / 3, 3 / 2
"""A probability that is wrong by less than half of itself hardly changes an order of slots."""
_LEAST_EXPECTED = 10.0
"""Below, the interval of a ratio of counts says nothing anyway."""

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Observed over expected in one week, with its 95 % interval over employees."""

    value: float
    low: float
    high: float
    people: int
    expected: float
    observed: float

    @property
    def verdict(self) -> str | None:
        """Return ``low`` or ``high`` where the interval leaves no doubt, else None."""
        if self.people < DEFAULT_K or self.expected < _LEAST_EXPECTED:
            return None
        if self.high < LOW:
            return "low"
        return "high" if self.low > HIGH else None


def ratio_of(observed: Float, expected: Float, employee: Int, rng: np.random.Generator) -> Ratio:
    """Return the ratio of two sums over rows of employees; arrays of shape (n,)."""
    people = len(np.unique(employee))
    total = float(expected.sum())
    if not total:
        return Ratio(np.nan, np.nan, np.nan, people, 0.0, float(observed.sum()))
    found = cluster_ratio(observed, expected, employee, rng)
    value, low, high = (float(part[0]) for part in (found.value, found.low, found.high))
    return Ratio(value, low, high, people, total, float(observed.sum()))


def choices(watched: Watched, answers: Answers) -> Measured:
    """Compare how often the choice is among the best ten with what their probabilities say."""
    week = watched.weeks.of_times(answers.at)
    expected = np.nansum(answers.top, axis=1)
    ratios = _by_week(watched, week, answers.hit.astype(np.float64), expected, answers.employee)
    return _measured("read_ratio", ratios, {})


def completions(watched: Watched, answers: Answers) -> Measured:
    """Compare completions of showings with their probabilities, by format."""
    shown, measured = answers.showings, Measured()
    week = watched.weeks.of_times(shown.at)
    done, employee = shown.completed.astype(np.float64), shown.employee.astype(np.int64)
    for form, name in enumerate(FORMATS):
        rows = shown.form == form
        if rows.any():
            of_format = week[rows], done[rows], answers.p_completed[rows], employee[rows]
            ratios = _by_week(watched, *of_format)
            measured.add(_measured("completion_ratio", ratios, {"format": name}))
    return measured


def _by_week(
    watched: Watched, week: Int, observed: Float, expected: Float, employee: Int
) -> list[Ratio]:
    """Return the ratios of the watched week and those of the reference."""
    return [
        ratio_of(observed[week == w], expected[week == w], employee[week == w], watched.rng())
        for w in range(watched.weeks.n + 1)
    ]


def _measured(name: str, ratios: list[Ratio], labels: Mapping[str, str]) -> Measured:
    now = ratios[0]
    weeks = tuple(
        r.value if r.people >= DEFAULT_K and np.isfinite(r.value) else None for r in ratios[:0:-1]
    )
    found: Figure = figure(
        name, now.value, now.people, low=LOW, high=HIGH, labels=labels, weeks=weeks
    )
    measured = Measured([found])
    if now.verdict is not None:
        facts: dict[str, Fact] = {
            "value": now.value, "low": LOW, "high": HIGH, "verdict": now.verdict,
            "interval_low": now.low, "interval_high": now.high,
        }  # fmt: skip
        measured.findings.append(Finding(name, {**facts, **labels}))
    return measured
