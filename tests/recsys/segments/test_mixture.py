"""Groups and priors among people known more or less well."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from recsys.segments.axes import N_AXES, Float
from recsys.segments.mixture import fit_mixture, fit_prior, inverse
from recsys.segments.profile import Profiles


def observed(truth: Float, information: Float, precision: Float, seed: int = 0) -> Profiles:
    """Return posteriors of people with ``truth``, each known by (n, d, d) information."""
    rng = np.random.default_rng(seed)
    noise = np.linalg.cholesky(np.linalg.inv(information)) @ rng.normal(size=(*truth.shape, 1))
    pull = (information @ (truth[..., None] + noise))[..., 0]
    both = information + precision
    mean = np.asarray(np.linalg.solve(both, pull[..., None])[..., 0], np.float64)
    return Profiles(mean, both, np.full(len(truth), 99.0))


def test_the_spread_between_people_is_found_under_the_noise() -> None:
    rng = np.random.default_rng(2)
    root = rng.normal(size=(N_AXES, N_AXES)) / 3
    covariance = root @ root.T + 0.1 * np.eye(N_AXES)
    centre = np.linspace(-0.5, 0.5, N_AXES)
    truth = rng.multivariate_normal(centre, covariance, 4_000)
    information = rng.uniform(1, 12, 4_000)[:, None, None] * np.eye(N_AXES)
    read_with = np.eye(N_AXES) / 0.3
    mean, precision = fit_prior(observed(truth, information, read_with), read_with)
    np.testing.assert_allclose(mean, centre, atol=0.05)
    np.testing.assert_allclose(inverse(precision), covariance, atol=0.06)
    raw = np.cov(observed(truth, information, 1e-9 * np.eye(N_AXES)).mean.T)
    assert np.trace(raw) > 1.3 * np.trace(covariance)  # what taking estimates for truth would say


def test_well_known_people_are_grouped_as_by_a_usual_mixture() -> None:
    rng = np.random.default_rng(3)
    start = np.zeros((6, N_AXES))
    start[np.arange(5), np.arange(5)] = 1.0
    group = rng.integers(0, 6, 3_000)
    truth = 1.6 * start[group] + 0.4 * rng.normal(size=(3_000, N_AXES))
    precision = inverse(np.cov(truth.T))
    information = np.broadcast_to(1e4 * np.eye(N_AXES), (3_000, N_AXES, N_AXES))
    found = fit_mixture(observed(truth, information, precision), precision, start)
    oracle = GaussianMixture(6, covariance_type="tied", means_init=start).fit(truth)
    np.testing.assert_allclose(found.means, oracle.means_, atol=0.05)
    agree = found.membership.argmax(axis=1) == oracle.predict(truth)
    assert agree.mean() > 0.99
    assert found.membership.sum(axis=1) == pytest.approx(1)


def test_unknown_people_are_where_most_are() -> None:
    rng = np.random.default_rng(4)
    start = np.zeros((6, N_AXES))
    start[:5] = np.eye(N_AXES)[:5]
    group = np.where(rng.random(600) < 0.8, 5, 0)
    truth = 2 * start[group] + 0.2 * rng.normal(size=(600, N_AXES))
    scale = np.full(600, 100.0)
    scale[:10] = 1e-6
    information = scale[:, None, None] * np.eye(N_AXES)
    precision = inverse(np.cov(truth.T))
    found = fit_mixture(observed(truth, information, precision), precision, start)
    shares = found.membership.mean(axis=0)
    np.testing.assert_allclose(found.membership[:10], np.tile(shares, (10, 1)), atol=0.06)
