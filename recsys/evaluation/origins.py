"""The same evaluation at several origins tells a lead that holds from one lucky month.

An origin is a moment up to which the engine learns; the window after it is tested. Windows lie end
to end, so no choice is counted twice and every model is tested on what came after it. Source:
Tashman, "Out-of-sample tests of forecasting accuracy" (2000), the rolling origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset
from recsys.errors import ConfigurationError
from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap, cluster_ratio
from recsys.evaluation.data import interaction_log
from recsys.evaluation.metrics import hit_rate, ndcg
from recsys.evaluation.protocol import Ranks
from recsys.ids import IdMap
from recsys.interactions import Targets, find_targets
from recsys.ranker.lambdarank import MIN_QUESTIONS
from recsys.times import to_micros

__all__ = [
    "OriginFigures",
    "Window",
    "check_history",
    "choice_times",
    "origin_figures",
    "pool",
    "rolling_windows",
    "windows_before",
]


@dataclass(frozen=True, slots=True)
class Window:
    """Learn strictly before ``train_until``, test from there to ``until``, exclusive."""

    train_until: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class OriginFigures:
    """What the first model reached in one window, or in all together, beside the best other one."""

    n_targets: int
    n_employees: int
    n_ineligible: int
    ndcg: Estimates
    """NDCG@10, shape (1,), as all estimates here."""
    hit_rate: Estimates
    """HR@10."""
    best_baseline: str | None
    """The highest NDCG@10 on the same choices, which favours it; None without choices."""
    baseline_ndcg: Estimates
    ratio: Estimates
    """NDCG@10 over that of the best baseline; the interval is paired, the baseline as given."""


def rolling_windows(last: Window, n: int, *, length: timedelta | None = None) -> tuple[Window, ...]:
    """Return ``n`` windows end to end, oldest first; the earlier ones are ``length`` long.

    ``length`` is that of the last window if not given.
    """
    length = last.until - last.train_until if length is None else length
    return (*windows_before(last.train_until, n - 1, length), last)


def windows_before(until: datetime, n: int, length: timedelta) -> tuple[Window, ...]:
    """Return ``n`` windows of one length end to end, oldest first; the last ends at ``until``."""
    try:
        ends = [until - k * length for k in range(n, -1, -1)]
    except OverflowError:
        raise ConfigurationError(
            f"{n} windows of {length.days} days before {until:%Y-%m-%d} begin before the year 1; "
            "pass fewer --origins or a smaller --window-days"
        ) from None
    return tuple(Window(start, end) for start, end in pairwise(ends))


def choice_times(dataset: Dataset) -> npt.NDArray[np.int64]:
    """Return when each choice of the whole log happened, microseconds ascending."""
    employees, contents = IdMap(), IdMap()
    employees.add_many(dataset["events"]["employee_id"])
    contents.add_many(dataset["contents"]["content_id"])
    log = interaction_log(dataset["events"], employees, contents)
    if not len(log):
        return log.occurred_at
    return find_targets(log, int(log.occurred_at[0]), int(log.occurred_at[-1]) + 1).occurred_at


def check_history(windows: Sequence[Window], choices_at: npt.NDArray[np.int64]) -> None:
    """Raise :class:`ConfigurationError` if a window has too little before it to fit a ranker.

    Fewer origins than asked for would be another answer than the one wanted, so none is dropped.
    """
    origins = [to_micros(window.train_until) for window in windows]
    n_before = np.searchsorted(choices_at, np.array(origins, np.int64))
    if n_before[0] >= MIN_QUESTIONS:
        return
    n_possible = int(np.count_nonzero(n_before >= MIN_QUESTIONS))
    advice = (
        f"the log has room for --origins {n_possible}; pass that, or a smaller --window-days"
        if n_possible
        else "even the last origin is too early; pass a later one, or import more history"
    )
    raise ConfigurationError(
        f"the origin {windows[0].train_until:%Y-%m-%d %H:%M} has {n_before[0]} choices before it, "
        f"and the ranker learns from {MIN_QUESTIONS} or more: {advice}"
    )


def origin_figures(ranks: Ranks, *, seed: int) -> OriginFigures:
    """Return the figures of one window; unknown ones are NaN."""
    values, employee = ndcg(ranks.rank, 10), ranks.targets.employee
    best = _best(values)
    baseline = values[:, best]
    return OriginFigures(
        n_targets=len(employee),
        n_employees=len(np.unique(employee)),
        n_ineligible=ranks.n_ineligible,
        ndcg=_mean(values[:, 0], employee, seed),
        hit_rate=_mean(hit_rate(ranks.rank[:, 0], 10), employee, seed),
        best_baseline=ranks.models[best] if len(employee) else None,
        baseline_ndcg=_mean(baseline, employee, seed),
        ratio=cluster_ratio(values[:, 0], baseline, employee, np.random.default_rng(seed)),
    )


def pool(parts: Sequence[tuple[Ranks, IdMap]]) -> Ranks:
    """Return the ranks of all windows as one; each comes with the ids of its employees.

    One employee gets one index, however the windows number them. Contents keep the number of their
    window and mean nothing here. All windows have the same models.
    """
    ids = IdMap()
    employee = [
        np.array([ids.add(own.id(index)) for index in ranks.targets.employee.tolist()], np.int32)
        for ranks, own in parts
    ]
    targets = [ranks.targets for ranks, _ in parts]
    return Ranks(
        parts[0][0].models,
        Targets(
            np.concatenate(employee),
            np.concatenate([part.content for part in targets]),
            np.concatenate([part.occurred_at for part in targets]),
            np.concatenate([part.n_contents_before for part in targets]),
        ),
        np.concatenate([ranks.rank for ranks, _ in parts]),
        np.concatenate([ranks.n_candidates for ranks, _ in parts]),
        sum(ranks.n_ineligible for ranks, _ in parts),
    )


def _best(values: npt.NDArray[np.float64]) -> int:
    """Return the column of the best model but the first; ties go to the earlier one."""
    return 1 + int(np.argmax(values[:, 1:].sum(axis=0)))


def _mean(values: npt.NDArray[np.float64], employee: npt.NDArray[np.int32], seed: int) -> Estimates:
    return cluster_bootstrap(values[:, None], employee, np.random.default_rng(seed))
