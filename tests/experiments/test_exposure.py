"""Whether who was exposed depends on the variant."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.experiments.conftest import Analyse


def test_as_many_in_each_variant(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.assign(seen=np.where(np.arange(400) % 4 < 2, "true", "false"))
    found = analyse(frame, metrics=["y"], exposed="seen")["exposure"]
    assert found == {
        "shares": {"a": 0.5, "b": 0.5}, "p_value": 1.0, "flag": False, "unit": "employee_id",
        "unknown": 0,
    }  # fmt: skip


def test_fewer_in_one_variant(analyse: Analyse, sample: pd.DataFrame) -> None:
    seen = np.where(sample["arm"] == "a", np.arange(400) % 10 < 9, np.arange(400) % 10 < 6)
    results = analyse(sample.assign(seen=seen), metrics=["y"], exposed="seen")
    found = results["exposure"]
    assert found["shares"] == {"a": 1.0, "b": 0.6}
    test = stats.chi2_contingency([[200, 120], [0, 80]], correction=False)
    assert found["p_value"] == pytest.approx(test.pvalue)
    assert found["flag"]
    # The effect stays that on all who were assigned.
    assert results["metrics"] == analyse(metrics=["y"])["metrics"]


def test_whole_teams_that_were_away_alarm_nobody(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.assign(seen=~sample["team"].isin([1, 3, 5]))
    assert analyse(frame, exposed="seen")["exposure"]["flag"]
    found = analyse(frame, exposed="seen", cluster="team")["exposure"]
    assert found["unit"] == "team"
    # Three of ten teams against none: 2 · C(10, 3) / C(20, 3) of the assignments are as far apart.
    assert found["p_value"] == pytest.approx(2 * 120 / 1140)


def test_nobody_or_everybody_exposed(analyse: Analyse, sample: pd.DataFrame) -> None:
    for seen in (0, 1):
        assert analyse(sample.assign(seen=seen), exposed="seen")["exposure"]["p_value"] is None
    unknown = sample.assign(seen=pd.Series([1.0, 0.0, np.nan, 1.0] * 100))
    assert analyse(unknown, exposed="seen")["exposure"]["unknown"] == 100
