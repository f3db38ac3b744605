from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp

from recsys.affinity.batch import NotFitted
from recsys.affinity.ease import fit_ease


def _weights_by_regression(dense: np.ndarray, l2: float) -> np.ndarray:
    """Each column by its own ridge regression on all the others: what the closed form solves."""
    n_items = dense.shape[1]
    weights = np.zeros((n_items, n_items))
    for j in range(n_items):
        others = np.delete(np.arange(n_items), j)
        x = dense[:, others]
        weights[others, j] = np.linalg.solve(x.T @ x + l2 * np.eye(len(others)), x.T @ dense[:, j])
    return weights


@pytest.mark.parametrize("l2", [0.5, 10.0, 200.0])
def test_equals_one_ridge_regression_per_item(
    random_matrix: Callable[[int], sp.csr_array], l2: float
) -> None:
    matrix = random_matrix(1)
    model = fit_ease(matrix, l2=l2)
    assert not isinstance(model, NotFitted)
    dense = matrix.toarray().astype(np.float64)
    expected = dense @ _weights_by_regression(dense, l2)
    for user in range(39):
        np.testing.assert_allclose(model.scores(user)[:24], expected[user, :24], atol=2e-5)


def test_what_nobody_read_and_who_read_nothing_cannot_be_scored(
    random_matrix: Callable[[int], sp.csr_array],
) -> None:
    model = fit_ease(random_matrix(2))
    assert not isinstance(model, NotFitted)
    assert model.scores(0)[24] == -np.inf
    assert np.isfinite(model.scores(0)[:24]).all()
    assert (model.scores(39) == -np.inf).all()


def test_an_empty_log_gives_a_reason() -> None:
    result = fit_ease(sp.csr_array((3, 4), dtype=np.float32))
    assert isinstance(result, NotFitted)
    assert "at least one interaction" in result.reason
