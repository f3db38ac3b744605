"""Whether it depends on the variant who got to see it: then those who saw it are no fair sample."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from experiments.columns import truths
from experiments.design import Design, Metric
from experiments.entries import entries_of
from experiments.measures import measure
from experiments.multiplicity import adjust
from experiments.table import Table

__all__ = ["exposure"]

_ALARM = 0.001
"""As for the sample ratio."""


def exposure(table: Table, design: Design) -> dict[str, Any]:
    """Return the exposed share per variant and a test that it is the same in all.

    Where assignment is blocked the numbers of units are balanced by construction, and the
    sample-ratio test can find nothing; a fault shows in who was exposed. Chi-square over variants,
    or with clusters the smallest of the adjusted p-values of the variants' differences.
    """
    assert design.exposed is not None
    column = truths(table.frame[design.exposed])
    known = np.isin(column.values, (0.0, 1.0))
    arms = table.arm[known]
    n = np.bincount(arms, minlength=len(table.arms))
    seen = np.bincount(arms, weights=column.values[known], minlength=len(table.arms))
    shares = {
        name: float(s / of) if of else None
        for name, s, of in zip(table.arms, seen, n, strict=True)
    }  # fmt: skip
    p_value = _of_units(np.stack([seen, n - seen])[:, n > 0])
    if design.cluster is not None:
        p_value = _of_clusters(table, design)
    return {
        "shares": shares, "p_value": p_value, "flag": p_value is not None and p_value < _ALARM,
        "unit": design.randomisation_unit, "unknown": int(np.count_nonzero(~known)),
    }  # fmt: skip


def _of_units(counts: npt.NDArray[np.float64]) -> float | None:
    if counts.shape[1] < 2 or (counts.sum(axis=1) == 0).any():
        return None
    return float(stats.chi2_contingency(counts, correction=False).pvalue)


def _of_clusters(table: Table, design: Design) -> float | None:
    assert design.exposed is not None
    metric = Metric(design.exposed, design.exposed, is_proportion=True)
    plain = replace(
        design, metrics=(metric,), covariate=None, sequential=False, looks=(), look=None,
        margins=None,
    )  # fmt: skip
    entries = entries_of(table, [measure(table, metric, plain)], plain)
    found = [e["decision_p_value"] for e in entries if e["computable"]]
    return min(adjust(found, "holm")) if found else None
