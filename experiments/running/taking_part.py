"""Who counts in the verdict of an experiment, since when, and what they did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.running.definition import Definition
from experiments.running.metric import MetricSpec
from experiments.running.unit_values import History, values_of
from recsys.store.experiment_store import StoredAssignment, StoredExperiment, StoredExposure
from recsys.times import DAY_US, from_micros, to_micros

__all__ = ["BEFORE", "Period", "day_of", "numerator", "people_of", "period_of", "table_of"]

BEFORE = "primary (before)"

_IN_VERDICT = ("stored", "hash")
"""Held out and forced people are told about, and compared with nobody."""


@dataclass(frozen=True, slots=True)
class Period:
    """Who was exposed before ``cut`` counts, with what they did before ``until``; microseconds."""

    cut: int
    until: int


def period_of(definition: Definition, stored: StoredExperiment, look: int) -> Period:
    """Return what a planned look, counted from 1, looks at.

    Time counts from the first step after the pilot; a look waits until the last one who was
    exposed before its share of the duration has had a whole window.
    """
    begins = next((s.at for s in stored.ramp if s.share > definition.pilot_share), None)
    if begins is None:  # still the pilot: the earliest that could be
        begins = stored.ramp[-1].at if stored.ramp else to_micros(stored.created_at)
    days = max(definition.looks[look - 1] * definition.duration_days, definition.minimum_days)
    cut = begins + int(days * DAY_US)
    return Period(cut, cut + int(definition.window_days * DAY_US))


def people_of(
    definition: Definition, stored: StoredExperiment, assignments: Sequence[StoredAssignment],
    exposures: Sequence[StoredExposure],
) -> pd.DataFrame:  # fmt: skip
    """Return everybody who counts, by employee id.

    Columns: variant, unit_id, stratum, and in microseconds assignment and exposure (NaN for who
    was not exposed). Pilots, held out and forced people, dropped variants and whoever the ramp has
    not reached are left out.
    """
    steps = stored.ramp
    rows = [
        (
            one.employee_id, one.variant, one.unit_id, one.stratum,
            max(one.at, next(step.at for step in steps if step.share > one.place)),
        )
        for one in assignments
        if one.source in _IN_VERDICT
        and one.variant is not None
        and one.variant not in stored.dropped
        and definition.pilot_share <= one.place < stored.share
    ]  # fmt: skip
    names = ["employee_id", "variant", "unit_id", "stratum", "assignment"]
    people = pd.DataFrame(rows, columns=names).set_index("employee_id")
    people["assignment"] = people["assignment"].astype(float)
    exposed = {one.employee_id: float(one.at) for one in exposures if one.stage == "exposed"}
    people["exposure"] = people.index.map(exposed).astype(float)
    return people


def table_of(
    definition: Definition, people: pd.DataFrame, history: History, period: Period,
    metrics: Sequence[str],
) -> pd.DataFrame:  # fmt: skip
    """Return one row per employee for an analysis: variant, unit, stratum, exposed, metrics.

    Nothing of who was exposed after the period counts; of a ratio there are two columns. With a
    covariate there is one more, :data:`BEFORE`: the primary metric (a ratio's numerator) over the
    window before it began to count, when nobody had seen a variant yet.
    """
    begins = people[["exposure", "assignment"]]
    begins = begins.where(begins < period.cut)
    wanted = {}
    for name in metrics:
        spec = definition.specs[name]
        wanted[numerator(definition, name)] = spec
        if spec.per is not None:
            wanted[spec.per] = definition.specs[spec.per]
    values = _values(definition, history, wanted, begins, period.until)
    if definition.covariate and definition.primary in metrics:
        before = {BEFORE: wanted[numerator(definition, definition.primary)]}
        earlier = begins - definition.window_days * DAY_US
        values = values.join(_values(definition, history, before, earlier, period.until))
    table = people[["variant", "unit_id", "stratum"]].join(values)
    table["exposed"] = np.where(begins["exposure"].notna(), 1, 0)
    return table.reset_index()


def _values(
    definition: Definition, history: History, wanted: Mapping[str, MetricSpec],
    begins: pd.DataFrame, until: int,
) -> pd.DataFrame:  # fmt: skip
    """Return a column per metric, capped where its definition says so."""
    values = values_of(
        history, list(wanted.values()), begins, window_days=definition.window_days, until=until
    )
    values.columns = pd.Index(list(wanted))
    for name, spec in wanted.items():
        if spec.winsorise is not None and values[name].notna().any():
            values[name] = values[name].clip(upper=float(values[name].quantile(spec.winsorise)))
    return values


def numerator(definition: Definition, metric: str) -> str:
    """Return the column of a metric's own sum, which a ratio's name is too good for."""
    return metric if definition.specs[metric].per is None else f"{metric} (sum)"


def day_of(micros: int) -> str:
    """Return the day of a moment, as it is written in sentences."""
    return from_micros(micros).date().isoformat()
