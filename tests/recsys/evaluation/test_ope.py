from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from recsys.evaluation.ope import Estimate, dr, dros, ips, snips, switch_dr

Float = npt.NDArray[np.float64]
Two = tuple[Float, Float]
Three = tuple[Float, Float, Float]

_REWARDS, _PROPENSITIES, _WANTED = [1.0, 0.0, 1.0], [0.5, 0.5, 0.25], [0.5, 1.0, 0.5]
"""Weights 1, 2, 2."""
_Q, _M = [0.5, 0.25, 0.5], [0.4, 0.3, 0.5]

_DOUBLY: tuple[Callable[..., Estimate], ...] = (dr, switch_dr, dros)


def test_ips_by_hand() -> None:
    found = ips(_REWARDS, _PROPENSITIES, _WANTED)
    assert found.value == pytest.approx((1 * 1 + 2 * 0 + 2 * 1) / 3)
    # Deviations 0, −1, 1: variance 1, over three actions.
    assert found.stderr == pytest.approx(np.sqrt(1 / 3))
    reach = stats.t.ppf(0.975, 2) * found.stderr  # deviations are symmetrical: no skew
    assert found.interval == pytest.approx((found.value - reach, found.value + reach))
    assert found.ess == pytest.approx((1 + 2 + 2) ** 2 / (1 + 4 + 4))
    assert (found.max_weight, found.clip_share) == (2.0, 0.0)
    assert found.verdict.startswith("refused: 2.8 effective actions")


def test_snips_by_hand() -> None:
    found = snips(_REWARDS, _PROPENSITIES, _WANTED)
    assert found.value == pytest.approx(3 / 5)
    # Without the first 2/4 is left, without the second 3/3, without the third 1/3.
    moved = np.array([2 / 4, 3 / 3, 1 / 3]) - 3 / 5
    assert found.stderr == pytest.approx(np.sqrt(2 / 3 * (moved**2).sum()))


def test_clipping_bounds_weights_and_says_how_many() -> None:
    found = ips(_REWARDS, _PROPENSITIES, _WANTED, clip=1.5)
    assert found.value == pytest.approx((1 + 0 + 1.5) / 3)
    assert found.max_weight == 1.5
    assert found.clip_share == pytest.approx(2 / 3)
    assert found.ess == pytest.approx(4**2 / (1 + 2 * 1.5**2))
    assert ips(_REWARDS, _PROPENSITIES, _WANTED, clip=2.0).clip_share == 0.0


def test_doubly_robust_by_hand() -> None:
    arguments = _REWARDS, _PROPENSITIES, _WANTED, _Q, _M
    corrections = [1 * 0.5, 2 * -0.25, 2 * 0.5]
    assert dr(*arguments).value == pytest.approx((sum(_M) + sum(corrections)) / 3)
    # √3 lies between 1 and 2: only the first is corrected.
    assert switch_dr(*arguments).value == pytest.approx((sum(_M) + corrections[0]) / 3)
    assert switch_dr(*arguments, threshold=2.0) == dr(*arguments)
    # λ = 2 leaves 2/3 of a weight of 1 and 1/3 of a weight of 2.
    shrunken = corrections[0] * 2 / 3 + (corrections[1] + corrections[2]) / 3
    assert dros(*arguments, shrinkage=2.0).value == pytest.approx((sum(_M) + shrunken) / 3)
    mild = corrections[0] / (1 + 1 / 300) + sum(corrections[1:]) / (1 + 4 / 300)
    assert dros(*arguments).value == pytest.approx((sum(_M) + mild) / 3)
    assert dros(*arguments, shrinkage=np.inf) == dr(*arguments)


