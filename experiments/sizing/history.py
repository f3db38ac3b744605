"""What the past tells about a metric: baseline, spread, likeness within clusters, foresight.

The past is a table with one row per unit, or one per unit and period. Units that could be
randomised but have no row did nothing: they count as zero, since a test randomises them too
(leaving them out makes the baseline too high and the test too small).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.sizing.formulas import Clusters
from recsys.errors import ConfigurationError, DatasetError

__all__ = ["ClusterShape", "History", "Window", "anova_icc", "read_history"]

Floats = NDArray[np.float64]

_LONGEST_LOOK = 26
"""Longer windows than half a year of weeks are not looked at: nobody waits for such a test."""


@dataclass(frozen=True)
class ClusterShape:
    """Clusters as the past shows them: how many, how large, and how alike their members are.

    ``adjusted_icc`` is what is left of ``icc`` after the covariate; None without one.
    """

    n_clusters: int
    size: float
    size_cv: float
    icc: float
    adjusted_icc: float | None

    def for_planning(self, *, is_adjusted: bool) -> Clusters:
        """Return what the formulas need, of the metric or of its adjusted values."""
        icc = self.adjusted_icc if is_adjusted and self.adjusted_icc is not None else self.icc
        return Clusters(self.size, icc, self.size_cv)


@dataclass(frozen=True)
class Window:
    """The metric per period, averaged over ``periods`` of them (None: the table has none).

    ``sd`` is None where units are 0 or 1, which a proportion is over one period; over several it
    is a share of periods, hence a mean. ``correlation`` is None without a covariate.
    """

    periods: int | None
    baseline: float
    sd: float | None
    correlation: float | None
    clusters: ClusterShape | None


@dataclass(frozen=True)
class History:
    """The metric over every window the past allows, the shortest first, and what was counted.

    ``n_without_rows`` units were on the roster only; ``has_zeros`` says whether anybody's metric
    is 0 over the longest window (if nobody's is, the table may list only those who did something).
    ``excluded`` maps a reason to the number of rows left out: ``missing_unit``,
    ``missing_value``, ``infinite_value``, ``missing_cluster`` (units, not rows).
    """

    n_units: int
    n_without_rows: int
    has_zeros: bool
    windows: tuple[Window, ...]
    excluded: dict[str, int]


def read_history(
    frame: pd.DataFrame,
    *,
    metric: str,
    unit: str,
    cluster: str | None = None,
    covariate: str | None = None,
    period: str | None = None,
    roster: pd.DataFrame | None = None,
) -> History:
    """Return what ``frame`` tells about ``metric`` (``COL`` or ``COL:proportion``).

    Parameters
    ----------
    frame
        One row per unit, or per unit and period. Several rows of one are added up (a proportion:
        whether any is 1).
    covariate
        A column known before the test. Without it, and with periods, the metric in the window
        before serves where the past reaches far enough.
    period
        Column that sorts in time (a week number, a date). Windows of 1, 2, … periods end with
        the last one. The metric of a longer window is the mean per period, so that an effect means
        the same in all of them; whether it *ever* was 1 would saturate.
    roster
        One row per unit that could be randomised; its ``cluster`` column counts if it has one.

    Raises
    ------
    DatasetError
        If a column is missing or nothing is left to count.
    ConfigurationError
        If the metric of a proportion has other values than 0 and 1.
    """
    column, _, kind = metric.partition(":")
    if kind not in ("", "proportion"):
        raise ConfigurationError(f"the metric is {metric!r}, expected COL or COL:proportion")
    _check_columns(frame, [column, unit, covariate, period, _in_frame(cluster, roster)])
    is_proportion = kind == "proportion"
    rows, excluded = _usable(frame, column, unit, is_proportion)
    units, groups = _units(rows, unit, cluster, roster)
    if cluster is not None:
        grouped = groups.notna().to_numpy()
        _count(excluded, "missing_cluster", int((~grouped).sum()))
        units, groups = units[grouped], groups[grouped]
        rows = rows[rows[unit].isin(units)]
    if len(units) < 2:
        raise DatasetError(f"the history of {column!r} holds {len(units)} units, expected many")
    codes = None if cluster is None else pd.factorize(groups)[0]
    values = _Values(rows, column, unit, period, units, is_proportion)
    given = None if covariate is None else values.of_column(covariate)
    windows = tuple(_window(values, n, given, codes) for n in values.lengths)
    longest = values.over(windows[-1].periods)
    has_zeros = longest is not None and not longest.all()
    n_without_rows = int((~units.isin(rows[unit])).sum())
    return History(len(units), n_without_rows, has_zeros, windows, excluded)


def anova_icc(
    values: Floats, clusters: NDArray[np.int64], arms: NDArray[np.int64] | None = None
) -> float:
    """Return the likeness within clusters by one-way analysis of variance, not clipped.

    ``(B - W) / (B + (n0 - 1) W)`` with the mean squares between and within clusters and n0 the
    size that counts where sizes differ (Donner 1986). 0 where nothing varies, or no cluster has
    two members. With ``arms`` (of a test that ran), clusters are compared within their arm.
    """
    members = np.bincount(clusters)
    sizes = members[members > 0]
    n, k = len(values), len(sizes)
    n_arms = 1 if arms is None else len(np.unique(arms))
    if k <= n_arms or n <= k:
        return 0.0
    own = _means(values, clusters)
    common = values.mean() if arms is None else _means(values, arms)
    within = float(((values - own) ** 2).sum()) / (n - k)
    between = float(((own - common) ** 2).sum()) / (k - n_arms)
    n0 = (n - float((sizes**2).sum()) / n) / (k - 1)
    total = between + (n0 - 1) * within
    return (between - within) / total if total > 0 else 0.0


def _means(values: Floats, codes: NDArray[np.int64]) -> Floats:
    """Return the mean of each row's own group."""
    sums, n = np.bincount(codes, values), np.bincount(codes)
    means: Floats = (sums / np.maximum(n, 1))[codes]
    return means


class _Values:
    """One number per unit for any window of the rows."""

    def __init__(
        self,
        rows: pd.DataFrame,
        column: str,
        unit: str,
        period: str | None,
        units: "pd.Index[str]",
        is_proportion: bool,
    ) -> None:
        self._rows = rows
        self._place = units.get_indexer(pd.Index(rows[unit]))
        self._n = len(units)
        self.is_proportion = is_proportion
        self._has_periods = period is not None
        when = np.zeros(len(rows), np.int64)
        if period is not None:
            when = pd.factorize(rows[period], sort=True)[0]
        self._n_periods = int(when.max()) + 1
        self._table = self._by_period(rows[column].to_numpy(float), when)

    def _by_period(self, values: Floats, when: NDArray[np.int64]) -> Floats:
        """Return the metric, shape (n_units, n_periods); where there is no row it is 0."""
        shape = self._n, self._n_periods
        cell = np.ravel_multi_index((self._place, when), shape)
        sums = np.bincount(cell, values, shape[0] * shape[1]).reshape(shape)
        table: Floats = ((sums > 0) if self.is_proportion else sums).astype(float)
        return table

    @property
    def lengths(self) -> Sequence[int | None]:
        """Windows the past allows, in periods."""
        if not self._has_periods:
            return [None]
        return range(1, min(self._n_periods, _LONGEST_LOOK) + 1)

    def over(self, periods: int | None, *, ago: int = 0) -> Floats | None:
        """Return the mean per period over ``periods`` ending ``ago`` periods before the last one.

        None if the past does not reach that far.
        """
        end = self._n_periods - ago
        start = end - (periods or 1)
        return None if start < 0 else self._table[:, start:end].mean(axis=1)

    def of_column(self, covariate: str) -> Floats:
        """Return the mean of another column by unit; whoever has none gets the mean of all."""
        values = pd.to_numeric(self._rows[covariate], errors="coerce").to_numpy(float)
        known = np.isfinite(values)
        if not known.any():
            raise DatasetError(f"the covariate {covariate!r} has no numbers")
        n = np.bincount(self._place[known], minlength=self._n)
        sums = np.bincount(self._place[known], values[known], self._n)
        means: Floats = np.where(n > 0, sums / np.maximum(n, 1), values[known].mean())
        return means


def _window(
    values: _Values, periods: int | None, given: Floats | None, codes: NDArray[np.int64] | None
) -> Window:
    metric = values.over(periods)
    assert metric is not None
    before = given
    if before is None and periods is not None:
        before = values.over(periods, ago=periods)
    theta = _slope(metric, before)
    adjusted: Floats | None = None
    if before is not None and theta is not None:
        adjusted = metric - theta * before
    correlation = None
    if before is not None and adjusted is not None:
        correlation = float(np.corrcoef(metric, before)[0, 1])
    is_binary = values.is_proportion and (periods or 1) == 1
    sd = None if is_binary else float(metric.std(ddof=1))
    shape = None if codes is None else _shape(codes, metric, adjusted)
    return Window(periods, float(metric.mean()), sd, correlation, shape)


def _slope(metric: Floats, before: Floats | None) -> float | None:
    if before is None or np.ptp(before) == 0 or np.ptp(metric) == 0:
        return None
    return float(np.cov(metric, before)[0, 1] / before.var(ddof=1))


def _shape(codes: NDArray[np.int64], metric: Floats, adjusted: Floats | None) -> ClusterShape:
    sizes = np.bincount(codes)
    icc = max(0.0, anova_icc(metric, codes))
    adjusted_icc = None if adjusted is None else max(0.0, anova_icc(adjusted, codes))
    cv = float(sizes.std(ddof=1) / sizes.mean()) if len(sizes) > 1 else 0.0
    return ClusterShape(len(sizes), float(sizes.mean()), cv, icc, adjusted_icc)


def _usable(
    frame: pd.DataFrame, column: str, unit: str, is_proportion: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows with a unit and a finite value, and how many others there were."""
    values = _numbers(frame[column])
    nobody = (frame[unit].isna() | (frame[unit].astype(str).str.strip() == "")).to_numpy()
    excluded: dict[str, int] = {}
    _count(excluded, "missing_unit", int(nobody.sum()))
    _count(excluded, "missing_value", int((~nobody & np.isnan(values)).sum()))
    _count(excluded, "infinite_value", int((~nobody & np.isinf(values)).sum()))
    kept = ~nobody & np.isfinite(values)
    if is_proportion and not np.isin(values[kept], (0.0, 1.0)).all():
        raise ConfigurationError(
            f"the proportion {column!r} has values other than 0 and 1; leave out ':proportion' if "
            "it is a mean"
        )
    usable = frame[kept].assign(**{column: values[kept]})
    usable[unit] = usable[unit].astype(str)
    return usable, excluded


def _numbers(column: "pd.Series[float]") -> Floats:
    """Return numbers; true and false, in any case, are 1 and 0; what is no number is NaN."""
    words = column.astype(str).str.strip().str.lower()
    truths = words.map({"true": 1.0, "false": 0.0})
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    found: Floats = numbers.where(truths.isna(), truths).to_numpy().astype(float)
    return found


def _units(
    rows: pd.DataFrame, unit: str, cluster: str | None, roster: pd.DataFrame | None
) -> tuple["pd.Index[str]", "pd.Series[str]"]:
    """Return all units, with a row or without, and the cluster of each (the last one known)."""
    source = rows
    if roster is not None:
        _check_columns(roster, [unit])
        source = roster.dropna(subset=[unit])
        source = source.assign(**{unit: source[unit].astype(str)})
    extra = rows[~rows[unit].isin(source[unit])]
    names = pd.Index(pd.unique(pd.concat([source[unit], extra[unit]])))
    if cluster is None:
        return names, pd.Series(index=names, dtype=object)
    tables = [t for t in (rows, source) if cluster in t.columns]
    known = pd.concat([t[[unit, cluster]] for t in tables]).dropna()
    groups = known.drop_duplicates(unit, keep="last").set_index(unit)[cluster]
    return names, groups.reindex(names)


def _in_frame(cluster: str | None, roster: pd.DataFrame | None) -> str | None:
    return None if roster is not None and cluster in roster.columns else cluster


def _check_columns(frame: pd.DataFrame, columns: Sequence[str | None]) -> None:
    for column in columns:
        if column is not None and column not in frame.columns:
            raise DatasetError(
                f"there is no column {column!r}; the table has {', '.join(map(str, frame.columns))}"
            )


def _count(excluded: dict[str, int], reason: str, n: int) -> None:
    if n:
        excluded[reason] = excluded.get(reason, 0) + n
