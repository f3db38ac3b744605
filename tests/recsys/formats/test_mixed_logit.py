"""The format model against quadrature, and on planted worlds."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import integrate, special

from recsys.formats.design import FIRST_INTEREST, FIRST_TASTE, Stories, design
from recsys.formats.mixed_effects import flattening, solve_effects
from recsys.formats.mixed_logit import MixedLogit, fit_mixed_logit
from recsys.schema import FORMATS
from recsys.state.showings import CIRCUMSTANCES, Showings

Float = npt.NDArray[np.float64]

_N_FORMATS = len(FORMATS)
_IN_USE = 3


def _solve(trials: float, successes: float, variance: float, offset: float) -> tuple[float, float]:
    mean, covariance = np.zeros(1), np.array([[variance]])
    one, place = np.ones((1, 1)), np.zeros((1, 1), np.int64)
    solve_effects(
        place, one, np.array([offset]), np.zeros(1), np.array([trials]), np.array([successes]),
        np.array([[1 / variance]]), mean, covariance, 30,
    )  # fmt: skip
    return float(mean[0]), float(covariance[0, 0])


@pytest.mark.parametrize(("trials", "successes"), [(20, 4), (100, 30), (8, 0), (300, 9)])
def test_one_effect_agrees_with_quadrature(trials: int, successes: int) -> None:
    variance, offset = 0.5, -1.5

    def density(u: float) -> float:
        p = special.expit(offset + u)
        log = successes * np.log(p) + (trials - successes) * np.log1p(-p) - u * u / (2 * variance)
        return float(np.exp(log + trials * 0.5))

    total, mean, square = (
        integrate.quad(lambda u, k=k: density(u) * u**k, -5, 5, epsabs=0)[0] for k in range(3)
    )
    mean, square = mean / total, square / total
    found, spread = _solve(trials, successes, variance, offset)
    assert found == pytest.approx(mean, abs=0.04)
    assert np.sqrt(spread) == pytest.approx(np.sqrt(square - mean**2), rel=0.12)


def test_without_showings_the_prior_stays() -> None:
    assert _solve(0, 0, 0.7, 0.0) == pytest.approx((0.0, 0.7))


def test_flattening_averages_the_logistic_curve() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    average = weights @ special.expit(-2 + 1.2 * nodes) / weights.sum()
    assert special.expit(-2 * flattening(1.2**2)) == pytest.approx(average, abs=0.003)


def _world(taste: float, ease: float, seed: int) -> tuple[MixedLogit, int]:
    """Fit on 200 people shown 60 of 80 contents each; topics lean to their own format."""
    rng = np.random.default_rng(seed)
    n_people, n_contents, n_topics = 200, 80, 3
    topic = rng.integers(0, n_topics, n_contents)
    employee = np.repeat(np.arange(n_people), 60)
    content = rng.integers(0, n_contents, len(employee))
    leans = rng.random(len(employee)) < 0.6
    form = np.where(leans, topic[content], rng.integers(0, _IN_USE, len(employee)))
    position = rng.integers(1, 10, len(employee))
    likes = taste * rng.standard_normal((n_people, _IN_USE))
    logit = -0.5 - 0.5 * np.log(position) + likes[employee, form]
    logit += ease * np.array([-1.0, 0.0, 1.0])[topic[content]]
    circumstances = np.zeros((len(employee), len(CIRCUMSTANCES)))
    circumstances[:, 0] = np.log(position)
    showings = Showings(
        employee, content, form, np.arange(len(employee)), np.ones(len(employee), np.int64),
        rng.random(len(employee)) < special.expit(logit), circumstances,
    )  # fmt: skip
    topics = np.column_stack([topic, np.zeros((n_contents, 2), np.int64)])
    weights = np.column_stack([np.ones(n_contents), np.zeros((n_contents, 2))])
    length = np.zeros((n_contents, _N_FORMATS))
    stories = Stories(topics, weights, length, np.ones(n_contents, np.bool_))
    columns = design(showings, stories, np.zeros(_N_FORMATS))
    return fit_mixed_logit(columns, employee, content, n_contents, n_topics), n_topics


def test_planted_tastes_are_recovered() -> None:
    model, n_topics = _world(taste=0.8, ease=1.0, seed=1)
    assert len(model.covariance) == FIRST_INTEREST + n_topics
    # What all formats share may as well be openness; differences between formats are tastes.
    taste = model.covariance[FIRST_TASTE:FIRST_INTEREST, FIRST_TASTE:FIRST_INTEREST]
    for first, second in ((0, 1), (1, 2), (2, 0)):
        apart = np.eye(_N_FORMATS)[first] - np.eye(_N_FORMATS)[second]
        assert np.sqrt(apart @ taste @ apart) == pytest.approx(0.8 * np.sqrt(2), rel=0.2)
    log_position = model.fixed[-4]
    assert log_position == pytest.approx(-0.5, abs=0.1)


def test_easy_topics_are_no_taste() -> None:
    model, _ = _world(taste=0.0, ease=1.5, seed=2)
    spread = np.sqrt(np.diag(model.covariance)[FIRST_TASTE : FIRST_TASTE + _IN_USE])
    assert spread.max() < 0.2
    assert np.ptp(model.fixed[:_IN_USE]) < 0.4


def test_the_same_showings_give_the_same_model() -> None:
    first, _ = _world(taste=0.5, ease=0.5, seed=3)
    again, _ = _world(taste=0.5, ease=0.5, seed=3)
    np.testing.assert_array_equal(first.fixed, again.fixed)
    np.testing.assert_array_equal(first.covariance, again.covariance)
