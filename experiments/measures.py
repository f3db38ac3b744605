"""One metric over the table: its numbers, which rows count, and why the others do not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.columns import CAUSES, Column, numbers, truths
from experiments.design import Design, Metric
from experiments.estimates import NotComputableError
from experiments.moments import Rows
from experiments.sentences import say
from experiments.table import Exclusion, Table

__all__ = ["Measure", "measure"]

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """Numerator, denominator and covariate of every row of the table, and which rows count."""

    metric: Metric
    has_covariate: bool
    _numerator: Float
    _denominator: Float
    _covariate: Float
    _counts: npt.NDArray[np.bool_]
    excluded: tuple[Exclusion, ...]
    warnings: tuple[str, ...]
    _fault: str | None = None

    def rows(self, table: Table, variant: int, least: int = 2) -> Rows:
        """Return the rows of the control and of one variant, a place in ``table.arms``.

        Raises
        ------
        NotComputableError
            The column is not what the metric says, or an arm has fewer rows than ``least``.
        """
        if self._fault is not None:
            raise NotComputableError(self._fault)
        members = self._counts & ((table.arm == 0) | (table.arm == variant))
        is_treated = table.arm[members] == variant
        n_treated = int(np.count_nonzero(is_treated))
        for arm, n in ((0, len(is_treated) - n_treated), (variant, n_treated)):
            if n < least:
                name, s = repr(table.arms[arm]), "" if n == 1 else "s"
                raise NotComputableError(say("few_units", arm=name, n=n, s=s, least=least))
        return Rows(
            self._numerator[members], self._denominator[members], self._covariate[members],
            is_treated,
            None if table.cluster is None else table.cluster[members],
            None if table.stratum is None else table.stratum[members],
            table.stratum_names, self.metric.is_proportion,
        )  # fmt: skip


def measure(table: Table, metric: Metric, design: Design) -> Measure:
    """Read a metric's columns.

    A row without a value in one of them, or without a covariate where one is used, does not count
    for this metric; it does for the others.
    """
    read = {metric.numerator: (truths if metric.is_proportion else numbers)}
    read |= {c: numbers for c in (metric.denominator, design.covariate) if c and c not in read}
    columns = {name: reader(table.frame[name]) for name, reader in read.items()}
    counts, excluded = _complete(table, metric, columns)
    numerator, warnings = columns[metric.numerator].values, []
    fault = _not_a_proportion(numerator[counts]) if metric.is_proportion else None
    if design.winsorise is not None and not metric.is_proportion and metric.denominator is None:
        numerator, told = _winsorised(numerator, counts, metric.name, design.winsorise)
        warnings += told
    covariate = np.zeros(len(numerator))
    if design.covariate is not None:
        covariate = columns[design.covariate].values
        if counts.any() and np.ptp(covariate[counts]) == 0:
            warnings.append(say("constant_covariate", name=metric.name, column=design.covariate))
    denominator = np.ones(len(numerator))
    if metric.denominator is not None:
        denominator = columns[metric.denominator].values
    return Measure(
        metric, design.covariate is not None, numerator, denominator, covariate, counts,
        tuple(excluded), tuple(warnings), fault,
    )  # fmt: skip


def _complete(
    table: Table, metric: Metric, columns: dict[str, Column]
) -> tuple[npt.NDArray[np.bool_], list[Exclusion]]:
    """Return which rows count; the others by arm, the first column that fails, and why."""
    counts = np.ones(len(table.arm), np.bool_)
    excluded = []
    for name, column in columns.items():
        for code in np.unique(column.cause[counts & (column.cause != 0)]).tolist():
            lacks = counts & (column.cause == code)
            for arm, n in enumerate(np.bincount(table.arm[lacks]).tolist()):
                if n:
                    excluded.append(
                        Exclusion(metric.name, table.arms[arm], name, CAUSES[code], n)
                    )  # fmt: skip
        counts &= column.cause == 0
    return counts, excluded


def _not_a_proportion(values: Float) -> str | None:
    others = np.unique(values[(values != 0) & (values != 1)])
    if not len(others):
        return None
    shown = ", ".join(f"{value:g}" for value in others[:3])
    return say("no_proportion", numbers=shown)


def _winsorised(
    values: Float, counts: npt.NDArray[np.bool_], name: str, quantile: float
) -> tuple[Float, list[str]]:
    """Cap values at a quantile of all arms together, blind to who is in which."""
    if not counts.any():
        return values, []
    cap = float(np.quantile(values[counts], quantile))
    n_above = int(np.count_nonzero(values[counts] > cap))
    fields = {"name": name, "n": f"{n_above:,}", "cap": f"{cap:g}", "quantile": f"{quantile:g}"}
    return np.minimum(values, cap), [say("winsorised", **fields)]