def _slow(
    name: str, r: Float, p: Float, e: Float, q: Float, m: Float, clip: float | None,
    clusters: list[str],
) -> tuple[float, float]:  # fmt: skip
    """Value and standard error by leaving nothing to arrays: the log without each cluster."""
    n = len(r)
    w = [min(e[i] / p[i], clip or np.inf) for i in range(n)]
    if name == "dr":
        parts = [m[i] + w[i] * (r[i] - q[i]) for i in range(n)]
    else:
        parts = [w[i] * r[i] for i in range(n)]
    names = sorted(set(clusters))
    total = {g: sum(parts[i] for i in range(n) if clusters[i] == g) for g in names}
    weight = {g: sum(w[i] for i in range(n) if clusters[i] == g) for g in names}
    size = {g: clusters.count(g) for g in names}
    below = weight if name == "snips" else size
    value = sum(total.values()) / sum(below.values())
    without = [
        sum(total[h] for h in names if h != g) / sum(below[h] for h in names if h != g)
        for g in names
    ]
    squares = sum((each - value) ** 2 for each in without)
    return value, float(np.sqrt((len(names) - 1) / len(names) * squares))


@pytest.mark.parametrize("clip", [None, 3.0])
@pytest.mark.parametrize("name", ["ips", "snips", "dr"])
def test_a_slow_second_implementation_agrees(name: str, clip: float | None) -> None:
    rng = np.random.default_rng(4)
    n = 60
    r, q, m, p, e = rng.uniform(0.05, 1.0, (5, n))
    clusters = [f"e{i}" for i in rng.integers(0, 13, n)]
    predictions = (q, m) if name == "dr" else ()
    estimators: dict[str, Callable[..., Estimate]] = {"ips": ips, "snips": snips, "dr": dr}
    found = estimators[name](r, p, e, *predictions, clip=clip, clusters=clusters)
    assert (found.value, found.stderr) == pytest.approx(_slow(name, r, p, e, q, m, clip, clusters))
    low, high = found.interval
    assert high - low > 2 * stats.t.ppf(0.975, 12) * found.stderr  # 13 clusters, unequal ones


