import sys
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp

from recsys.affinity.als import AlsConfig, AlsModel, fit_als
from recsys.affinity.batch import NotFitted


def _fit(matrix: sp.csr_array, seed: int = 1, **config: float) -> AlsModel:
    pytest.importorskip("implicit")
    model = fit_als(matrix, config=AlsConfig(**config), seed=seed)  # type: ignore[arg-type]
    assert not isinstance(model, NotFitted)
    return model


def test_is_a_fixed_point_of_the_published_equations(
    random_matrix: Callable[[int], sp.csr_array],
) -> None:
    """After many iterations each item solves (Σ c x xᵀ + λI) y = Σ c p x given the user factors."""
    matrix = random_matrix(4)
    l2, alpha = 0.5, 3.0
    model = _fit(matrix, n_factors=4, n_iterations=400, regularization=l2, alpha=alpha)
    read = matrix.toarray()
    x = model.user_factors.astype(np.float64)
    for item in range(24):
        confidence = np.where(read[:, item] > 0, alpha, 1.0)  # implicit: alpha × value, 1 if unread
        left = (x * confidence[:, None]).T @ x + l2 * np.eye(4)
        expected = np.linalg.solve(left, x.T @ (confidence * read[:, item]))
        np.testing.assert_allclose(model.item_factors[item], expected, atol=5e-3)


def test_scores_are_products_and_unknown_ones_are_minus_infinity(
    random_matrix: Callable[[int], sp.csr_array],
) -> None:
    model = _fit(random_matrix(5))
    expected = model.item_factors @ model.user_factors[3]
    np.testing.assert_allclose(model.scores(3)[:24], expected[:24], rtol=1e-6)
    assert model.scores(3)[24] == -np.inf
    assert (model.scores(39) == -np.inf).all()


def test_same_seed_same_model(random_matrix: Callable[[int], sp.csr_array]) -> None:
    a, b = _fit(random_matrix(6), seed=7), _fit(random_matrix(6), seed=7)
    assert np.array_equal(a.item_factors, b.item_factors)


def test_finds_two_groups_of_taste() -> None:
    rng = np.random.default_rng(8)
    group_of_user, group_of_item = np.arange(60) % 2, np.arange(40) % 2
    likely = np.where(group_of_user[:, None] == group_of_item[None, :], 0.4, 0.02)
    read = rng.random(likely.shape) < likely
    model = _fit(sp.csr_array(read.astype(np.float32)), n_factors=4)
    own_over_other = [
        model.scores(u)[(group_of_item == group_of_user[u]) & ~read[u]].mean()
        - model.scores(u)[(group_of_item != group_of_user[u]) & ~read[u]].mean()
        for u in range(60)
    ]
    assert np.mean(np.array(own_over_other) > 0) > 0.95


def test_without_implicit_the_reason_names_it(
    random_matrix: Callable[[int], sp.csr_array], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    result = fit_als(random_matrix(9), config=AlsConfig(), seed=1)
    assert isinstance(result, NotFitted)
    assert "implicit" in result.reason


def test_an_empty_log_gives_a_reason() -> None:
    pytest.importorskip("implicit")
    empty = sp.csr_array((3, 4), dtype=np.float32)
    assert isinstance(fit_als(empty, config=AlsConfig(), seed=1), NotFitted)
