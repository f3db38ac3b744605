"""A real e-mail experiment, analysed as statsmodels analyses it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from experiments import analyze

DATA = Path(__file__).parents[2] / "../shared/data/hillstrom/hillstrom.csv"
ARMS = ("Mens E-Mail", "Womens E-Mail")


@pytest.fixture(scope="module")
def mails() -> pd.DataFrame:
    if not DATA.exists():
        pytest.skip("the Hillstrom table is not part of the repository")
    return pd.read_csv(DATA).assign(row=lambda f: np.arange(len(f)))


def _analyse(mails: pd.DataFrame, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
    results = analyze(mails, variant="segment", control="No E-Mail", unit="row", **options)
    assert not results["srm"]["flag"]
    return {(e["metric"], e["variant"]): e for e in results["metrics"]}


@pytest.mark.parametrize("covariate", [None, "recency", "history"])
@pytest.mark.parametrize("metric", ["visit", "conversion", "spend"])
def test_effects_as_statsmodels_has_them(
    mails: pd.DataFrame, metric: str, covariate: str | None
) -> None:
    found = _analyse(mails, metrics=[metric], covariate=covariate)
    for arm in ARMS:
        pair = mails[mails["segment"].isin([arm, "No E-Mail"])]
        outcome = pair[metric].astype(float)
        is_treated = sm.add_constant((pair["segment"] == arm).astype(float))
        if covariate is not None:
            slope = sm.OLS(outcome, sm.add_constant(pair[covariate])).fit().params[covariate]
            outcome = outcome - slope * pair[covariate]
        fit = sm.OLS(outcome, is_treated).fit(cov_type="HC2")
        entry = found[metric, arm]
        assert entry["effect"] == pytest.approx(fit.params["segment"], rel=1e-8)
        assert entry["se"] == pytest.approx(fit.bse["segment"], rel=1e-8)
        # The regression on variant and covariate at once gives the same but for its third digit.
        if covariate is not None:
            both = is_treated.assign(x=pair[covariate])
            joint = sm.OLS(pair[metric].astype(float), both).fit(cov_type="HC2")
            gap = abs(joint.params["segment"] - entry["effect"])
            assert gap < 0.01 * entry["se"]
            assert entry["se"] == pytest.approx(joint.bse["segment"], rel=2e-3)


def test_known_results(mails: pd.DataFrame) -> None:
    found = _analyse(mails, metrics=["visit:proportion", "conversion:proportion", "spend"])
    mens = found["visit", "Mens E-Mail"]
    assert mens["control_mean"] == pytest.approx(0.10617, abs=5e-6)
    assert mens["treatment_mean"] == pytest.approx(0.18276, abs=5e-6)
    assert all(entry["adjusted_p_value"] < 0.01 for entry in found.values())


def test_a_covariate_narrows_the_interval(mails: pd.DataFrame) -> None:
    plain = _analyse(mails, metrics=["visit"])["visit", "Mens E-Mail"]
    adjusted = _analyse(mails, metrics=["visit"], covariate="recency")["visit", "Mens E-Mail"]
    assert adjusted["se"] < 0.997 * plain["se"]
