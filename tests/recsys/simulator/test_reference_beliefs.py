"""Beliefs against numerical integration, pooling against one dense Gaussian."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from recsys.simulator.catalogue import FACTS
from recsys.simulator.config import Response
from recsys.simulator.reference_beliefs import N_TRAITS, OPENNESS, learn, tilted
from recsys.simulator.reference_groups import Beliefs, Groups
from recsys.simulator.reference_showings import SHOWINGS

FloatArray = npt.NDArray[np.float64]

OPENED, DISMISSED, IGNORED = (0.0, 1.0), (1.0, -1.0), (1.0, -0.6)


def _sigmoid(u: npt.ArrayLike) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.asarray(u, float))))


@pytest.mark.parametrize("outcome", [OPENED, DISMISSED, IGNORED])
@pytest.mark.parametrize(("mean", "variance"), [(-3.0, 0.01), (-2.2, 5.0), (0.5, 1.0), (4.0, 9.0)])
def test_tilted_moments_equal_numerical_integration(
    mean: float, variance: float, outcome: tuple[float, float]
) -> None:
    certain, slope = outcome
    spread = np.sqrt(variance)

    def moment(power: int, centre: float) -> float:
        def integrand(u: float) -> float:
            density = norm.pdf(u, mean, spread) * (certain + slope * _sigmoid(u))
            return float((u - centre) ** power * density)

        return float(quad(integrand, mean - 9 * spread, mean + 9 * spread, epsabs=1e-12)[0])

    mass = moment(0, 0.0)
    first = moment(1, 0.0) / mass
    expected = (mass, first, moment(2, first) / mass)
    assert tilted(mean, variance, certain, slope) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_nothing_is_learned_from_a_certain_outcome() -> None:
    assert tilted(-1.0, 2.0, 1.0, 0.0) == pytest.approx((1.0, -1.0, 2.0))


@pytest.mark.parametrize("outcome", [OPENED, DISMISSED, IGNORED])
def test_one_showing_gives_the_moments_of_the_exact_posterior(
    outcome: tuple[float, float],
) -> None:
    """Two uncertain interests and an uncertain appeal, integrated over a grid of all three."""
    story = np.zeros(1, FACTS)
    story["topics"][0, [2, 5]] = 0.7, 0.3
    row = np.zeros(1, SHOWINGS)
    row["utility"], row["certain"], row["slope"] = -1.5, *outcome
    mean = np.zeros((1, N_TRAITS))
    mean[0, [2, 5, OPENNESS]] = 0.8, -0.5, 0.2
    prior = np.array([[3.0, -0.8], [-0.8, 2.0]])
    covariance = np.zeros((1, N_TRAITS, N_TRAITS))
    covariance[0][np.ix_([2, 5], [2, 5])] = prior
    appeal, appeal_variance = np.full((1, 1), 0.3), np.full((1, 1, 1), 0.5)
    learn(row, Response(), story, mean, covariance, appeal, appeal_variance)

    nodes = np.linspace(-9.6, 9.6, 129)
    a, b, c = np.meshgrid(nodes, nodes, nodes[32:-32], indexing="ij")
    offsets = np.stack([a - 0.8, b + 0.5])
    weight = np.exp(-0.5 * np.einsum("iabc,ij,jabc->abc", offsets, np.linalg.inv(prior), offsets))
    weight *= np.exp(-0.5 * (c - 0.3) ** 2 / 0.5)
    weight *= outcome[0] + outcome[1] * _sigmoid(-1.5 + 0.2 + 0.7 * a + 0.3 * b + c)
    weight /= weight.sum()
    values = np.stack([a.ravel(), b.ravel(), c.ravel()])
    exact = values @ weight.ravel()
    spread = (values * weight.ravel()) @ values.T - np.outer(exact, exact)
    assert mean[0, [2, 5]] == pytest.approx(exact[:2], abs=1e-4)
    assert appeal[0, 0] == pytest.approx(exact[2], abs=1e-4)
    assert covariance[0][np.ix_([2, 5], [2, 5])] == pytest.approx(spread[:2, :2], abs=1e-3)
    assert appeal_variance[0, 0, 0] == pytest.approx(spread[2, 2], abs=1e-3)
    assert mean[0, OPENNESS] == 0.2  # what is certain stays


def test_interest_has_no_say_in_what_is_mandatory() -> None:
    story, row = np.zeros(1, FACTS), np.zeros(1, SHOWINGS)
    story["topics"][0, 2], story["mandatory"], row["slope"] = 1.0, 1, 1.0
    mean, covariance = np.zeros((1, N_TRAITS)), np.eye(N_TRAITS)[None].copy()
    learn(row, Response(), story, mean, covariance, np.zeros((1, 1)), np.ones((1, 1, 1)))
    assert mean[0, 2] == 0.0
    assert mean[0, OPENNESS] > 0.1


def _groups(rng: np.random.Generator) -> Groups:
    """Seven members of dimension 3 in two groups, one of them in both, one in none."""
    share = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1], [0.5, 0.5], [0, 0]], float)
    root, own = rng.normal(size=(2, 2, 2)), rng.normal(size=(3, 3))
    return Groups(
        share=share,
        effect_mean=rng.normal(size=(2, 2)),
        effect_covariance=root @ root.transpose(0, 2, 1) + 0.1 * np.eye(2),
        own_mean=rng.normal(size=3),
        own_covariance=own @ own.T + 0.1 * np.eye(3),
    )


def _dense(groups: Groups, precision: FloatArray, shift: FloatArray) -> tuple[FloatArray, ...]:
    """Condition one Gaussian over all members at once."""
    n, d = shift.shape
    k = groups.effect_mean.shape[1]
    enters = np.kron(groups.share, np.eye(d, k))
    effects = np.zeros((enters.shape[1], enters.shape[1]))
    for g, block in enumerate(groups.effect_covariance):
        effects[g * k : (g + 1) * k, g * k : (g + 1) * k] = block
    prior = enters @ effects @ enters.T + np.kron(np.eye(n), groups.own_covariance)
    mean = enters @ groups.effect_mean.ravel() + np.tile(groups.own_mean, n)
    evidence = np.zeros((n * d, n * d))
    for i, block in enumerate(precision):
        evidence[i * d : (i + 1) * d, i * d : (i + 1) * d] = block
    covariance = np.linalg.inv(np.linalg.inv(prior) + evidence)
    found = covariance @ (np.linalg.solve(prior, mean) + shift.ravel())
    blocks = [covariance[i * d : (i + 1) * d, i * d : (i + 1) * d] for i in range(n)]
    return found.reshape(n, d), np.array(blocks)


def test_members_of_groups_are_conditioned_like_one_dense_gaussian() -> None:
    rng = np.random.default_rng(4)
    groups = _groups(rng)
    root = rng.normal(size=(7, 3, 3))
    precision, shift = root @ root.transpose(0, 2, 1), rng.normal(size=(7, 3))
    precision[[1, 4]], shift[[1, 4]] = 0.0, 0.0
    for found, expected in zip(
        groups.posterior(precision, shift), _dense(groups, precision, shift), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_pooling_passes_on_what_was_learned_and_nothing_twice() -> None:
    groups = _groups(np.random.default_rng(6))
    beliefs = Beliefs(groups)
    before = beliefs.mean.copy(), beliefs.covariance.copy()
    beliefs.pool()
    np.testing.assert_allclose(beliefs.mean, before[0], rtol=1e-9)
    # One observation of member 0, then pooling again and again.
    precision, shift = np.zeros((7, 3, 3)), np.zeros((7, 3))
    precision[0], shift[0] = np.eye(3), [2.0, -1.0, 0.5]
    natural = np.linalg.inv(beliefs.covariance[0])
    total = natural @ beliefs.mean[0] + shift[0]
    beliefs.covariance[0] = np.linalg.inv(natural + precision[0])
    beliefs.mean[0] = beliefs.covariance[0] @ total
    mean, covariance = _dense(groups, precision, shift)
    for _ in range(3):
        beliefs.pool()
        np.testing.assert_allclose(beliefs.mean, mean, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(beliefs.covariance, covariance, rtol=1e-7, atol=1e-9)
    assert np.abs(beliefs.mean[1] - before[0][1]).max() > 0.05  # a colleague
    np.testing.assert_allclose(beliefs.mean[6], before[0][6], rtol=1e-9)  # nobody's colleague
