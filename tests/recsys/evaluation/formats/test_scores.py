import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import brier_score_loss, log_loss

from recsys.evaluation.formats.predictions import MODELS, Predictions
from recsys.evaluation.formats.scores import calibration, calibration_error, score_predictions

Float = npt.NDArray[np.float64]


def _predictions(n: int, n_employees: int, seed: int = 0) -> Predictions:
    """The first model says the truth, the others half of it and ever less."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.05, 0.95, n)
    p = truth[:, None] * np.linspace(1.0, 0.5, len(MODELS)) ** np.arange(len(MODELS))
    employee = rng.integers(0, n_employees, n).astype(np.int32)
    return Predictions(p, rng.random(n) < truth, employee, rng.integers(0, 200, n))


def test_scores_are_those_of_another_implementation() -> None:
    given_, rng = _predictions(3_000, 50), np.random.default_rng(0)
    scores = score_predictions(given_, rng)
    late = given_.n_before >= 120
    parts = dict(scores.slices)
    for found, rows in (
        (scores.overall, np.ones(3_000, np.bool_)),
        (parts["≥ 120 showings before"], late),
        (parts["< 10 showings before"], given_.n_before < 10),
    ):
        assert found is not None
        assert found.n_showings == rows.sum()
        for model in range(len(MODELS)):
            p, y = given_.p[rows, model], given_.completed[rows]
            assert found.log_loss[model] == pytest.approx(log_loss(y, p))
            assert found.brier[model] == pytest.approx(brier_score_loss(y, p))
        best = 1 + found.log_loss[1:].argmin()
        assert found.best_baseline == MODELS[best]
        difference = found.log_loss[0] - found.log_loss[best]
        assert found.difference.value[0] == pytest.approx(difference)
        assert found.difference.low[0] < difference < found.difference.high[0]


def test_few_people_are_not_shown() -> None:
    many = _predictions(400, 50)
    few = many.n_before < 10
    employee = np.where(few, many.employee % 9, many.employee).astype(np.int32)
    given_ = Predictions(many.p, many.completed, employee, many.n_before)
    parts = dict(score_predictions(given_, np.random.default_rng(0)).slices)
    assert parts["< 10 showings before"] is None
    assert parts["≥ 30 showings before"] is not None
    nobody = score_predictions(_predictions(0, 1), np.random.default_rng(0))
    assert nobody.overall is None
    assert nobody.bins == ()


def test_the_calibration_error_by_hand() -> None:
    """Ten bins of two: the lowest expects 0.1 and sees 0.5, the highest expects 0.9 and sees 1."""
    p = np.repeat([0.1, 0.9], 10)
    completed = np.tile([False, True], 5).tolist() + [True] * 10
    assert calibration_error(p, np.array(completed)) == pytest.approx((0.4 + 0.1) / 2)
    assert np.isnan(calibration_error(np.zeros(0), np.zeros(0, np.bool_)))


def test_bins_are_of_equal_count_and_cover_the_truth() -> None:
    bins = calibration(_predictions(5_003, 60))
    assert [b.n for b in bins] == [501] * 3 + [500] * 7
    assert np.all(np.diff([b.expected for b in bins]) > 0)
    # At 95 % each, fewer than 8 of 10 happens once in a hundred.
    assert sum(b.is_covered for b in bins) >= 8
    wrong = _predictions(5_003, 60)
    bins = calibration(Predictions(wrong.p * 0.7, wrong.completed, wrong.employee, wrong.n_before))
    assert sum(b.is_covered for b in bins) <= 2


def test_clusters_of_like_showings_are_no_news() -> None:
    """One employee's showings that all end alike are one observation, not a hundred."""
    employee = np.repeat(np.arange(20, dtype=np.int32), 100)
    completed = np.repeat(np.arange(20) % 2 == 0, 100)
    completed[:200] = True  # 11 of 20 people complete everything
    p = np.full((2_000, len(MODELS)), 0.5)
    p += np.random.default_rng(0).normal(0, 1e-3, p.shape)  # people spread over all bins
    bins = calibration(Predictions(p, completed, employee, np.zeros(2_000, np.int64)))
    assert all(b.is_covered for b in bins)


def test_few_completions_by_chance_are_covered() -> None:
    """Of 200 showings in a bin 3 should be completed and none is: that happens once in twenty."""
    p = np.full((2_000, len(MODELS)), 0.015)
    nothing = np.zeros(2_000, np.bool_)
    employee = np.arange(2_000, dtype=np.int32)
    bins = calibration(Predictions(p, nothing, employee, np.zeros(2_000, np.int64)))
    assert all(b.is_covered for b in bins)


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(0.001, 0.999)))
def test_the_error_is_a_share_and_at_least_the_whole_gap(p: Float) -> None:
    completed = np.random.default_rng(len(p)).random(len(p)) < 0.5
    found = calibration_error(p, completed)
    assert abs(p.mean() - completed.mean()) - 1e-12 <= found <= 1.0
