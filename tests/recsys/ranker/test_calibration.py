"""Calibration: worked numbers, scikit-learn beside it, known truths, and what must never happen."""

import itertools
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from recsys.errors import ConfigurationError
from recsys.ranker.calibration import (
    MIN_CASES,
    Calibration,
    expected_calibration_error,
    fit_calibration,
)

Floats = npt.NDArray[np.float64]

KEPT = 0.2
"""Share of the negatives that are sampled in simulated rows."""

TRUTHS: dict[str, Callable[[Floats], Floats]] = {
    "logistic": lambda s: expit(-4 + 1.2 * s),
    "ceiling": lambda s: 0.002 + 0.35 * expit(3 * (s - 1.2)),
    "kink": lambda s: expit(-5 + 0.3 * s + 2.5 * np.maximum(s - 0.8, 0)),
}


def simulated(
    truth: Callable[[Floats], Floats], n_rows: int, seed: int
) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Return scores, labels and weights of rows whose negatives were sampled."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=n_rows)
    labels = rng.random(n_rows) < truth(scores)
    kept = labels | (rng.random(n_rows) < KEPT)
    kept[0] = True  # never no rows
    weights = np.where(labels, 1.0, 1 / KEPT)
    return scores[kept], labels[kept], weights[kept]


def ones(n_rows: int) -> Floats:
    return np.ones(n_rows)


# --- the map ---------------------------------------------------------------------------------


def test_probability_worked_by_hand() -> None:
    calibration = Calibration(np.array([0.0, 2.0, 3.0]), np.array([-2.0, -1.0, 1.0]))
    # Between knots log-odds are straight; beyond, u more on the same line become u / (1 + u).
    scores = np.array([0.0, 1.0, 2.0, 2.5, 3.0, 4.0, -2.0, np.inf, -np.inf])
    log_odds = [-2.0, -1.5, -1.0, 0.0, 1.0, 1 + 2 / 3, -2 - 1 / 2, 2.0, -3.0]
    np.testing.assert_allclose(calibration.probability(scores), expit(log_odds), rtol=1e-14)


def test_probability_keeps_shape_and_nan() -> None:
    calibration = Calibration(np.array([0.0, 1.0]), np.array([-1.0, 1.0]))
    probabilities = calibration.probability([[np.nan, 0.5], [0.0, 1.0]])
    np.testing.assert_allclose(probabilities, [[np.nan, 0.5], expit([-1.0, 1.0])])


def test_saved_knots_give_the_same_probabilities() -> None:
    calibration = fit_calibration(*simulated(TRUTHS["kink"], 20_000, seed=0))
    arrays = calibration.arrays()
    assert {a.dtype for a in arrays.values()} == {np.dtype(np.float64)}
    assert 2 < len(arrays["scores"]) <= 64
    scores = np.linspace(-9, 9, 1_000)
    again = Calibration.from_arrays(arrays).probability(scores)
    np.testing.assert_array_equal(again, calibration.probability(scores))


# --- fitting: few rows ------------------------------------------------------------------------


def test_all_scores_equal_get_the_smoothed_share() -> None:
    # Platt's targets for 1 positive, 3 negatives: 2/3 and 1/5; their mean is 19/60.
    calibration = fit_calibration(np.full(4, 7.0), [1, 0, 0, 0], ones(4))
    np.testing.assert_allclose(calibration.probability([7.0]), 19 / 60)
    assert np.diff(calibration.probability([6.9, 7.0, 7.1])).min() > 0


@pytest.mark.parametrize(("label", "expected"), [(0, 1 / 3), (1, 2 / 3)])
def test_one_row(label: int, expected: float) -> None:
    calibration = fit_calibration(np.array([-3.0]), [label], np.array([9.0]))
    np.testing.assert_allclose(calibration.probability([-3.0]), expected)