def _logged(rng: np.random.Generator, n: int) -> tuple[Three, Two, float]:
    """Log three actions by a known policy; the reward model is good, not right."""
    actions, rows = 3, np.arange(n)
    x = rng.normal(size=(n, actions))
    logging = np.exp(0.7 * x) / np.exp(0.7 * x).sum(axis=1, keepdims=True)
    wanted = np.full((n, actions), 0.1)
    wanted[rows, (-x).argmax(axis=1)] = 0.8
    chance = 1 / (1 + np.exp(0.5 - x - np.arange(actions) / 2))
    model = 0.7 * chance + 0.2
    taken = (logging.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    rewards = (rng.random(n) < chance[rows, taken]).astype(np.float64)
    return (
        (rewards, logging[rows, taken], wanted[rows, taken]),
        (model[rows, taken], (model * wanted).sum(axis=1)),
        float((chance * wanted).sum(axis=1).mean()),
    )


def test_values_are_unbiased_and_intervals_hold_the_truth() -> None:
    n_runs = 300
    truth = _logged(np.random.default_rng(0), 500_000)[2]
    errors: dict[str, list[float]] = {}
    held: dict[str, list[bool]] = {}
    for seed in range(n_runs):
        log, predictions, _ = _logged(np.random.default_rng(1 + seed), 1_000)
        for name, found in {
            "ips": ips(*log), "snips": snips(*log), "dr": dr(*log, *predictions),
            "switch_dr": switch_dr(*log, *predictions), "dros": dros(*log, *predictions),
        }.items():  # fmt: skip
            assert found.verdict == "ok"
            errors.setdefault(name, []).append(found.value - truth)
            held.setdefault(name, []).append(found.interval[0] <= truth <= found.interval[1])
    for name, error in errors.items():
        # 4 standard errors of the mean: false once in 16,000 runs.
        assert abs(np.mean(error)) < 4 * np.std(error) / np.sqrt(n_runs), name
        # 300 draws of 0.95 lie within ±0.035 but once in a hundred.
        assert np.mean(held[name]) == pytest.approx(0.95, abs=0.035), name
    assert np.std(errors["dr"]) < np.std(errors["ips"])


def test_clusters_that_resemble_each_other_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    truth, held, naive = 0.5, 0, 0
    for _ in range(200):
        person = np.repeat(rng.beta(1, 1, 40), 20)
        rewards = (rng.random(800) < person).astype(np.float64)
        arguments = rewards, np.full(800, 0.5), np.full(800, 0.5)
        labels = np.repeat(np.arange(40), 20)
        low, high = ips(*arguments, clusters=labels).interval
        held += low <= truth <= high
        low, high = ips(*arguments).interval
        naive += low <= truth <= high
    assert held / 200 == pytest.approx(0.95, abs=0.05)
    assert naive / 200 < 0.75


def test_the_logging_policy_is_worth_the_mean() -> None:
    rewards = np.arange(120.0)
    for estimate in (ips, snips):
        found = estimate(rewards, np.full(120, 0.3), np.full(120, 0.3))
        assert found.value == pytest.approx(rewards.mean())
        assert found.stderr == pytest.approx(stats.sem(rewards))
        assert found.ess == pytest.approx(120)
        assert found.verdict == "ok"


def test_too_little_is_refused_with_its_reason() -> None:
    for estimate in (ips, snips):
        found = estimate([], [], [])
        assert found.verdict == "refused: no logged actions"
        assert np.isnan([found.value, found.stderr, *found.interval]).all()
    for doubly in _DOUBLY:
        assert doubly([], [], [], [], []).verdict == "refused: no logged actions"
    n = 500
    half = np.full(n, 0.5)
    never = snips(np.ones(n), half, np.zeros(n))
    assert np.isnan([never.value, never.stderr, *never.interval]).all()
    assert (never.ess, never.max_weight) == (0.0, 0.0)
    assert never.verdict.startswith("refused: no overlap")
    assert ips(np.ones(n), half, np.zeros(n)).value == 0.0
    one = ips(np.ones(n), half, half, clusters=["a"] * n)
    assert np.isnan(one.stderr)
    assert one.verdict.startswith("refused: all actions are of one cluster")
    three = snips(np.arange(n), half, half, clusters=np.arange(n) % 3)
    assert three.verdict.startswith("refused: 3.0 effective clusters carry the estimate")
    assert snips(np.arange(n), half, half, clusters=np.arange(n) % 4).verdict == "ok"
    rare = np.full(n, 1e-4)
    rare[0] = 1.0
    assert ips(np.ones(n), np.full(n, 0.5), rare).verdict.startswith("refused: 1.1 effective")


def test_a_deterministic_log_is_refused_for_its_own_reason() -> None:
    rewards, certain = np.arange(500.0) % 2, np.ones(500)
    for wanted in (certain, np.full(500, 0.3), np.zeros(500)):
        for estimate in (ips, snips):
            assert estimate(rewards, certain, wanted).verdict.startswith("refused: a determin")
        for doubly in _DOUBLY:
            found = doubly(rewards, certain, wanted, rewards * 0 + 0.5, rewards * 0 + 0.5)
            assert found.verdict.startswith("refused: a deterministic log")
    partly = np.where(np.arange(500) % 5 > 0, 1.0, 0.5)
    assert ips(rewards, partly, partly).verdict == "ok"


def test_a_bootstrap_over_clusters_may_be_drawn_instead() -> None:
    log, predictions, _ = _logged(np.random.default_rng(3), 2_000)
    people = np.random.default_rng(5).integers(0, 150, 2_000)
    cases: list[tuple[Callable[..., Estimate], tuple[Float, ...]]] = [
        (ips, ()), (snips, ()), (dr, predictions), (dros, predictions),
    ]  # fmt: skip
    for estimate, more in cases:
        plain = estimate(*log, *more, clusters=people)
        drawn = estimate(*log, *more, clusters=people, bootstrap=np.random.default_rng(0))
        assert (drawn.value, drawn.stderr) == (plain.value, plain.stderr)
        assert drawn.interval != plain.interval
        assert drawn.interval == pytest.approx(plain.interval, abs=0.4 * plain.stderr)
        again = estimate(*log, *more, clusters=people, bootstrap=np.random.default_rng(0))
        assert again == drawn


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"propensities": [0.5, 0.0, 0.5]}, r"propensities\[1\] is 0.0; expected in \(0, 1\]"),
        ({"propensities": [0.5, 1.2, 0.5]}, r"propensities\[1\] is 1.2"),
        ({"propensities": [0.5, 0.5]}, r"propensities have shape \(2,\); expected shape \(3,\)"),
        ({"evaluation_probabilities": [0.1, 0.1, -0.1]}, r"\[2\] is -0.1; expected in \[0, 1\]"),
        ({"rewards": [0.0, np.nan, 1.0]}, r"rewards\[1\] is nan; expected finite"),
        ({"rewards": [[0.0, 1.0]]}, r"rewards have shape \(1, 2\); expected one dimension"),
        ({"clip": 0.0}, "clip is 0.0; expected a number above 0"),
        ({"clip": np.nan}, "clip is nan"),
        ({"clusters": ["a", "b"]}, r"clusters have shape \(2,\)"),
        ({"clusters": ["a", None, "b"]}, r"clusters\[1\] is missing"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(changed: dict[str, Any], said: str) -> None:
    good: dict[str, Any] = {
        "rewards": _REWARDS, "propensities": _PROPENSITIES, "evaluation_probabilities": _WANTED,
    }  # fmt: skip
    for estimate in (ips, snips):
        with pytest.raises(ValueError, match=said):
            estimate(**(good | changed))
    with pytest.raises(ValueError, match=said):
        dr(**(good | {"logged_predictions": _Q, "evaluation_predictions": _M} | changed))


def test_predictions_and_their_own_parameters_are_checked() -> None:
    for doubly in _DOUBLY:
        with pytest.raises(ValueError, match="logged_predictions have shape"):
            doubly(_REWARDS, _PROPENSITIES, _WANTED, [0.5], _M)
        with pytest.raises(ValueError, match=r"evaluation_predictions\[2\] is inf"):
            doubly(_REWARDS, _PROPENSITIES, _WANTED, _Q, [0.1, 0.1, np.inf])
    with pytest.raises(ValueError, match="threshold is -1"):
        switch_dr(_REWARDS, _PROPENSITIES, _WANTED, _Q, _M, threshold=-1)
    with pytest.raises(ValueError, match="shrinkage is 0"):
        dros(_REWARDS, _PROPENSITIES, _WANTED, _Q, _M, shrinkage=0)


_SOME = st.integers(2, 30)


@given(_SOME.flatmap(lambda n: hnp.arrays(np.float64, (5, n), elements=st.floats(0.01, 1.0))))
def test_order_labels_and_range(values: Float) -> None:
    r, p, e, q, m = values
    n = len(r)
    for found, again in (
        (ips(r, p, e), ips(r[::-1], p[::-1], e[::-1], clusters=[f"x{i}" for i in range(n)])),
        (snips(r, p, e), snips(r[::-1], p[::-1], e[::-1], clusters=np.arange(n) * 7)),
        (dr(r, p, e, q, m), dr(*(part[::-1] for part in values))),
        (ips(r, p, e), dr(r, p, e, np.zeros(n), np.zeros(n))),
    ):
        for left, right in zip(astuple(found)[:5], astuple(again)[:5], strict=True):
            assert left == pytest.approx(right, abs=1e-9)
    assert r.min() - 1e-9 <= snips(r, p, e).value <= r.max() + 1e-9
    assert 1 - 1e-9 <= ips(r, p, e).ess <= n + 1e-9
