"""Types of taste: found where planted, absent where not, and worth having for a person."""

import numpy as np
import numpy.typing as npt
import pytest

from recsys.formats.taste_types import TasteTypes, among_types, fit_taste_types

Float = npt.NDArray[np.float64]

_CENTRES = np.array([[1.5, -1.0, 0.0], [-1.0, 1.2, 0.5], [0.0, 0.0, -1.6]])
_NOISE = 0.25


def _observed(tastes: Float, prior: Float, seed: int) -> tuple[Float, Float]:
    """Return posteriors of tastes seen with noise of variance ``_NOISE``."""
    rng = np.random.default_rng(seed)
    seen = tastes + np.sqrt(_NOISE) * rng.standard_normal(tastes.shape)
    covariance = np.linalg.inv(np.linalg.inv(prior) + np.eye(3) / _NOISE)
    return seen @ (covariance / _NOISE), np.tile(covariance, (len(tastes), 1, 1))


def _typed(n: int, seed: int) -> tuple[Float, npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    return _CENTRES[kind] + 0.3 * rng.standard_normal((n, 3)), kind


def test_planted_types_are_found() -> None:
    tastes, kind = _typed(400, seed=1)
    prior = np.cov(tastes.T)
    found = fit_taste_types(*_observed(tastes, prior, 2), prior)
    assert len(found.weights) == 3
    order = [int(np.argmin(((found.means - centre) ** 2).sum(axis=1))) for centre in _CENTRES]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(found.means[order], _CENTRES, atol=0.3)
    np.testing.assert_allclose(found.weights[order], np.bincount(kind) / 400, atol=0.08)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), 0.3, atol=0.12)


def test_without_types_nothing_changes() -> None:
    prior = np.diag([0.5, 0.8, 0.3])
    tastes = np.random.default_rng(3).standard_normal((400, 3)) @ np.sqrt(prior)
    found = fit_taste_types(*_observed(tastes, prior, 4), prior)
    assert found.weights.tolist() == [1.0]
    np.testing.assert_array_equal(found.covariance, prior)


def test_one_type_is_the_posterior_itself() -> None:
    prior = np.diag([0.5, 0.8, 0.3])
    mean, covariance = np.array([0.4, -0.2, 0.1]), np.diag([0.1, 0.3, 0.2])
    inverse = np.asarray(np.linalg.inv(prior), np.float64)
    one = TasteTypes.none(prior)
    found = among_types(mean, covariance, inverse, one.weights, one.means, inverse)
    np.testing.assert_allclose(found[0], mean)
    np.testing.assert_allclose(found[1], covariance)


def test_a_person_among_types_agrees_with_brute_force() -> None:
    weights, means = np.array([0.3, 0.7]), np.array([[1.0, -1.0], [-0.5, 0.4]])
    seen, noise = np.array([0.6, -0.1]), 0.5
    covariance = np.eye(2) / (1 / 1.2 + 1 / noise)
    mean = covariance @ seen / noise
    found = among_types(mean, covariance, np.eye(2) / 1.2, weights, means, np.eye(2) / 0.1)
    grid = np.linspace(-4, 4, 401)
    points = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    density = sum(
        w * np.exp(-((points - m) ** 2).sum(axis=1) / 0.2)
        for w, m in zip(weights, means, strict=True)
    )
    density = density * np.exp(-((points - seen) ** 2).sum(axis=1) / (2 * noise))
    density = density / density.sum()
    exact = density @ points
    np.testing.assert_allclose(found[0], exact, atol=1e-3)
    apart = points - exact
    np.testing.assert_allclose(found[1], (density[:, None] * apart).T @ apart, atol=1e-3)


@pytest.mark.parametrize("n", [1, 2, 12])
def test_a_few_people_have_no_types(n: int) -> None:
    tastes, _ = _typed(n, seed=5)
    assert len(fit_taste_types(*_observed(tastes, np.eye(3), 6), np.eye(3)).weights) == 1