@pytest.mark.parametrize("label", [0, 1])
def test_all_labels_equal(label: int) -> None:
    scores = np.linspace(0, 1, 50)
    probabilities = fit_calibration(scores, np.full(50, label), ones(50)).probability(scores)
    assert np.diff(probabilities).min() > 0
    # Laplace's rule: 1/52 or 51/52, and next to no slope.
    np.testing.assert_allclose(probabilities, (1 + 50 * label) / 52, atol=0.001)


def test_few_rows_get_the_logistic_fit_of_scikit_learn() -> None:
    scores, labels, weights = simulated(TRUTHS["logistic"], 1_000, seed=3)
    n_positive, n_negative = labels.sum(), (~labels).sum()
    assert min(n_positive, n_negative) < MIN_CASES
    target = np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    # A target t is a positive of weight t and a negative of weight 1 − t.
    oracle = LogisticRegression(C=1e12, tol=1e-10).fit(
        np.tile(scores, 2)[:, None],
        np.repeat([1, 0], len(scores)),
        sample_weight=np.concatenate([weights * target, weights * (1 - target)]),
    )
    calibration = fit_calibration(scores, labels, weights)
    assert len(calibration.scores) == 2
    expected = oracle.predict_proba(scores[:, None])[:, 1]
    np.testing.assert_allclose(calibration.probability(scores), expected, rtol=1e-4)


