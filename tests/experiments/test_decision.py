"""Which p-value and interval decide, under each rule and number of clusters."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments import always_valid
from experiments.looks import bounds
from tests.experiments.conftest import Analyse


@pytest.fixture
def many() -> pd.DataFrame:
    """40 teams of twenty, and an effect."""
    rng = np.random.default_rng(2)
    team = np.repeat(np.arange(40), 20)
    y = rng.normal(size=800) + 0.3 * rng.normal(size=40)[team] + 0.35 * (team % 2)
    arm = np.where(team % 2, "b", "a")
    return pd.DataFrame({"employee_id": np.arange(800), "team": team, "arm": arm, "y": y})


def _one(results: dict[str, Any]) -> dict[str, Any]:
    (entry,) = results["metrics"]
    found: dict[str, Any] = entry
    return found


def test_forty_clusters_are_judged_by_t(analyse: Analyse, many: pd.DataFrame) -> None:
    found = _one(analyse(many, metrics=["y"], cluster="team"))
    assert found["n_clusters"] == 40
    assert found["decision_p_value"] == found["p_value"]
    assert found["decision_ci"] == found["effect_ci"]
    assert found["permutation_p_value"] == pytest.approx(found["p_value"], abs=0.006)


def test_thirty_nine_clusters_are_judged_by_permutations(
    analyse: Analyse, many: pd.DataFrame
) -> None:
    found = _one(analyse(many[many["team"] > 0], metrics=["y"], cluster="team"))
    assert found["n_clusters"] == 39
    assert found["decision_p_value"] == found["permutation_p_value"] != found["p_value"]
    assert found["decision_ci"] != found["effect_ci"]
    assert found["adjusted_p_value"] == found["decision_p_value"]


def test_a_planned_look_at_clusters(analyse: Analyse, sample: pd.DataFrame) -> None:
    looks = [0.5, 1.0]
    first = _one(analyse(metrics=["y"], cluster="team", looks=looks, look=1))
    once = _one(analyse(metrics=["y"], cluster="team"))
    level = 2 * stats.norm.sf(bounds((0.5, 1.0))[0])
    assert level == pytest.approx(0.0125)
    t = stats.t.isf(level / 2, 17.87263185943382)
    assert first["effect_ci"][1] - first["effect"] == pytest.approx(t * first["se"])
    assert first["permutation_p_value"] == once["permutation_p_value"]
    assert first["decision_p_value"] > once["decision_p_value"]
    assert first["decision_ci"][0] < once["decision_ci"][0]
    results = analyse(metrics=["y"], looks=looks, look=2)
    assert results["look"] == {
        "number": 2, "share": 1.0, "z": pytest.approx(bounds((0.5, 1.0))[1]),
        "level": pytest.approx(2 * stats.norm.sf(bounds((0.5, 1.0))[1])),
    }  # fmt: skip


def test_p_and_interval_agree_at_every_look(analyse: Analyse, many: pd.DataFrame) -> None:
    looks = (0.2, 0.4, 0.6, 0.8, 1.0)
    for scale in (0.0, 0.2, 0.6):
        frame = many.assign(y=many["y"] + scale * (many["team"] % 2))
        for look in range(1, 6):
            for cluster in (None, "team"):
                found = _one(analyse(frame, metrics=["y"], cluster=cluster, looks=looks, look=look))
                excludes = found["decision_ci"][0] > 0 or found["decision_ci"][1] < 0
                assert excludes == (found["decision_p_value"] <= 0.05)


def test_an_always_valid_analysis_counts_clusters(analyse: Analyse, many: pd.DataFrame) -> None:
    found = _one(analyse(many, metrics=["y"], cluster="team", sequential=True))
    once = _one(analyse(many, metrics=["y"], cluster="team"))
    half = always_valid.multiplier(40) * once["se"]
    effect = once["effect"]
    assert found["effect_ci"] == pytest.approx([effect - half, effect + half])
    assert found["p_value"] == always_valid.p_value(effect / once["se"], 40)
    assert found["decision_ci"] == found["effect_ci"]
    low, high = found["rel_effect_ci"]
    ratio = always_valid.multiplier(40) / stats.t.isf(0.025, 38)
    width = once["rel_effect_ci"][1] - once["rel_effect_ci"][0]
    assert high - low == pytest.approx(ratio * width, rel=1e-3)


def test_few_clusters_are_judged_by_heavier_tails(analyse: Analyse) -> None:
    found = _one(analyse(metrics=["y"], cluster="team", sequential=True, sequential_n=20))
    half = [(high - low) / 2 for low, high in (found["effect_ci"], found["decision_ci"])]
    assert half[0] == pytest.approx(always_valid.multiplier(20, tuned_to=20) * found["se"])
    tail = stats.norm.sf(half[0] / found["se"])
    assert half[1] == pytest.approx(stats.t.isf(tail, 17.87263185943382) * found["se"])
    assert found["decision_p_value"] >= found["p_value"]


def test_tuning_to_far_too_many_units_is_told(analyse: Analyse) -> None:
    (told,) = analyse(metrics=["y"], cluster="team", sequential=True)["warnings"]
    assert "tuned to 5000 units; with 20 clusters" in told
    assert not analyse(metrics=["y"], cluster="team", sequential=True, sequential_n=20)["warnings"]
    assert not analyse(metrics=["y"], sequential=True)["warnings"]


@pytest.mark.parametrize("z", [0.0, 1.0, 3.8, 3.9, 20.0])
def test_always_valid_p_and_interval_agree(z: float) -> None:
    excludes = z > always_valid.multiplier(500)
    assert excludes == (always_valid.p_value(z, 500) < 0.05)
    assert always_valid.p_value(-z, 500) == always_valid.p_value(z, 500) <= 1


def test_a_margin(analyse: Analyse) -> None:
    found = _one(analyse(metrics=["y"], margins={"y": 0.1}))
    low, high = found["decision_ci"]
    assert found["non_inferiority"] == {"margin": 0.1, "bound": low, "is_non_inferior": True}
    strict = _one(analyse(metrics=["y"], margins={"y": 0.05}))
    assert not strict["non_inferiority"]["is_non_inferior"]
    # Below 0 it is a gain that would be bad.
    gain = _one(analyse(metrics=["y"], margins={"y": -0.5}))
    assert gain["non_inferiority"] == {"margin": -0.5, "bound": high, "is_non_inferior": False}
    assert _one(analyse(metrics=["y"], margins={"y": -0.9}))["non_inferiority"]["is_non_inferior"]
