"""Wrong input: a clear sentence, or a count of what was left out and why."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import analyze
from recsys.errors import ConfigurationError, DatasetError
from tests.experiments.conftest import Analyse


def _only(results: dict[str, Any]) -> dict[str, Any]:
    (entry,) = results["metrics"]
    found: dict[str, Any] = entry
    return found


def _not_computable(entry: dict[str, Any], *words: str) -> None:
    assert entry["computable"] is False
    for word in words:
        assert word in entry["reason"]
    known = {"metric", "variant", "method", "computable", "reason"}
    assert all(value is None for key, value in entry.items() if key not in known)


def test_complex_numbers_are_said_to_be_that(analyse: Analyse, sample: pd.DataFrame) -> None:
    turned = np.where(np.arange(len(sample)) < 2, 1j, 0)  # one of a, one of b
    frame = sample.assign(y=sample["y"] + turned, lost=sample["y"] * 1j + 1j)
    results = analyse(frame, metrics=["y", "lost"])
    causes = [(one["metric"], one["cause"], one["count"]) for one in results["excluded"]]
    assert causes[:2] == [("y", "complex number", 1)] * 2
    assert {cause for _, cause, _ in causes} == {"complex number"}
    y, lost = results["metrics"]
    assert y["computable"]
    assert y["effect"] == analyse(sample[2:], metrics=["y"])["metrics"][0]["effect"]
    _not_computable(lost, "has 0 units with a value")


def test_missing_and_infinite_values_are_counted(analyse: Analyse, sample: pd.DataFrame) -> None:
    y = sample["y"].to_numpy().copy()
    y[[0, 1, 2]] = np.nan  # a, b, a
    y[[3, 5]] = [np.inf, -1e200]  # b, b: what cannot be squared counts as infinite
    frame = sample.assign(y=y)
    results = analyse(frame, metrics=["y", "b:proportion"])
    assert results["excluded"] == [
        {"metric": "y", "variant": "a", "column": "y", "cause": "missing", "count": 2},
        {"metric": "y", "variant": "b", "column": "y", "cause": "missing", "count": 1},
        {"metric": "y", "variant": "b", "column": "y", "cause": "infinite", "count": 2},
    ]
    # They are left out of this metric only.
    assert results["n_units"] == {"a": 200, "b": 200}
    whole = analyse(metrics=["y", "b:proportion"])
    assert results["metrics"][1]["effect"] == whole["metrics"][1]["effect"]
    rest = analyse(frame[np.abs(y) < 1e9], metrics=["y"])
    assert results["metrics"][0]["p_value"] == rest["metrics"][0]["p_value"]


def test_missing_covariates_are_counted(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.assign(x=sample["x"].where(np.arange(400) >= 10))
    results = analyse(frame, metrics=["y"], covariate="x")
    assert [(e["variant"], e["column"], e["count"]) for e in results["excluded"]] == [
        ("a", "x", 5), ("b", "x", 5)
    ]  # fmt: skip
    assert _only(results)["p_value"] == _only(
        analyse(frame[10:], metrics=["y"], covariate="x")
    )["p_value"]  # fmt: skip
    nobody = analyse(sample.assign(x=np.nan), metrics=["y"], covariate="x")
    _not_computable(_only(nobody), "'a' has 0 units with a value")


def test_words_in_a_column_of_numbers(analyse: Analyse, sample: pd.DataFrame) -> None:
    y = sample["y"].astype(object)
    y[0], y[1], y[2], y[3] = "many", "", "NaN", " 3.5 "
    results = analyse(sample.assign(y=y), metrics=["y"])
    assert [(e["variant"], e["cause"], e["count"]) for e in results["excluded"]] == [
        ("a", "missing", 1), ("b", "missing", 1), ("a", "not a number", 1)
    ]  # fmt: skip
    words = analyse(sample.assign(y="many"), metrics=["y"])
    _not_computable(_only(words), "0 units with a value")
    assert words["warnings"] == [f"y, b: not computable, {_only(words)['reason']}"]


def test_proportions_of_anything_else(analyse: Analyse, sample: pd.DataFrame) -> None:
    twos = sample.assign(b=sample["b"] + 1)
    _not_computable(_only(analyse(twos, metrics=["b:proportion"])), "0 and 1", "(2)")
    mixed = sample.assign(b=np.where(sample["b"] == 1, "true", "no idea"))
    (first, _) = analyse(mixed, metrics=["b:proportion"])["excluded"]
    assert first["cause"] == "neither 0/1 nor true/false"


def test_rows_without_a_place_are_counted(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.astype({"team": object, "block": object})
    for row, column in ((0, "arm"), (1, "employee_id"), (2, "team"), (3, "block")):
        frame.loc[row, column] = None
    results = analyse(frame, metrics=["y"], cluster="team", strata="block")
    assert [(e["metric"], e["variant"], e["column"], e["count"]) for e in results["excluded"]] == [
        (None, None, "arm", 1), (None, "b", "employee_id", 1), (None, "a", "team", 1),
        (None, "b", "block", 1),
    ]  # fmt: skip
    assert results["n_units"] == {"a": 198, "b": 198}


def test_a_unit_in_two_variants_is_left_out(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.copy()
    frame.loc[1, "employee_id"] = "e-0"
    results = analyse(frame, metrics=["y"])
    assert results["excluded"] == [
        {"metric": None, "variant": arm, "column": "employee_id",
         "cause": "unit in several variants", "count": 1}
        for arm in "ab"
    ]  # fmt: skip
    assert results["n_units"] == {"a": 199, "b": 199}
    assert "1 unit in several variants" in results["warnings"][0]
    assert "e-0" in results["warnings"][0]


def test_several_rows_of_a_unit_are_refused(analyse: Analyse, sample: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match=r"400 units with several rows .*one row per unit"):
        analyse(pd.concat([sample, sample]), metrics=["y"])
    # Unless the rows are what was counted, and people are the clusters.
    days = pd.concat([sample, sample], ignore_index=True).assign(row=np.arange(800))
    results = analyse(days, unit="row", cluster="employee_id", metrics=["y"])
    assert results["n_units"] == {"a": 400, "b": 400}
    whole = _only(analyse(metrics=["y"]))
    assert _only(results)["se"] == pytest.approx(whole["se"])


def test_a_cluster_in_two_variants_is_refused(analyse: Analyse, sample: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match=r"team: 1 cluster with rows in several variants \(0\)"):
        analyse(sample.assign(team=sample["team"].replace(1, 0)), metrics=["y"], cluster="team")


def test_few_clusters(analyse: Analyse, sample: pd.DataFrame) -> None:
    one = sample.assign(team=np.where(sample["arm"] == "a", 0, sample["team"]))
    _not_computable(_only(analyse(one, metrics=["y"], cluster="team")), "control has 1 cluster")
    three = sample[(sample["arm"] == "a") | (sample["team"] < 6)]
    _not_computable(_only(analyse(three, metrics=["y"], cluster="team")), "variant has 3 clusters")
    four = sample[(sample["arm"] == "a") | (sample["team"] < 8)]
    assert _only(analyse(four, metrics=["y"], cluster="team"))["n_clusters"] == 14


def test_no_variation(analyse: Analyse, sample: pd.DataFrame) -> None:
    for y in (3.1, np.where(sample["arm"] == "a", 0.1, 0.7), 1e12):
        for options in ({}, {"cluster": "team"}, {"covariate": "x"}, {"strata": "block"}):
            entry = _only(analyse(sample.assign(y=y), metrics=["y"], **options))
            _not_computable(entry, "do not vary")
    nobody = analyse(sample.assign(b=0), metrics=["b:proportion"])
    _not_computable(_only(nobody), "do not vary")
    itself = analyse(sample, metrics=["y"], covariate="y")
    _not_computable(_only(itself), "do not vary")
    # One arm that varies is enough.
    half = sample.assign(y=np.where(sample["arm"] == "a", 0.0, sample["y"]))
    entry = _only(analyse(half, metrics=["y"]))
    assert entry["computable"]
    assert entry["rel_effect"] is entry["rel_effect_ci"] is None


def test_small_differences_about_a_large_number_vary(
    analyse: Analyse, sample: pd.DataFrame
) -> None:
    found = _only(analyse(sample.assign(y=1e9 + sample["y"]), metrics=["y"], cluster="team"))
    assert found["se"] == pytest.approx(0.2268850453, rel=1e-6)
    assert found["decision_p_value"] == pytest.approx(0.0897183312, abs=1e-4)


def test_zero_denominators(analyse: Analyse, sample: pd.DataFrame) -> None:
    nowhere = sample.assign(d=np.where(sample["arm"] == "b", 0, sample["d"]))
    _not_computable(_only(analyse(nowhere, ratios=["m/d"])), "denominator", "variant")
    # Some people with none are no hindrance.
    some = sample.assign(d=np.where(np.arange(400) < 50, 0, sample["d"]))
    assert _only(analyse(some, ratios=["m/d"]))["computable"]


def test_constant_covariate(analyse: Analyse, sample: pd.DataFrame) -> None:
    results = analyse(sample.assign(x=0.1), metrics=["y"], covariate="x")
    assert "covariate x is the same for all" in results["warnings"][0]
    assert _only(results)["p_value"] == pytest.approx(_only(analyse(metrics=["y"]))["p_value"])


def test_strata(analyse: Analyse, sample: pd.DataFrame) -> None:
    lone = sample.assign(block=np.where(np.arange(400) == 0, "hq", "else"))
    entry = _only(analyse(lone, metrics=["y"], strata="block"))
    _not_computable(entry, "stratum 'hq' has", "one of the arms")
    mixed = sample.assign(block=np.arange(400) % 3)
    _not_computable(
        _only(analyse(mixed, metrics=["y"], cluster="team", strata="block")), "several strata"
    )


def test_variants(analyse: Analyse, sample: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match="control 'z' is not among the variants of arm: a, b"):
        analyse(control="z", metrics=["y"])
    alone = analyse(sample[sample["arm"] == "a"], metrics=["y"])
    assert alone["metrics"] == []
    assert alone["srm"]["p_value"] is None
    assert "only variant" in alone["warnings"][0]
    absent = analyse(metrics=["y"], expected_split={"a": 0.4, "b": 0.4, "c": 0.2})
    assert absent["n_units"] == {"a": 200, "b": 200, "c": 0}
    assert absent["srm"]["flag"]
    _not_computable(absent["metrics"][1], "'c' has 0 units")
    surplus = analyse(metrics=["y"], expected_split={"a": 1.0, "b": 0.0})
    assert surplus["srm"] == {"p_value": None, "flag": False, "unit": "employee_id"}
    assert "b should have no units" in surplus["warnings"][0]
    unnamed = analyse(
        sample.assign(arm=np.array(["a", "b", "c"])[np.arange(400) % 3]),
        metrics=["y"], expected_split={"a": 0.5, "b": 0.5},
    )  # fmt: skip
    assert unnamed["srm"]["p_value"] > 0.9
    assert "c should have no units" in unnamed["warnings"][0]
    assert len(unnamed["metrics"]) == 2


def test_one_unit_in_an_arm(analyse: Analyse, sample: pd.DataFrame) -> None:
    lone = sample[(sample["arm"] == "a") | (sample["team"] == 1)].drop_duplicates("team")
    _not_computable(_only(analyse(lone, metrics=["y"])), "'b' has 1 unit with a value")


def test_tables_that_cannot_be_read(sample: pd.DataFrame) -> None:
    asked: dict[str, Any] = {"variant": "arm", "control": "a", "unit": "employee_id"}
    with pytest.raises(DatasetError, match=r"no column 'q', 'z'; it has employee_id, arm"):
        analyze(sample, metrics=["z"], covariate="q", **asked)
    with pytest.raises(DatasetError, match="no rows"):
        analyze(sample[:0], metrics=["y"], **asked)
    with pytest.raises(DatasetError, match="no row has a value in all of arm, employee_id"):
        analyze(sample.assign(arm=None), metrics=["y"], **asked)
    twice = pd.concat([sample, sample[["y"]]], axis=1)
    with pytest.raises(DatasetError, match="several columns named y"):
        analyze(twice, metrics=["y"], **asked)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metrics": ["y", "y:mean"]}, "y is asked for twice"),
        ({"metrics": ["b:share"]}, "ends in 'share'"),
        ({"ratios": ["m"]}, "NUMERATOR/DENOMINATOR"),
        ({"correction": "bonferroni"}, "expected holm, bh or none"),
        ({"alpha": 5}, "alpha is 5"),
        ({"sequential": True, "sequential_n": 0}, "sequential_n is 0"),
        ({"expected_split": {"a": 0.5, "b": 0.7}}, "sum to 1.2"),
        ({"expected_split": {"a": -0.5, "b": 1.5}}, "shares of 0 or more"),
        ({"looks": [0.5, 1]}, "belong together"),
        ({"looks": [1, 0.5], "look": 1}, "increasing shares"),
        ({"looks": [0.5, 1], "look": 3}, "expected 1 to 2"),
        ({"looks": [0.5, 1], "look": 1, "sequential": True}, "choose one"),
        ({"margins": {"q": 1}}, "a margin for q"),
        ({"metrics": ["y"], "margins": {"y": 0.0}}, "other than 0"),
        ({"winsorise": 99}, "winsorise is 99"),
    ],
)
def test_arguments_that_cannot_be_meant(
    analyse: Analyse, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        analyse(**options)


def test_names_with_colons_and_strokes(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.rename(columns={"y": "opens/week:all", "m": "a/b"})
    results = analyse(frame, metrics=["opens/week:all"], ratios=["a/b/d"])
    assert [e["metric"] for e in results["metrics"]] == ["opens/week:all", "a/b/d"]
    assert all(e["computable"] for e in results["metrics"])
