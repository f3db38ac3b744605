"""From ranks to figures: metrics with intervals, overall, by slice and against each other."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap
from recsys.evaluation.data import EvaluationData
from recsys.evaluation.metrics import METRICS, metric_values
from recsys.evaluation.protocol import Ranks
from recsys.times import DAY_US, HOUR_US

__all__ = ["SMALLEST_GROUP", "Slice", "Summary", "summarise", "target_slices"]

SMALLEST_GROUP = 10
"""Slices of fewer employees are suppressed: figures of a few people are figures of persons."""

FRESH_HOURS = 24
NEW_EMPLOYEE_CONTENTS = 3
"""Somebody is new until they have interacted with this many contents."""

SILENT_DAYS, SILENT_SHARE = 28, 0.25
"""Silent are those in the lowest quarter by contents read in the four weeks before the first
choice. Who reads much makes most of the choices, so the overall figures are theirs; this slice says
what the ranking is worth to the people an intranet wants to reach. Whole weeks, because weekends
differ."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the targets. ``estimates`` has shape (n_models, n_metrics); None = suppressed."""

    name: str
    n_targets: int
    n_employees: int
    estimates: Estimates | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What an evaluation found; models and metrics in the order of the arrays.

    ``differences`` is the first model minus each other on the same targets, shape
    (n_models − 1, n_metrics), with paired intervals.
    """

    models: tuple[str, ...]
    metrics: tuple[str, ...]
    overall: Slice
    slices: tuple[Slice, ...]
    differences: Estimates
    n_ineligible: int


def summarise(
    ranks: Ranks,
    data: EvaluationData,
    rng: np.random.Generator,
    *,
    smallest_group: int = SMALLEST_GROUP,
) -> Summary:
    """Return every metric of every model, overall and by slice, with 95 % intervals.

    Slices: content younger than 24 h; new employee (fewer than 3 contents interacted with before);
    silent employee (the lowest quarter by contents read in the 28 days before the first choice,
    ties included; also hidden if the others are fewer than ``smallest_group``, but not none);
    each department with at least ``smallest_group`` employees among the targets. Departments are
    suppressed further, smallest first, until those not shown are together at least that many
    employees; else subtracting the shown ones from the whole would tell the small one.
    """
    values = metric_values(ranks.rank)
    employee = ranks.targets.employee
    slices = []
    for name, rows, is_shown in target_slices(ranks, data, smallest_group):
        estimates = _estimate(values[rows], employee[rows], rng) if is_shown else None
        slices.append(Slice(name, int(rows.sum()), len(np.unique(employee[rows])), estimates))
    return Summary(
        ranks.models,
        tuple(METRICS),
        Slice("overall", len(employee), len(np.unique(employee)), _estimate(values, employee, rng)),
        tuple(slices),
        _estimate(values[:, :1] - values[:, 1:], employee, rng),
        ranks.n_ineligible,
    )


def _estimate(
    values: npt.NDArray[np.float64], employee: npt.NDArray[np.int32], rng: np.random.Generator
) -> Estimates:
    """Bootstrap values of shape (n, a, b) into estimates of shape (a, b)."""
    shape = values.shape[1:]
    flat = cluster_bootstrap(values.reshape(len(values), shape[0] * shape[1]), employee, rng)
    return Estimates(flat.value.reshape(shape), flat.low.reshape(shape), flat.high.reshape(shape))


def target_slices(
    ranks: Ranks, data: EvaluationData, smallest_group: int
) -> Iterator[tuple[str, npt.NDArray[np.bool_], bool]]:
    """Yield (name, which targets, may it be shown)."""
    targets = ranks.targets
    age = targets.occurred_at - data.published_at[targets.content]
    for name, rows in (
        ("content < 24 h", age < FRESH_HOURS * HOUR_US),
        ("new employee", targets.n_contents_before < NEW_EMPLOYEE_CONTENTS),
    ):
        yield name, rows, len(np.unique(targets.employee[rows])) >= smallest_group
    silent = _silent(ranks, data)
    quiet, others = (len(np.unique(targets.employee[rows])) for rows in (silent, ~silent))
    # Whole minus silent would tell the others.
    yield "silent employee", silent, quiet >= smallest_group and not 0 < others < smallest_group
    department = data.department[targets.employee]
    shown = _shown_departments(department, targets.employee, smallest_group)
    for index in np.unique(department[department >= 0]).tolist():
        name = f"department {data.departments.id(index)}"
        yield name, department == index, index in shown


def _silent(ranks: Ranks, data: EvaluationData) -> npt.NDArray[np.bool_]:
    """Return which targets are of silent employees, bool, shape (n_targets,)."""
    people, person = np.unique(ranks.targets.employee, return_inverse=True)
    if not len(people):
        return np.zeros(0, np.bool_)
    first = int(ranks.targets.occurred_at[0])
    log = data.log
    recent = (log.occurred_at >= first - SILENT_DAYS * DAY_US) & (log.occurred_at < first)
    readers = np.unique(np.stack([log.employee[recent], log.content[recent]]), axis=1)[0]
    n_read = np.bincount(readers, minlength=len(data.employees))[people]
    limit = np.quantile(n_read, SILENT_SHARE, method="lower")
    return np.asarray((n_read <= limit)[person])


def _shown_departments(
    department: npt.NDArray[np.int32], employee: npt.NDArray[np.int32], smallest_group: int
) -> set[int]:
    """Return departments that may be shown; −1 (unknown) never is and counts as hidden."""
    pairs = np.unique(np.stack([department, employee]), axis=1)
    indices, sizes = np.unique(pairs[0], return_counts=True)
    hidden = 0
    shown = set()
    for index, size in sorted(
        zip(indices.tolist(), sizes.tolist(), strict=True), key=lambda d: (d[0] >= 0, d[1], d[0])
    ):
        if index < 0 or size < smallest_group or 0 < hidden < smallest_group:
            hidden += size
        else:
            shown.add(index)
    return shown
