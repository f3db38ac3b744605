"""Every combination against a slow second implementation, or against statsmodels."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from experiments.multiplicity import adjust
from tests.experiments.conftest import Analyse

Float = npt.NDArray[np.float64]


@pytest.fixture
def company() -> pd.DataFrame:
    """45 teams of unequal size in three sites and three variants; everything is correlated."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(2, 40, 45)
    team = np.repeat(np.arange(45), sizes)
    n = len(team)
    site = (np.arange(45) // 15)[team]
    arm = (np.arange(45) % 3)[team]
    x = rng.gamma(2.0, size=n) + 0.5 * rng.normal(size=45)[team]
    d = 1 + rng.poisson(2 + 0.3 * x)
    return pd.DataFrame({
        "employee_id": np.arange(n), "arm": np.array(["a", "b", "c"])[arm], "team": team,
        "site": site, "x": x, "d": d,
        "y": 3 + 0.8 * x + 0.4 * rng.normal(size=45)[team] + 0.3 * arm + rng.normal(size=n) + site,
        "m": rng.binomial(d, 0.3 + 0.05 * arm), "b": rng.random(n) < 0.2 + 0.05 * x.clip(0, 4),
    })  # fmt: skip


def _entry(results: dict[str, Any], variant: str = "b") -> dict[str, Any]:
    (entry,) = [e for e in results["metrics"] if e["variant"] == variant]
    found: dict[str, Any] = entry
    return found


def _check(found: dict[str, Any], effect: float, variances: list[float], ns: list[int]) -> None:
    """Compare with an effect, the variances of its parts and their numbers of units."""
    total = sum(variances)
    df = total**2 / sum(v**2 / (n - 1) for v, n in zip(variances, ns, strict=True))
    half = stats.t.ppf(0.975, df) * total**0.5
    assert found["effect"] == pytest.approx(effect, rel=1e-9)
    assert found["se"] == pytest.approx(total**0.5, rel=1e-9)
    assert found["effect_ci"] == pytest.approx([effect - half, effect + half], rel=1e-9)
    p_value = 2 * stats.t.sf(abs(effect) / total**0.5, df)
    assert found["p_value"] == pytest.approx(p_value, rel=1e-8)


def _pair(company: pd.DataFrame) -> pd.DataFrame:
    return company[company["arm"] != "c"]


def _theta(pair: pd.DataFrame, y: Float | None = None) -> float:
    outcome = pair["y"].to_numpy() if y is None else y
    return float(np.cov(outcome, pair["x"])[0, 1] / pair["x"].var())


def test_mean_as_statsmodels_has_it(analyse: Analyse, company: pd.DataFrame) -> None:
    found = _entry(analyse(company, metrics=["y"]))
    parts = [DescrStatsW(company["y"][company["arm"] == arm]) for arm in "ba"]
    compared = CompareMeans(*parts)
    _, p_value, _ = compared.ttest_ind(usevar="unequal")
    assert found["p_value"] == pytest.approx(p_value, rel=1e-9)
    low, high = compared.tconfint_diff(usevar="unequal")
    assert found["effect_ci"] == pytest.approx([low, high], rel=1e-9)


def test_proportion(analyse: Analyse, company: pd.DataFrame) -> None:
    share = company.groupby("arm")["b"].mean()
    n = company.groupby("arm")["b"].size()
    variances = [share[a] * (1 - share[a]) / n[a] for a in "ab"]
    found = _entry(analyse(company, metrics=["b:proportion"]))
    _check(found, share["b"] - share["a"], variances, [n["a"], n["b"]])


def test_covariate_as_a_regression_of_residuals(analyse: Analyse, company: pd.DataFrame) -> None:
    pair = _pair(company)
    slope = sm.OLS(pair["y"], sm.add_constant(pair["x"])).fit().params["x"]
    design = sm.add_constant((pair["arm"] == "b").astype(float))
    fit = sm.OLS(pair["y"] - slope * pair["x"], design).fit(cov_type="HC2")
    found = _entry(analyse(company, metrics=["y"], covariate="x"))
    assert found["effect"] == pytest.approx(fit.params["arm"], rel=1e-9)
    assert found["se"] == pytest.approx(fit.bse["arm"], rel=1e-9)


def test_ratio_with_covariate(analyse: Analyse, company: pd.DataFrame) -> None:
    pair = _pair(company)
    pooled = (pair["m"] - pair["m"].sum() / pair["d"].sum() * pair["d"]) / pair["d"].mean()
    theta = _theta(pair, pooled.to_numpy())
    values, variances, ns = {}, [], []
    for arm, part in pair.groupby("arm"):
        ratio = part["m"].sum() / part["d"].sum()
        linear = (part["m"] - ratio * part["d"]) / part["d"].mean() - theta * part["x"]
        values[arm] = ratio - theta * part["x"].mean()
        variances.append(linear.var() / len(part))
        ns.append(len(part))
    found = _entry(analyse(company, ratios=["m/d"], covariate="x"))
    _check(found, values["b"] - values["a"], variances, ns)


def _by_team(part: pd.DataFrame, value: "pd.Series[float]") -> tuple[float, float, int]:
    """Return mean over rows, its variance by the delta method over teams, and their number."""
    sums = value.groupby(part["team"]).sum()
    sizes = value.groupby(part["team"]).size()
    k, mean = len(sums), sums.sum() / sizes.sum()
    variance = k / (k - 1) * ((sums - mean * sizes) ** 2).sum() / sizes.sum() ** 2
    return float(mean), float(variance), k


@pytest.mark.parametrize("covariate", [None, "x"])
@pytest.mark.parametrize("metric", ["y", "b:proportion"])
def test_clusters(
    analyse: Analyse, company: pd.DataFrame, metric: str, covariate: str | None
) -> None:
    column = metric.split(":", maxsplit=1)[0]
    pair = _pair(company).assign(b=lambda f: f["b"].astype(float))
    theta = 0.0 if covariate is None else _theta(pair, pair[column].to_numpy())
    parts = [_by_team(part, part[column] - theta * part["x"]) for _, part in pair.groupby("arm")]
    found = _entry(analyse(company, metrics=[metric], cluster="team", covariate=covariate))
    _check(found, parts[1][0] - parts[0][0], [p[1] for p in parts], [p[2] for p in parts])
    assert found["n_clusters"] == 30
    # With and without clusters it is the same effect.
    alone = _entry(analyse(company, metrics=[metric], covariate=covariate))
    assert alone["effect"] == pytest.approx(found["effect"], rel=1e-9)


def test_clusters_as_statsmodels_has_them(analyse: Analyse, company: pd.DataFrame) -> None:
    """The sandwich over clusters is the delta method but for its factors for few clusters."""
    pair = _pair(company)
    design = sm.add_constant((pair["arm"] == "b").astype(float))
    fit = sm.OLS(pair["y"], design).fit(
        cov_type="cluster", cov_kwds={"groups": pair["team"], "use_correction": False}
    )
    found = _entry(analyse(company, metrics=["y"], cluster="team"))
    assert found["effect"] == pytest.approx(fit.params["arm"], rel=1e-9)
    assert found["se"] == pytest.approx(fit.bse["arm"] * (15 / 14) ** 0.5, rel=1e-9)


def test_ratio_over_clusters(analyse: Analyse, company: pd.DataFrame) -> None:
    values, variances, ns = [], [], []
    for _, part in _pair(company).groupby("arm"):
        sums = part.groupby("team")[["m", "d"]].sum()
        ratio = sums["m"].sum() / sums["d"].sum()
        values.append(ratio)
        variances.append((sums["m"] - ratio * sums["d"]).var() / len(sums) / sums["d"].mean() ** 2)
        ns.append(len(sums))
    found = _entry(analyse(company, ratios=["m/d"], cluster="team"))
    _check(found, values[1] - values[0], variances, ns)


def test_strata_with_covariate(analyse: Analyse, company: pd.DataFrame) -> None:
    pair = _pair(company)
    within = pair[["x", "y"]] - pair.groupby("site")[["x", "y"]].transform("mean")
    theta = (within["x"] * within["y"]).sum() / (within["x"] ** 2).sum()
    effects, variance, weights = [], 0.0, []
    for _, stratum in pair.groupby("site"):
        weight = len(stratum) / len(pair)
        adjusted = stratum["y"] - theta * stratum["x"]
        mean, spread = (adjusted.groupby(stratum["arm"]).agg(f) for f in ("mean", "sem"))
        effects.append(mean["b"] - mean["a"])
        variance += weight**2 * (spread**2).sum()
        weights.append(weight)
    effect = np.average(effects, weights=weights)
    variance += np.average((np.array(effects) - effect) ** 2, weights=weights) / len(pair)
    found = _entry(analyse(company, metrics=["y"], covariate="x", strata="site"))
    assert found["effect"] == pytest.approx(effect, rel=1e-9)
    assert found["se"] == pytest.approx(variance**0.5, rel=1e-9)


def test_strata_of_clusters(analyse: Analyse, company: pd.DataFrame) -> None:
    pair = _pair(company)
    effects, variances, ns, weights = [], [], [], []
    for _, stratum in pair.groupby("site"):
        weight = len(stratum) / len(pair)
        parts = [_by_team(part, part["y"]) for _, part in stratum.groupby("arm")]
        effects.append(parts[1][0] - parts[0][0])
        variances += [weight**2 * p[1] for p in parts]
        ns += [p[2] for p in parts]
        weights.append(weight)
    effect = np.average(effects, weights=weights)
    between = np.average((np.array(effects) - effect) ** 2, weights=weights) / 30
    found = _entry(analyse(company, metrics=["y"], cluster="team", strata="site"))
    assert found["effect"] == pytest.approx(effect, rel=1e-9)
    assert found["se"] == pytest.approx((sum(variances) + between) ** 0.5, rel=1e-9)
    df = sum(variances) ** 2 / sum(v**2 / (n - 1) for v, n in zip(variances, ns, strict=True))
    p_value = 2 * stats.t.sf(abs(found["effect"] / found["se"]), df)
    assert found["p_value"] == pytest.approx(p_value, rel=1e-8)


def test_relative_interval_holds_the_truth_as_often_as_promised(analyse: Analyse) -> None:
    rng = np.random.default_rng(3)
    n, runs = 200, 400
    columns = {f"y{i}": 5 + 2 * rng.normal(size=n) + np.arange(n) % 2 for i in range(runs)}
    roster = {"employee_id": np.arange(n), "arm": np.where(np.arange(n) % 2, "b", "a")}
    found = analyse(pd.DataFrame(roster | columns), metrics=list(columns))["metrics"]
    holds = [e["rel_effect_ci"][0] <= 0.2 <= e["rel_effect_ci"][1] for e in found]
    assert 0.925 < np.mean(holds) < 0.975


@pytest.mark.parametrize(("ours", "theirs"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_adjustments_as_statsmodels_has_them(ours: Any, theirs: str) -> None:
    p_values = np.random.default_rng(1).random(50) ** 3
    p_values[7] = p_values[3]
    expected = multipletests(p_values, method=theirs)[1]
    assert adjust(p_values.tolist(), ours) == pytest.approx(expected.tolist(), rel=1e-12)
