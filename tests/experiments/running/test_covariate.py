"""What people did before their exposure sharpens the verdict, and is counted as the metric is."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from experiments.running.definition import read_definition, write_definition
from experiments.running.metric import MetricSpec
from experiments.running.taking_part import BEFORE, Period, table_of
from experiments.running.unit_values import History
from experiments.running.verdict import analyse_look
from recsys.times import to_micros
from tests.experiments.running.conftest import NOW, company, design, event

N, WEEK = 240, timedelta(days=7)
DESIGN: dict[str, Any] = {
    "metrics": (MetricSpec("likes", "count", ("like",), winsorise=None),), "primary": "likes",
}  # fmt: skip


def _table(definition: Any, seed: int = 3) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Return the table of a look, and what everybody liked in the week before, by hand."""
    rng = np.random.default_rng(seed)
    names = [f"e{i:03d}" for i in range(N)]
    exposed = {name: NOW + timedelta(hours=float(rng.uniform(1, 40))) for name in names}
    rows: list[dict[str, object]] = []
    before = dict.fromkeys(names, 0)
    for place, name in enumerate(names):
        habit = rng.gamma(2.0, 4.0)
        for sign, rate in ((-1, habit), (1, habit + 1.5 * (place % 2))):
            for share in rng.uniform(0.01, 0.99, rng.poisson(rate)):
                rows.append(event(len(rows), name, "like", exposed[name] + sign * share * WEEK))
                before[name] += sign < 0
        rows.append(event(len(rows), name, "like", exposed[name] - 1.01 * WEEK))  # too early
    moments = pd.Series({name: float(to_micros(at)) for name, at in exposed.items()})
    people = pd.DataFrame({
        "variant": np.where(np.arange(N) % 2, "b", "a"), "unit_id": names, "stratum": "",
        "exposure": moments, "assignment": float(to_micros(NOW)),
    }, index=pd.Index(names, name="employee_id"))  # fmt: skip
    later = to_micros(NOW + 3 * WEEK)
    table = table_of(definition, people, History.of(company(rows)), Period(later, later), ["likes"])
    return table, pd.Series(before)


def test_the_covariate_is_the_metric_over_the_window_before() -> None:
    table, before = _table(design(**DESIGN, covariate=True))
    assert table[BEFORE].tolist() == before.tolist()
    assert BEFORE not in _table(design(**DESIGN))[0]


def test_the_interval_is_shorter_and_the_effect_still_in_it() -> None:
    definition, plain = design(**DESIGN, covariate=True), design(**DESIGN)
    table, _ = _table(definition)
    split = definition.weights
    adjusted = analyse_look(definition, table, split, 1)["metrics"][0]
    bare = analyse_look(plain, table, split, 1)["metrics"][0]
    assert adjusted["method"] == "welch+cuped+planned_looks"
    assert adjusted["treatment_mean"] == bare["treatment_mean"]
    assert adjusted["se"] < 0.7 * bare["se"]
    low, high = adjusted["decision_ci"]
    assert low <= 1.5 <= high


def test_a_design_without_one_is_written_as_before_there_was_the_choice() -> None:
    assert "covariate" not in write_definition(design(**DESIGN))
    chosen = design(**DESIGN, covariate=True)
    assert read_definition(write_definition(chosen)) == chosen
