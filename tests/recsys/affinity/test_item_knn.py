import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from recsys.affinity import item_knn
from recsys.affinity.batch import NotFitted, interaction_matrix
from recsys.affinity.item_knn import ItemKnnModel, fit_item_knn


def _fit(matrix: sp.csr_array, n_neighbours: int = 100, shrinkage: float = 10.0) -> ItemKnnModel:
    model = fit_item_knn(matrix, n_neighbours=n_neighbours, shrinkage=shrinkage)
    assert not isinstance(model, NotFitted)
    return model


def test_hand_worked() -> None:
    # Item 0 has readers {0, 1}, item 1 {0, 1}, item 2 {1, 2}; user 2 has read item 2 only.
    user, item = np.array([0, 1, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    matrix = interaction_matrix(user.astype(np.int32), item.astype(np.int32), (3, 3))
    scores = _fit(matrix, shrinkage=1.0).scores(2)
    np.testing.assert_allclose(scores, [1 / (2 + 1), 1 / (2 + 1), 0.0], rtol=1e-6)
    np.testing.assert_allclose(
        _fit(matrix, shrinkage=1.0).scores(0), [2 / 3, 2 / 3, 2 / 3], rtol=1e-6
    )


def _similarity_by_loops(dense: np.ndarray, n_neighbours: int, shrinkage: float) -> np.ndarray:
    n_items = dense.shape[1]
    similarity = np.zeros((n_items, n_items))
    for j in range(n_items):
        to_j = np.zeros(n_items)
        for i in range(n_items):
            if i != j:
                common = float(dense[:, i] @ dense[:, j])
                norm = math.sqrt(dense[:, i].sum() * dense[:, j].sum())
                to_j[i] = common / (norm + shrinkage)
        smallest_kept = np.sort(to_j)[::-1][n_neighbours - 1]
        similarity[:, j] = np.where(to_j >= smallest_kept - 1e-7, to_j, 0.0)
    return similarity


@pytest.mark.parametrize("block_rows", [4, 512])
def test_equals_dense_loops(
    random_matrix: Callable[[int], sp.csr_array],
    monkeypatch: pytest.MonkeyPatch,
    block_rows: int,
) -> None:
    monkeypatch.setattr(item_knn, "_BLOCK_ROWS", block_rows)
    matrix = random_matrix(3)
    dense = matrix.toarray().astype(np.float64)
    expected = dense @ _similarity_by_loops(dense, 5, 2.0)
    model = _fit(matrix, n_neighbours=5, shrinkage=2.0)
    for user in np.flatnonzero(dense.any(axis=1)).tolist():
        np.testing.assert_allclose(model.scores(user)[:24], expected[user, :24], rtol=1e-5)
    assert model.scores(0)[24] == -np.inf
    assert (model.scores(39) == -np.inf).all()


@given(seed=st.integers(0, 1_000), n_neighbours=st.integers(1, 30))
def test_numbering_of_items_does_not_matter(seed: int, n_neighbours: int) -> None:
    rng = np.random.default_rng(seed)
    dense = (rng.random((12, 9)) < 0.3).astype(np.float32)
    order = rng.permutation(9)
    matrix, permuted = sp.csr_array(dense), sp.csr_array(dense[:, order])
    if matrix.nnz == 0:
        return
    a, b = _fit(matrix, n_neighbours), _fit(permuted, n_neighbours)
    for user in range(12):
        np.testing.assert_allclose(a.scores(user)[order], b.scores(user), rtol=1e-6)


def test_an_empty_log_gives_a_reason() -> None:
    assert isinstance(fit_item_knn(sp.csr_array((3, 4), dtype=np.float32)), NotFitted)