def test_scores_in_the_wrong_order_get_an_all_but_flat_map() -> None:
    scores = np.linspace(-1, 1, 2_000)
    labels = scores < np.random.default_rng(0).normal(size=2_000)
    for n_rows in (80, 2_000):  # line, knots
        rows = slice(None, None, 2_000 // n_rows)
        calibration = fit_calibration(scores[rows], labels[rows], ones(n_rows))
        probabilities = calibration.probability(scores)
        assert np.diff(probabilities).min() > 0
        assert np.ptp(probabilities) < 0.02
        assert probabilities.mean() == pytest.approx(labels[rows].mean(), abs=0.02)


# --- fitting: many rows -----------------------------------------------------------------------


def test_knots_are_the_centres_of_isotonic_pools() -> None:
    # 3 scores of 400 rows each, shares 1/4, 1/8 and 3/4: the first two are pooled at their mean.
    scores = np.repeat([0.0, 1.0, 4.0], 400)
    labels = np.concatenate([np.arange(400) < n for n in (100, 50, 300)])
    calibration = fit_calibration(scores, labels, ones(1_200))
    # Each score is a bin, with one more row at the overall share 450 / 1200.
    pooled = (150 + 2 * 450 / 1_200) / 802
    top = (300 + 450 / 1_200) / 401
    np.testing.assert_allclose(calibration.probability([0.5, 4.0]), [pooled, top], rtol=1e-12)
    assert calibration.probability([0.0])[0] < pooled < calibration.probability([1.0])[0]


def test_many_rows_stay_close_to_isotonic_regression_of_scikit_learn() -> None:
    scores, labels, weights = simulated(TRUTHS["ceiling"], 100_000, seed=1)
    oracle = IsotonicRegression(out_of_bounds="clip").fit(scores, labels, sample_weight=weights)
    middle = np.quantile(scores, np.linspace(0.02, 0.98, 200))
    difference = fit_calibration(scores, labels, weights).probability(middle)
    difference -= oracle.predict(middle)
    assert np.abs(difference).mean() < 0.004  # measured 0.0026; probabilities go up to 0.35
    assert abs(difference.mean()) < 0.001


@pytest.mark.parametrize("truth", TRUTHS)
def test_known_probabilities_are_recovered_from_sampled_rows(truth: str) -> None:
    calibration = fit_calibration(*simulated(TRUTHS[truth], 60_000, seed=2))
    scores = np.random.default_rng(9).normal(size=20_000)
    known, found = TRUTHS[truth](scores), calibration.probability(scores)
    assert np.abs(found - known).mean() < 0.1 * known.mean()
    assert found.mean() == pytest.approx(known.mean(), rel=0.05)
    # The top of the list is where probabilities are used.
    top = scores > np.quantile(scores, 0.98)
    assert found[top].mean() == pytest.approx(known[top].mean(), rel=0.1)


def test_without_weights_sampled_negatives_would_mislead() -> None:
    scores, labels, weights = simulated(TRUTHS["logistic"], 60_000, seed=2)
    weighted = fit_calibration(scores, labels, weights).probability(scores)
    plain = fit_calibration(scores, labels, ones(len(scores))).probability(scores)
    assert expected_calibration_error(weighted, labels, weights).error < 0.002
    assert expected_calibration_error(plain, labels, weights).error > 0.05


def test_calibration_beats_the_line_where_the_line_is_wrong() -> None:
    scores, labels, weights = simulated(TRUTHS["kink"], 60_000, seed=4)
    knots = fit_calibration(scores, labels, weights)
    oracle = LogisticRegression(C=1e12).fit(scores[:, None], labels, sample_weight=weights)
    fresh, fresh_labels, fresh_weights = simulated(TRUTHS["kink"], 60_000, seed=5)
    line = oracle.predict_proba(fresh[:, None])[:, 1]
    error = expected_calibration_error(knots.probability(fresh), fresh_labels, fresh_weights).error
    assert error < 0.003 < expected_calibration_error(line, fresh_labels, fresh_weights).error


def test_order_of_rows_and_scale_of_weights_do_not_matter() -> None:
    scores, labels, weights = simulated(TRUTHS["ceiling"], 5_000, seed=6)
    shuffled = np.random.default_rng(0).permutation(len(scores))
    first = fit_calibration(scores, labels, weights)
    second = fit_calibration(
        scores[shuffled], labels[shuffled].astype(int), 1e6 * weights[shuffled]
    )
    np.testing.assert_allclose(second.probability(scores), first.probability(scores), rtol=1e-6)


def test_rows_of_weight_zero_do_not_count() -> None:
    scores, labels, weights = simulated(TRUTHS["ceiling"], 5_000, seed=6)
    more = fit_calibration(
        np.append(scores, 1e9), np.append(labels, True), np.append(weights, 0.0)
    )  # fmt: skip
    np.testing.assert_array_equal(more.scores, fit_calibration(scores, labels, weights).scores)


# --- what must never happen -------------------------------------------------------------------

AWKWARD_SCORES = st.one_of(
    st.floats(-5, 5),
    st.floats(allow_nan=False),
    st.sampled_from([0.0, 1.0, np.inf, -np.inf, 1e300, -1e300, 5e-324, 1 + 2**-52]),
)
ROWS = st.lists(
    st.tuples(AWKWARD_SCORES, st.booleans(), st.floats(0.01, 100)), min_size=1, max_size=30
)


@settings(max_examples=80, deadline=None)
@given(rows=ROWS, repeats=st.sampled_from([1, 40]), asked=st.lists(AWKWARD_SCORES, max_size=50))
def test_order_is_never_changed(
    rows: list[tuple[float, bool, float]], repeats: int, asked: list[float]
) -> None:
    scores, labels, weights = (np.repeat(column, repeats) for column in zip(*rows, strict=True))
    calibration = fit_calibration(scores, labels, weights)
    assert 2 <= len(calibration.scores) <= 64
    assert np.diff(calibration.scores).min() > 0
    assert np.diff(calibration.log_odds).min() > 0
    around = np.concatenate([calibration.scores, np.nextafter(calibration.scores, np.inf)])
    everywhere = np.sort(np.concatenate([np.array(asked, float), scores, around]))
    probabilities = calibration.probability(everywhere)
    assert probabilities.min() > 0
    assert probabilities.max() < 1
    assert np.diff(probabilities).min() >= 0


def test_pools_that_are_all_but_equal_do_not_tie() -> None:
    # 5 scores of 400 rows, 100 positives each and one more in the third.
    scores = np.repeat(np.arange(5.0), 400)
    labels = np.concatenate([np.arange(400) < n for n in (100, 100, 101, 101, 101)])
    asked = np.linspace(-1, 5, 10_001)
    log_odds = logit(fit_calibration(scores, labels, ones(2_000)).probability(asked))
    assert (np.diff(log_odds) / np.diff(asked))[2_000:-2_000].min() > 0.99 * 0.01 / scores.std()


def test_rounding_does_not_change_the_order_around_knots() -> None:
    rng = np.random.default_rng(0)
    for _ in range(1_000):
        # Few knots: rounding shows where a piece rises by more than the log-odds at its end.
        knots, log_odds = np.sort(rng.normal(size=(2, 3)) * [[3.0], [8.0]])
        below, above = np.nextafter(knots, -np.inf), np.nextafter(knots, np.inf)
        calibration = Calibration(knots, log_odds)
        steps = [calibration.probability(scores) for scores in (below, knots, above)]
        assert np.diff(steps, axis=0).min() >= 0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.sampled_from([20, 300, 5_000]),
    truth=st.sampled_from(sorted(TRUTHS)),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_scores_that_differ_get_probabilities_that_differ(
    seed: int, n_rows: int, truth: str, scale: float
) -> None:
    scores, labels, weights = simulated(TRUTHS[truth], n_rows, seed)
    calibration = fit_calibration(scale * scores, labels, weights)
    apart = scale * np.linspace(-8, 8, 20_001)
    assert np.diff(calibration.probability(apart)).min() > 0


def test_separated_labels_stay_off_zero_and_one() -> None:
    for n_rows in (20, 2_000):
        scores = np.linspace(-1, 1, n_rows)
        probabilities = fit_calibration(scores, scores > 0, ones(n_rows)).probability(scores)
        assert 0 < probabilities[0] < 0.1
        assert 0.9 < probabilities[-1] < 1


def test_a_score_far_from_all_others_stays_off_zero_and_one() -> None:
    scores, labels, weights = simulated(TRUTHS["logistic"], 1_000, seed=3)
    scores[0] = 1e6
    probabilities = fit_calibration(scores, labels, weights).probability(np.sort(scores))
    assert probabilities[0] > 0
    assert probabilities[-1] < 1


def test_infinite_scores_count_as_the_outermost_finite_ones() -> None:
    scores, labels, weights = simulated(TRUTHS["ceiling"], 5_000, seed=6)
    infinite = scores.copy()
    infinite[scores == scores.max()] = np.inf
    infinite[scores == scores.min()] = -np.inf
    replaced = np.clip(scores, np.sort(scores)[1], np.sort(scores)[-2])
    found, expected = (fit_calibration(s, labels, weights) for s in (infinite, replaced))
    np.testing.assert_array_equal(found.scores, expected.scores)
    all_infinite = fit_calibration(np.array([-np.inf, np.inf]), [0, 1], ones(2))
    assert np.diff(all_infinite.probability([-np.inf, 0.0, np.inf])).min() > 0


@pytest.mark.parametrize(
    ("scores", "labels", "weights", "what"),
    [
        ([0.0, np.nan], [0, 1], [1.0, 1.0], "1 of 2 rows have scores that are NaN.* row 1"),
        ([0.0, 1.0], [0, 2], [1.0, 1.0], "labels other than 0 and 1"),
        ([0.0, 1.0], [np.nan, 1], [1.0, 1.0], "labels other than 0 and 1"),
        ([0.0, 1.0], [0, 1], [-1.0, 1.0], "weights that are negative or not finite.* row 0"),
        ([0.0, 1.0], [0, 1], [np.nan, 1.0], "weights that are negative or not finite"),
        ([0.0, 1.0], [0, 1], [np.inf, 1.0], "weights that are negative or not finite"),
        ([0.0, 1.0], [0, 1], [0.0, 0.0], "none of 2 rows has a weight above 0"),
        ([], [], [], "none of 0 rows"),
        ([0.0, 1.0], [0], [1.0, 1.0], "2 scores, 1 labels and 2 weights"),
    ],
)
def test_rows_without_meaning_are_refused(
    scores: list[float], labels: list[float], weights: list[float], what: str
) -> None:
    for function in (fit_calibration, expected_calibration_error):
        with pytest.raises(ConfigurationError, match=what):
            function(np.array(scores), np.array(labels), np.array(weights))


# --- calibration error ------------------------------------------------------------------------


def test_calibration_error_worked_by_hand() -> None:
    probabilities = np.array([0.9, 0.1, 0.3, 0.5])
    labels = np.array([True, False, True, False])
    # Two bins of half the weight (3 of 6 each): {0.1 (weight 2), 0.3 (1)} and {0.5 (1), 0.9 (2)}.
    reliability = expected_calibration_error(probabilities, labels, np.array([2.0, 2, 1, 1]), 2)
    np.testing.assert_allclose(reliability.predicted_share, [0.5 / 3, 2.3 / 3])
    np.testing.assert_allclose(reliability.observed_share, [1 / 3, 2 / 3])
    np.testing.assert_allclose(reliability.weight_share, [0.5, 0.5])
    assert reliability.error == pytest.approx(0.5 * (0.5 / 3) + 0.5 * (0.3 / 3))


def test_a_weight_counts_as_that_many_rows() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random(400)
    labels = rng.random(400) < probabilities**2
    weights = rng.integers(1, 6, 400)
    repeated = expected_calibration_error(
        np.repeat(probabilities, weights), np.repeat(labels, weights), ones(weights.sum())
    )
    weighted = expected_calibration_error(probabilities, labels, weights.astype(float))
    assert weighted.error == pytest.approx(repeated.error, rel=1e-12)


def test_bins_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.random(3_000)
    labels = rng.random(3_000) < probabilities
    observed, predicted = calibration_curve(labels, probabilities, n_bins=15, strategy="quantile")
    reliability = expected_calibration_error(probabilities, labels, ones(3_000))
    # scikit-learn interpolates its quantiles: one row may fall on the other side of an edge.
    np.testing.assert_allclose(reliability.predicted_share, predicted, atol=0.002)
    np.testing.assert_allclose(reliability.observed_share, observed, atol=0.006)


def test_equal_probabilities_share_a_bin() -> None:
    probabilities = np.array([0.2] * 90 + [0.8] * 10)
    labels = np.array([1, 0, 0, 0, 0] * 18 + [1] * 10)
    for order in (slice(None), slice(None, None, -1)):
        reliability = expected_calibration_error(probabilities[order], labels[order], ones(100))
        np.testing.assert_allclose(reliability.observed_share, [0.2, 1.0])
        assert reliability.error == pytest.approx(0.1 * 0.2)


def test_the_truth_scores_only_its_sampling_error() -> None:
    rng = np.random.default_rng(2)
    known = np.full(150_000, 0.1) + rng.uniform(-1e-6, 1e-6, 150_000)
    reliability = expected_calibration_error(known, rng.random(150_000) < known, ones(150_000))
    by_chance = np.sqrt(2 * 15 * 0.1 * 0.9 / (np.pi * 150_000))
    assert reliability.error == pytest.approx(by_chance, rel=0.5)
    assert len(reliability.weight_share) == 15
    half = expected_calibration_error(known / 2, rng.random(150_000) < known, ones(150_000))
    assert half.error == pytest.approx(0.05, abs=0.003)


def test_fits_raise_no_warnings_at_any_size() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n_rows, label in itertools.product((1, 2, 3, 10, 1_000), (0, 1)):
            labels = np.full(n_rows, label)
            labels[0] = 0
            calibration = fit_calibration(np.arange(n_rows, dtype=float), labels, ones(n_rows))
            assert np.isfinite(logit(calibration.probability([-1e9, 0.0, 1e9]))).all()
