"""`analyze`: from a table with one row per unit to the results of an experiment."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import pandas as pd

from experiments.always_valid import multiplier
from experiments.decision import Rule, rule_of
from experiments.design import Correction, Design, metrics_of
from experiments.entries import Entry, entries_of
from experiments.exposure import exposure
from experiments.measures import measure
from experiments.sample_ratio import SampleRatio, sample_ratio
from experiments.segments import segment_results
from experiments.sentences import say
from experiments.table import Table

__all__ = ["analyze"]


def analyze(
    frame: pd.DataFrame, *, variant: str, control: str, unit: str,
    metrics: Sequence[str] = (), ratios: Sequence[str] = (), covariate: str | None = None,
    cluster: str | None = None, strata: str | None = None,
    expected_split: Mapping[str, float] | None = None, sequential: bool = False,
    sequential_n: float = 5000, correction: Correction = "holm", alpha: float = 0.05,
    looks: Sequence[float] = (), look: int | None = None,
    margins: Mapping[str, float] | None = None, winsorise: float | None = None,
    segments: Sequence[str] = (), exposed: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what an experiment has shown.

    Parameters
    ----------
    frame
        One row per unit, also those who saw nothing.
    variant, unit
        Columns: who got what, and who it is.
    control
        The variant that the others are compared with.
    metrics
        Columns whose means are compared; ``b:proportion`` for a column of 0/1 or true/false.
    ratios
        Ratios of sums, as ``numerator/denominator``.
    covariate
        Column from before the experiment that explains part of the metrics (CUPED).
    cluster
        Column of teams, departments or sites if those were drawn into the variants.
    strata
        Column within which was randomised, or that matters; effects are averaged over its values.
    expected_split
        Share of each variant; equal shares unless given.
    sequential, sequential_n
        Whether p-values and intervals hold at every moment; the number of units (clusters, if any)
        at which they are sharpest.
    correction
        ``holm``, ``bh`` or ``none``, over all metrics and variants.
    alpha
        Error of the tests; intervals hold with 1 − alpha.
    looks, look
        Planned looks as shares of the final information, and the number of the present one.
    margins
        Per metric what it may lose at most (above 0) or gain at most (below 0), as an absolute
        number: adds ``non_inferiority``.
    winsorise
        Quantile at which means are capped, over all variants together.
    segments
        Columns of groups, declared beforehand, whose effects are told too, from ten units per
        variant on.
    exposed
        Column of 0/1: whether the unit got to see it; adds a test that this does not depend on the
        variant. The effects stay those on all units.

    Returns
    -------
    dict
        As in the README: plain numbers, None where there is none.

    Raises
    ------
    ConfigurationError
        An argument that cannot be meant.
    DatasetError
        A table that cannot be read in this way.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": range(6), "arm": list("ababab"), "y": [1, 2, 3, 5, 2, 4]})
    >>> results = analyze(frame, variant="arm", control="a", unit="id", metrics=["y"])
    >>> results["metrics"][0]["effect"]
    1.6666666666666665
    """
    design = Design(
        variant, str(control), unit, metrics_of(metrics, ratios, frame.columns.__contains__),
        covariate, cluster, strata, exposed, _listed(segments), expected_split, correction, alpha,
        sequential, sequential_n, tuple(looks), look, margins, winsorise,
    )  # fmt: skip
    table = Table.of(frame, design)
    measures = [measure(table, metric, design) for metric in design.metrics]
    entries = entries_of(table, measures, design)
    ratio = sample_ratio(table.n_randomised, design.expected_split)
    excluded = chain(table.excluded, *(m.excluded for m in measures))
    warnings = [*table.warnings, *_sample_warnings(ratio, table, design)]
    warnings += [*chain(*(m.warnings for m in measures)), *_result_warnings(entries)]
    warnings += _tuning_warnings(entries, design)
    results: dict[str, Any] = {
        "n_units": table.n_units,
        "randomisation_unit": design.randomisation_unit,
        "srm": {
            "p_value": ratio.p_value, "flag": ratio.is_alarming, "unit": design.randomisation_unit,
        },
        "metrics": entries,
        "excluded": [exclusion.as_dict() for exclusion in excluded],
        "warnings": warnings,
    }  # fmt: skip
    if design.looks:
        results["look"] = _look(rule_of(design))
    if design.segments:
        results["segments"] = segment_results(table, design)
    if design.exposed is not None:
        results["exposure"] = exposure(table, design)
    return results


def _look(rule: Rule) -> dict[str, Any]:
    return {
        "number": rule.look,
        "share": rule.looks[rule.look - 1],
        "z": rule.z,
        "level": rule.level,
    }


def _sample_warnings(ratio: SampleRatio, table: Table, design: Design) -> list[str]:
    unit = design.randomisation_unit
    counts = ", ".join(f"{name} {n:,}" for name, n in table.n_randomised.items())
    told = []
    if ratio.is_alarming:
        p_value = f"{ratio.p_value:.2g}"
        told.append(say("split_alarm", unit=unit, counts=counts, p_value=p_value))
    if ratio.left_out:
        told.append(say("not_expected", names=", ".join(ratio.left_out)))
    empty = [name for name, n in table.n_units.items() if n == 0]
    if empty:
        told.append(say("empty_variant", names=", ".join(empty)))
    if len(table.arms) < 2:
        told.append(say("one_variant", name=table.arms[0]))
    return told


def _result_warnings(entries: Sequence[Entry]) -> list[str]:
    told = []
    for entry in entries:
        name = f"{entry['metric']}, {entry['variant']}"
        if not entry["computable"]:
            told.append(say("not_computable", name=name, reason=entry["reason"]))
        elif entry["rel_effect"] is None:
            told.append(say("no_relative", name=name))
        if entry["computable"] and None in entry["decision_ci"]:
            told.append(say("unbounded", name=name))
    return told


def _tuning_warnings(entries: Sequence[Entry], design: Design) -> list[str]:
    """Say where an always-valid interval is tuned to far more units than there are clusters."""
    numbers = {entry["n_clusters"] for entry in entries} - {None}
    if not design.sequential or not numbers:
        return []
    n = max(numbers)
    waste = multiplier(n, design.alpha, design.sequential_n) / multiplier(n, design.alpha, n)
    if waste < _WASTE:
        return []
    planned, times = f"{design.sequential_n:g}", f"{waste:.1f}"
    return [say("tuning", planned=planned, n=n, times=times)]


_WASTE = 1.5
"""Half as wide again is as if half of the units were missing."""


def _listed(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
