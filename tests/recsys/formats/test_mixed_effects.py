"""One person's posterior against quadrature."""

import numpy as np
import pytest
from scipy import integrate, special

from recsys.formats.mixed_effects import flattening, missed, residual_of, solve_groups


def _solve(
    trials: int, successes: int, variance: float, offset: float, looked: float = 1.0
) -> tuple[float, float]:
    one = np.ones((trials, 1))
    means, covariances = np.zeros((1, 1)), np.array([[[variance]]])
    success = (np.arange(trials) < successes).astype(float)
    solve_groups(
        np.array([0, trials]), np.zeros((trials, 1), np.int64), one, np.full(trials, offset),
        np.zeros(trials), np.full(trials, looked), success, np.array([[1 / variance]]),
        np.zeros((1, 1)), means, covariances, 30, np.empty(0), np.empty(0),
    )  # fmt: skip
    return float(means[0, 0]), float(covariances[0, 0, 0])


@pytest.mark.parametrize(
    ("trials", "successes", "looked"),
    [(20, 4, 1.0), (100, 30, 1.0), (8, 0, 1.0), (300, 9, 1.0), (40, 8, 0.5), (60, 20, 0.7)],
)
def test_one_effect_agrees_with_quadrature(trials: int, successes: int, looked: float) -> None:
    variance, offset = 0.5, -1.5

    def density(u: float) -> float:
        p = looked * special.expit(offset + u)
        log = successes * np.log(p) + (trials - successes) * np.log1p(-p) - u * u / (2 * variance)
        return float(np.exp(log + trials * 0.5))

    total, mean, square = (
        integrate.quad(lambda u, k=k: density(u) * u**k, -5, 5, epsabs=0)[0] for k in range(3)
    )
    mean, square = mean / total, square / total
    found, spread = _solve(trials, successes, variance, offset, looked)
    assert found == pytest.approx(mean, abs=0.05)
    assert np.sqrt(spread) == pytest.approx(np.sqrt(square - mean**2), rel=0.12)


def test_without_rows_the_prior_stays() -> None:
    assert _solve(0, 0, 0.7, 0.0) == pytest.approx((0.0, 0.7))


_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


def test_flattening_averages_the_logistic_curve() -> None:
    average = _WEIGHTS @ special.expit(-2 + 1.2 * _NODES) / _WEIGHTS.sum()
    assert special.expit(-2 * flattening(1.2**2)) == pytest.approx(average, abs=0.003)


@pytest.mark.parametrize("looked", [0.2, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("centre", [-2.0, 0.0, 1.0])
def test_the_slope_of_a_miss_is_averaged_over_what_is_uncertain(
    looked: float, centre: float
) -> None:
    p = special.expit(centre + 0.8 * _NODES)
    weights = _WEIGHTS / _WEIGHTS.sum()
    exact = weights @ (-looked * p * (1 - p) / (1 - looked * p))
    kappa = flattening(0.64)
    mean = float(special.expit(kappa * centre))
    assert residual_of(0.0, looked, mean, kappa) == pytest.approx(exact, abs=0.012)
    if looked < 1.0:
        assert missed(looked, mean, kappa) == pytest.approx(
            weights @ (p / (1 - looked * p)), rel=0.1
        )
