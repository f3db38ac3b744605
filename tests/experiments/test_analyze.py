"""The structure of the results, and what does not change them."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import analyze
from tests.experiments.conftest import Analyse

KEYS = [
    "metric", "variant", "control_mean", "treatment_mean", "effect", "se", "effect_ci", "p_value",
    "rel_effect", "rel_effect_ci", "method", "adjusted_p_value", "n_clusters",
    "permutation_p_value", "decision_p_value", "decision_ci", "computable", "reason",
]  # fmt: skip


def test_structure(analyse: Analyse) -> None:
    results = analyse(metrics=["y"])
    assert list(results) == [
        "n_units", "randomisation_unit", "srm", "metrics", "excluded", "warnings"
    ]  # fmt: skip
    assert results["n_units"] == {"a": 200, "b": 200}
    assert results["randomisation_unit"] == "employee_id"
    assert results["srm"] == {"p_value": 1.0, "flag": False, "unit": "employee_id"}
    assert results["excluded"] == results["warnings"] == []
    (entry,) = results["metrics"]
    assert list(entry) == KEYS
    assert entry["computable"] is True
    assert entry["method"] == "welch"
    assert entry["n_clusters"] is entry["permutation_p_value"] is entry["reason"] is None
    assert entry["decision_p_value"] == entry["p_value"] == entry["adjusted_p_value"]
    assert entry["decision_ci"] == entry["effect_ci"]
    assert json.loads(json.dumps(results, allow_nan=False)) == results


def test_clusters_are_the_unit(analyse: Analyse) -> None:
    results = analyse(metrics=["y"], cluster="team")
    assert results["n_units"] == {"a": 200, "b": 200}
    assert results["randomisation_unit"] == results["srm"]["unit"] == "team"


def test_the_sample_ratio_is_of_the_randomised(analyse: Analyse, sample: pd.DataFrame) -> None:
    """Half of the people of one variant are gone, but none of its teams."""
    frame = sample[(sample["arm"] == "a") | (np.arange(400) < 200)]
    people = analyse(frame, metrics=["y"])
    assert people["srm"]["flag"]
    assert people["srm"]["p_value"] == pytest.approx(7.7e-9, rel=0.01)
    assert "do not fit the expected split" in people["warnings"][0]
    assert analyse(frame, metrics=["y"], cluster="team")["srm"]["p_value"] == 1.0
    expected = {"a": 2 / 3, "b": 1 / 3}
    assert analyse(frame, metrics=["y"], expected_split=expected)["srm"]["p_value"] == 1.0


def test_one_entry_per_metric_and_variant(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.assign(arm=np.array(["z", "control", "b"])[np.arange(400) % 3])
    results = analyse(frame, metrics=["y", "b:proportion"], ratios=["m/d"], control="control")
    named = [(e["metric"], e["variant"]) for e in results["metrics"]]
    assert named == [(m, v) for m in ("y", "b", "m/d") for v in ("b", "z")]
    assert list(results["n_units"]) == ["control", "b", "z"]
    raw = sorted(e["p_value"] for e in results["metrics"])
    adjusted = sorted(e["adjusted_p_value"] for e in results["metrics"])
    assert adjusted[0] == pytest.approx(6 * raw[0])
    # Another arm changes nothing for the first two.
    alone = analyse(frame[frame["arm"] != "z"], metrics=["y"], control="control", covariate="x")
    both = analyse(frame, metrics=["y"], control="control", covariate="x")
    assert alone["metrics"][0]["effect"] == both["metrics"][0]["effect"]


def test_metrics_may_be_left_out(analyse: Analyse) -> None:
    assert analyse()["metrics"] == []
    assert analyse(ratios=["m/d"])["metrics"][0]["method"] == "delta"


def test_methods_are_named(analyse: Analyse) -> None:
    def method(**options: Any) -> str:
        found: str = analyse(**options)["metrics"][0]["method"]
        return found

    assert method(metrics=["b:proportion"]) == "proportion"
    assert method(metrics=["y"], covariate="x") == "welch+cuped"
    assert method(ratios=["m/d"], cluster="team", covariate="x") == "delta+cuped+clusters"
    assert method(metrics=["y"], strata="block") == "welch+post_stratified"
    assert method(metrics=["y"], sequential=True) == "welch+always_valid"


@pytest.mark.parametrize(
    "options",
    [
        {}, {"covariate": "x"}, {"cluster": "team"}, {"strata": "block"},
        {"cluster": "team", "covariate": "x", "strata": "block"}, {"sequential": True},
    ],
    ids=str,
)  # fmt: skip
def test_order_and_names_of_rows_do_not_matter(
    analyse: Analyse, sample: pd.DataFrame, options: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"metrics": ["y", "b:proportion"], "ratios": ["m/d"]} | options
    expected = analyse(**asked)
    shuffled = sample.sample(frac=1, random_state=1).reset_index(drop=True)
    shuffled["employee_id"] = shuffled["employee_id"].str.upper()
    for ours, theirs in zip(
        analyse(shuffled, **asked)["metrics"], expected["metrics"], strict=True
    ):
        assert ours["permutation_p_value"] == theirs["permutation_p_value"]
        for key in ("effect", "se", "p_value", "decision_p_value", "adjusted_p_value"):
            assert ours[key] == pytest.approx(theirs[key], rel=1e-9)


def test_types_of_columns_do_not_matter(analyse: Analyse, sample: pd.DataFrame) -> None:
    expected = analyse(metrics=["y", "b:proportion"], ratios=["m/d"], covariate="x")["metrics"]
    words = sample.astype(str)
    words["b"] = np.where(sample["b"] == 1, "TRUE", "False")
    flags = sample.assign(b=sample["b"].astype(bool), arm=sample["arm"].astype("category"))
    big = sample.assign(**{c: sample[c].to_numpy().astype(">f8") for c in "xymdb"})
    nullable = sample.convert_dtypes()
    arrow = sample.convert_dtypes(dtype_backend="pyarrow")
    for frame in (words, flags, big, nullable, arrow):
        found = analyse(frame, metrics=["y", "b:proportion"], ratios=["m/d"], covariate="x")
        for ours, theirs in zip(found["metrics"], expected, strict=True):
            assert ours["p_value"] == pytest.approx(theirs["p_value"], rel=1e-9)


def test_true_and_false_are_numbers(analyse: Analyse, sample: pd.DataFrame) -> None:
    """A column of them with a gap is no column of booleans any more, for pandas."""
    gap = sample.assign(b=(sample["b"] == 1).astype(object).where(np.arange(400) > 0, None))
    (found,) = analyse(gap, metrics=["b"])["metrics"]
    (expected,) = analyse(sample[1:], metrics=["b"])["metrics"]
    assert found == expected
    assert found["method"] == "welch"


def test_variants_may_be_numbers_and_control_none(sample: pd.DataFrame) -> None:
    frame = sample.assign(arm=(sample["arm"] == "b").astype(float))
    asked: dict[str, Any] = {"variant": "arm", "unit": "employee_id", "metrics": ["y"]}
    assert analyze(frame, control="0", **asked)["n_units"] == {"0": 200, "1": 200}
    none = sample.assign(arm=np.where(sample["arm"] == "b", "mail", "none"))
    assert analyze(none, control="none", **asked)["n_units"] == {"none": 200, "mail": 200}


@settings(max_examples=20)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_shift_and_scale(shift: float, scale: float) -> None:
    i = np.arange(60)
    y = (i * 37 % 23) + 0.5 * (i % 2)
    frame = pd.DataFrame({"u": i, "arm": np.where(i % 2, "b", "a"), "y": y, "x": i * 11 % 7})
    frame["z"] = shift + scale * y
    asked: dict[str, Any] = {"variant": "arm", "control": "a", "unit": "u", "covariate": "x"}
    ours, theirs = analyze(frame, metrics=["y", "z"], **asked)["metrics"]
    assert theirs["effect"] == pytest.approx(scale * ours["effect"], rel=1e-6)
    assert theirs["p_value"] == pytest.approx(ours["p_value"], rel=1e-5)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_the_other_way_round(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 80))
    team = np.arange(n) % 9
    frame = pd.DataFrame({
        "u": np.arange(n), "team": team, "arm": np.where(team < 4, "b", "a"),
        "y": rng.normal(size=n), "x": rng.normal(size=n),
    })  # fmt: skip
    choices: list[dict[str, Any]] = [
        {}, {"covariate": "x"}, {"cluster": "team", "covariate": "x"},
    ]  # fmt: skip
    for options in choices:
        forth, back = (
            analyze(frame, variant="arm", control=c, unit="u", metrics=["y"], **options)["metrics"][
                0
            ]
            for c in "ab"
        )
        assert back["effect"] == pytest.approx(-forth["effect"], abs=1e-12)
        assert back["decision_p_value"] == pytest.approx(forth["decision_p_value"], rel=1e-9)
        low, high = forth["decision_ci"]
        assert back["decision_ci"] == pytest.approx([-high, -low], rel=1e-9, abs=1e-12)


def test_winsorised(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.assign(y=np.where(np.arange(400) == 8, 1e6, sample["y"]))
    results = analyse(frame, metrics=["y", "b:proportion"], ratios=["m/d"], winsorise=0.99)
    cap = float(frame["y"].quantile(0.99))
    capped = analyse(frame.assign(y=frame["y"].clip(upper=cap)), metrics=["y"])
    assert results["metrics"][0]["effect"] == pytest.approx(capped["metrics"][0]["effect"])
    assert results["warnings"] == [f"y: 4 values above {cap:g} (quantile 0.99) were set to it"]
    whole = analyse(ratios=["m/d"])["metrics"][0]
    assert results["metrics"][2]["effect"] == whole["effect"]
