"""Whether a test can work in this company, and if not, what would.

Every design is asked for the smallest effect it finds: by clusters or by units one by one, over
every window the history holds, with and without the covariate. Effects are absolute and per period,
so that they mean the same over every window.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from experiments.sizing.formulas import (
    Clusters,
    Outcome,
    Promise,
    Sizing,
    detectable_effect,
    size,
)
from experiments.sizing.history import History, Window, read_history
from recsys.errors import ConfigurationError

__all__ = ["Design", "Prospect", "Verdict", "judge", "size_from_history"]

Verdict = Literal["works", "works_otherwise", "cannot_work", "not_asked"]

_LEFT_AT_LEAST = 1e-6
"""Of the variance, by the best covariate: what tells everything is the metric itself."""


@dataclass(frozen=True)
class Design:
    """One way to run the test, and what it can find.

    ``detectable_effect`` is absolute; None if it finds nothing. ``needed`` is for the wished
    effect; None if none was asked, or if it would lead a proportion out of 0..1. ``changes`` lists
    what differs from the plan: ``covariate``, ``longer``, ``units`` (one by one, not clusters).
    """

    changes: tuple[str, ...]
    periods: int | None
    units_per_arm: int
    clusters_per_arm: int | None
    baseline: float
    detectable_effect: float | None
    needed: Sizing | None
    is_enough: bool | None


@dataclass(frozen=True)
class Prospect:
    """The planned design, the alternatives from the mildest change on, and the verdict.

    ``best`` is the alternative to take: the mildest that is enough; if none is (or none was
    asked for), the one that finds the smallest effect.
    """

    metric: str
    history: History
    promise: Promise
    mde: float | None
    planned: Design
    alternatives: tuple[Design, ...]
    best: Design
    verdict: Verdict


def size_from_history(
    frame: pd.DataFrame,
    *,
    metric: str,
    unit: str,
    cluster: str | None = None,
    covariate: str | None = None,
    period: str | None = None,
    roster: pd.DataFrame | None = None,
    periods: int = 1,
    mde: float | None = None,
    promise: Promise | None = None,
) -> Prospect:
    """Return whether a test of two equal arms over everybody in the history can work.

    Parameters
    ----------
    frame, metric, unit, cluster, covariate, period, roster
        As in :func:`experiments.sizing.history.read_history`.
    periods
        The planned window, where the history has periods.
    mde
        Smallest absolute effect, per period, that is worth finding; None asks only what could
        be found.

    Raises
    ------
    ConfigurationError, DatasetError
        If an argument or the history cannot work; the message says which.
    """
    history = read_history(
        frame, metric=metric, unit=unit, cluster=cluster, covariate=covariate, period=period,
        roster=roster,
    )  # fmt: skip
    return judge(history, metric=metric, periods=periods, mde=mde, promise=promise or Promise())


def judge(
    history: History, *, metric: str, periods: int, mde: float | None, promise: Promise
) -> Prospect:
    """Return the prospect of a test, from what the past told."""
    planned_window = _planned(metric, history, periods)
    if mde is not None:
        Outcome(planned_window.baseline, planned_window.sd).check_effect(mde)
    designs = sorted(
        (
            _design(history, window, planned_window, mde, promise, in_units, is_adjusted)
            for window in history.windows
            if (window.periods or 0) >= (planned_window.periods or 0)
            for in_units in ((False, True) if window.clusters else (False,))
            for is_adjusted in ((False,) if window.correlation is None else (False, True))
        ),
        key=lambda design: (len(design.changes), design.periods or 0),
    )
    planned, *alternatives = designs
    best = _best(planned, alternatives)
    verdict = _verdict(planned, best)
    return Prospect(metric, history, promise, mde, planned, tuple(alternatives), best, verdict)


def _planned(metric: str, history: History, periods: int) -> Window:
    windows = {window.periods or 1: window for window in history.windows}
    if periods not in windows:
        raise ConfigurationError(
            f"a window of {periods} periods is planned, but the history holds {max(windows)}; plan "
            "a shorter one or bring a longer history"
        )
    planned = windows[periods]
    varies = planned.sd if planned.sd is not None else planned.baseline * (1 - planned.baseline)
    if varies == 0:
        raise ConfigurationError(
            f"{metric!r} is {planned.baseline:g} for everybody in the history: from a metric that "
            "never differs no test can be sized; take one that does, or a longer history"
        )
    return planned


def _design(
    history: History,
    window: Window,
    planned: Window,
    mde: float | None,
    promise: Promise,
    in_units: bool,
    is_adjusted: bool,
) -> Design:
    shape = None if in_units else window.clusters
    clusters = None if shape is None else shape.for_planning(is_adjusted=is_adjusted)
    left = 1 - (window.correlation or 0.0) ** 2 if is_adjusted else 1.0
    outcome = Outcome(window.baseline, window.sd, max(left, _LEFT_AT_LEAST))
    units = history.n_units // 2
    k = None if shape is None else shape.n_clusters // 2
    found = detectable_effect(outcome, units if k is None else k, promise, clusters)
    needed = None if mde is None else _needed(outcome, mde, promise, clusters)
    return Design(
        changes=tuple(
            name
            for name, is_changed in (
                ("covariate", is_adjusted),
                ("longer", window.periods != planned.periods),
                ("units", in_units),
            )
            if is_changed
        ),
        periods=window.periods,
        units_per_arm=units,
        clusters_per_arm=k,
        baseline=window.baseline,
        detectable_effect=found,
        needed=needed,
        is_enough=None if mde is None else _is_enough(needed, units, k),
    )


def _is_enough(needed: Sizing | None, units: int, k: int | None) -> bool:
    if needed is None:
        return False
    if needed.clusters_per_arm is None or k is None:
        return needed.units_per_arm <= units
    return needed.clusters_per_arm <= k


def _needed(
    outcome: Outcome, mde: float, promise: Promise, clusters: Clusters | None
) -> Sizing | None:
    try:
        return size(outcome, mde, promise, clusters)
    except ConfigurationError:  # a smaller baseline over another window: out of 0..1
        return None


def _best(planned: Design, alternatives: list[Design]) -> Design:
    designs = [planned, *alternatives]
    enough = [design for design in designs if design.is_enough]
    finding = [design for design in designs if design.detectable_effect is not None]
    if enough:
        return enough[0]
    return min(finding, key=lambda design: design.detectable_effect or 0.0, default=planned)


def _verdict(planned: Design, best: Design) -> Verdict:
    if planned.is_enough is None:
        return "not_asked"
    if planned.is_enough:
        return "works"
    return "works_otherwise" if best.is_enough else "cannot_work"
