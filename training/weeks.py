"""The test window as rolling origins: figures week by week and day by day.

No period shows fewer employees than a slice may: a short one is joined with the next, so nothing
can be told by taking the shown ones from the whole either.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap
from recsys.evaluation.metrics import metric_values, ndcg
from recsys.evaluation.protocol import Ranks
from recsys.evaluation.summary import SMALLEST_GROUP
from recsys.times import DAY_US, WEEK_US

__all__ = ["Period", "Week", "divide", "weeks_of"]


@dataclass(frozen=True, slots=True)
class Period:
    """Some of the choices; times in microseconds, ``until`` exclusive."""

    since: int
    until: int
    rows: npt.NDArray[np.bool_]
    """Which choices fall into it."""


@dataclass(frozen=True, slots=True)
class Week:
    """Figures of every model in one week of the test window; models as in the ranks."""

    since: int
    until: int
    n_targets: int
    n_employees: int
    values: npt.NDArray[np.float64]
    """Mean of every metric, shape (n_models, n_metrics), metrics as in ``METRICS``."""
    ndcg: Estimates
    """NDCG@10 with its interval over employees, shape (n_models,)."""
    days: tuple[tuple[int, npt.NDArray[np.float64]], ...]
    """(end of the day or days, NDCG@10 by model)."""


def divide(
    times: npt.NDArray[np.int64], employee: npt.NDArray[np.int32], since: int, until: int,
    length: int, smallest: int = SMALLEST_GROUP,
) -> tuple[Period, ...]:  # fmt: skip
    """Divide ``since`` … ``until`` into periods of ``length`` or more, end to end.

    Each holds choices of at least ``smallest`` employees; what would hold fewer goes on into the
    next, at the end into the last. Without so many there is no period.
    """
    starts: list[int] = []
    start = since
    for end in [*range(since + length, until, length), until]:
        inside = (times >= start) & (times < end)
        if len(np.unique(employee[inside])) >= smallest:
            starts.append(start)
            start = end
    ends = [*starts[1:], until]  # what is left at the end belongs to the last
    return tuple(
        Period(first, end, (times >= first) & (times < end))
        for first, end in zip(starts, ends[: len(starts)], strict=True)
    )


def weeks_of(ranks: Ranks, since: int, until: int, *, seed: int = 0) -> tuple[Week, ...]:
    """Return the weeks of a test window, oldest first; none where too few people chose.

    ``seed`` is that of the intervals.
    """
    times, employee = ranks.targets.occurred_at, ranks.targets.employee
    return tuple(
        _week(ranks, period, seed) for period in divide(times, employee, since, until, WEEK_US)
    )


def _week(ranks: Ranks, period: Period, seed: int) -> Week:
    rank, employee = ranks.rank[period.rows], ranks.targets.employee[period.rows]
    rng = np.random.default_rng(seed)
    return Week(
        period.since, period.until, len(employee), len(np.unique(employee)),
        metric_values(rank).mean(axis=0), cluster_bootstrap(ndcg(rank, 10), employee, rng),
        tuple(_days(rank, employee, ranks.targets.occurred_at[period.rows], period)),
    )  # fmt: skip


def _days(
    rank: npt.NDArray[np.float64], employee: npt.NDArray[np.int32],
    times: npt.NDArray[np.int64], week: Period,
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:  # fmt: skip
    for day in divide(times, employee, week.since, week.until, DAY_US):
        yield day.until, ndcg(rank[day.rows], 10).mean(axis=0)
