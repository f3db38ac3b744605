"""What the company does, against scikit-learn and by hand."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from recsys.devices import DEVICES
from recsys.schema import FORMATS
from recsys.segments.expectation import MOBILE, N_COLUMNS, POSITION, SHORT, fit_expectation

if TYPE_CHECKING:
    from tests.recsys.segments.conftest import Planted


def test_coefficients_are_those_of_ridge_regression(planted: "Planted") -> None:
    shown = planted.showings.take(slice(0, 8_000))
    rng = np.random.default_rng(0)
    mobile = DEVICES.index("mobile")
    shown = replace(shown, device=np.where(rng.random(8_000) < 0.4, mobile, -1).astype(np.int8))
    found = fit_expectation(shown, planted.seconds)
    seconds = planted.seconds[shown.content, shown.form]
    short = (found.log_length_mean - np.log(seconds)) / found.log_length_spread
    on_mobile = shown.device == mobile
    bucket = np.digitize(shown.position, [2, 3, 4, 6, 10])
    columns = np.column_stack(
        [
            np.eye(len(FORMATS))[shown.form], short, on_mobile, on_mobile * short, np.zeros(8_000),
            np.eye(6)[bucket][:, 1:],
        ]
    )  # fmt: skip
    oracle = LogisticRegression(C=1.0, tol=1e-8, max_iter=1_000)  # one half of the squared norm
    for place, (rows, success) in enumerate(
        [(shown.is_impression, shown.opened), (shown.opened, shown.completed)]
    ):
        oracle.fit(columns[rows], success[rows])
        np.testing.assert_allclose(found.coefficients[place, 0], oracle.intercept_, atol=0.01)
        np.testing.assert_allclose(found.coefficients[place, 1:], oracle.coef_[0], atol=0.01)


def test_further_down_less_is_expected(planted: "Planted") -> None:
    by_position = fit_expectation(planted.showings, planted.seconds).coefficients[0, POSITION:]
    assert (np.diff(by_position) < 0.05).all()
    assert by_position[-1] < -0.5


def test_shortness_is_in_standard_deviations_and_0_where_unknown(planted: "Planted") -> None:
    found = fit_expectation(planted.showings, planted.seconds)
    usual = np.exp(found.log_length_mean)
    asked = np.array([usual, usual * np.exp(found.log_length_spread), 0.0, np.nan])
    np.testing.assert_allclose(found.shortness(asked), [0.0, -1.0, 0.0, 0.0], atol=1e-12)


def test_without_lengths_or_openings_nothing_breaks(planted: "Planted") -> None:
    shown = planted.showings.take(slice(0, 500))
    never = np.zeros(500, np.bool_)
    found = fit_expectation(
        replace(shown, opened=never, completed=never, deep=never), np.zeros_like(planted.seconds)
    )
    assert found.coefficients.shape == (2, N_COLUMNS)
    assert np.isfinite(found.coefficients).all()
    assert found.coefficients[1] == pytest.approx(0)
    assert found.coefficients[:, [SHORT, MOBILE]] == pytest.approx(0)
    nothing = fit_expectation(shown.take(slice(0, 0)), planted.seconds)
    assert np.isfinite(nothing.coefficients).all()
