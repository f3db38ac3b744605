from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.sizing.formulas import (
    Clusters,
    Outcome,
    Promise,
    detectable_effect,
    least_clusters,
    size,
)
from recsys.errors import ConfigurationError

PROMISE = Promise()
THIRTY = Outcome(0.30)

outcomes = st.one_of(
    st.builds(Outcome, st.floats(0.02, 0.9)),
    st.builds(Outcome, st.floats(-5, 5), st.floats(0.5, 3), st.floats(0.2, 1)),
)
clusters = st.none() | st.builds(Clusters, st.floats(1, 80), st.floats(0, 0.2), st.floats(0, 1))


def test_the_reference_of_the_contract() -> None:
    # DE = 1 + 0.02 (11 + 12 · 0.25) = 1.28; 148 clusters of 12
    sizing = size(THIRTY, 0.05, PROMISE, Clusters(12, 0.02, 0.5))
    assert (sizing.clusters_per_arm, sizing.units_per_arm) == (148, 1776)
    assert sizing.design_effect == pytest.approx(1.28)
    assert (sizing.alpha, sizing.power) == (0.05, 0.8)


@pytest.mark.parametrize(("m", "icc", "k"), [(12, 0.05, 196), (60, 0.02, 58), (60, 0.05, 109)])
def test_other_clusters_of_the_reference(m: float, icc: float, k: int) -> None:
    assert size(THIRTY, 0.05, PROMISE, Clusters(m, icc, 0.5)).clusters_per_arm == k


def test_single_units() -> None:
    # by hand: (1.959964 + 0.841621)² (0.3 · 0.7 + 0.35 · 0.65) / 0.05² = 1373.55
    proportion = size(THIRTY, 0.05, PROMISE)
    assert (proportion.units_per_arm, proportion.clusters_per_arm) == (1374, None)
    assert proportion.design_effect == 1
    # statsmodels' TTestIndPower says 1570.733 for d = 0.1
    assert size(Outcome(5.0, 1.0), 0.1, PROMISE).units_per_arm == 1571
    # statsmodels' NormalIndPower with Cohen's h says 1091.896, which is another approximation
    assert size(Outcome(0.2), 0.05, PROMISE).units_per_arm == pytest.approx(1091.896, rel=0.002)


@pytest.mark.parametrize("d", [0.1, 0.35, 0.8, 1.5])
def test_a_mean_has_the_power_of_the_noncentral_t(d: float) -> None:
    n = size(Outcome(0.0, 1.0), d, PROMISE).units_per_arm

    def power(n: int) -> float:
        law = stats.nct(2 * n - 2, d * np.sqrt(n / 2))
        return float(law.sf(stats.t.ppf(0.975, 2 * n - 2)))

    assert power(n) >= 0.795
    assert power(n - 1) < 0.805


def test_a_covariate_saves_its_share_of_the_variance() -> None:
    plain = size(Outcome(5.0, 1.0), 0.1, PROMISE).units_per_arm
    adjusted = size(Outcome(5.0, 1.0, 1 - 0.6**2), 0.1, PROMISE).units_per_arm
    assert adjusted == pytest.approx(plain * 0.64, rel=0.002)


@given(outcome=outcomes, clusters=clusters, per_arm=st.integers(10, 3000))
def test_what_is_detectable_needs_what_there_is(
    outcome: Outcome, clusters: Clusters | None, per_arm: int
) -> None:
    effect = detectable_effect(outcome, per_arm, PROMISE, clusters)
    if effect is None:
        return
    sizing = size(outcome, effect, PROMISE, clusters)
    found = sizing.units_per_arm if clusters is None else sizing.clusters_per_arm
    assert found is not None
    assert abs(found - per_arm) <= 1


@given(outcome=outcomes, clusters=clusters, n=st.integers(10, 500), more=st.integers(1, 500))
def test_more_units_detect_less(
    outcome: Outcome, clusters: Clusters | None, n: int, more: int
) -> None:
    few = detectable_effect(outcome, n, PROMISE, clusters)
    many = detectable_effect(outcome, n + more, PROMISE, clusters)
    assert few is None or (many is not None and many <= few)


def test_a_decrease_counts_as_an_effect() -> None:
    assert size(Outcome(0.35), -0.05, PROMISE) == size(THIRTY, 0.05, PROMISE)


def test_nothing_is_promised_for_very_few_clusters() -> None:
    huge = size(Outcome(0.1), 0.8, PROMISE, Clusters(500, 0.0))
    assert huge.clusters_per_arm == least_clusters(0.05) == 5
    assert least_clusters(0.01) == 7  # five times 2 of C(14, 7) = 3,432 are 0.3 %
    assert detectable_effect(THIRTY, 4, PROMISE, Clusters(12, 0.02)) is None


def test_what_nothing_can_find_is_none() -> None:
    assert detectable_effect(Outcome(0.95), 20, PROMISE) is None
    assert detectable_effect(Outcome(1.0), 2000, PROMISE) is None


def test_units_of_clusters_are_whole() -> None:
    sizing = size(THIRTY, 0.05, PROMISE, Clusters(12.1, 0.02, 0.5))
    assert sizing.clusters_per_arm is not None
    assert sizing.units_per_arm == ceil(round(sizing.clusters_per_arm * 12.1, 6))


@pytest.mark.parametrize(
    ("baseline", "sd", "mde", "said"),
    [
        (0.3, None, 0.0, "is 0, expected a difference"),
        (0.3, None, float("nan"), "is nan"),
        (0.3, None, 0.8, "is 1.1, expected a share"),
        (0.3, None, -0.4, "is -0.1, expected a share"),
        (1.3, None, 0.1, "baseline of a proportion is 1.3"),
        (float("inf"), 1.0, 0.1, "baseline is inf"),
        (5.0, 0.0, 0.1, "standard deviation is 0"),
        (5.0, 1.0, 1e-7, "more than 10¹² units"),
    ],
)
def test_wrong_effects_are_said(baseline: float, sd: float | None, mde: float, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        size(Outcome(baseline, sd), mde, PROMISE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((0.5, 0.1), "cluster size is 0.5"), ((5, -0.1), "ICC is -0.1"), ((5, 1.1), "ICC is 1.1"),
     ((5, 0.1, -1), "variation of cluster sizes is -1"), ((5, float("nan")), "ICC is nan")],
)  # fmt: skip
def test_wrong_clusters_are_said(arguments: tuple[float, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Clusters(*arguments)


@pytest.mark.parametrize(("alpha", "power"), [(0, 0.8), (1, 0.8), (0.05, 1), (0.05, 0.04)])
def test_wrong_promises_are_said(alpha: float, power: float) -> None:
    with pytest.raises(ConfigurationError, match=r"alpha|power"):
        Promise(alpha, power)
