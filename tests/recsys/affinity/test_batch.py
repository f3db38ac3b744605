import numpy as np

from recsys.affinity.batch import history, interaction_matrix, trained_items


def test_repeated_pairs_count_once() -> None:
    user = np.array([1, 0, 1, 1], np.int32)
    item = np.array([2, 1, 2, 0], np.int32)
    matrix = interaction_matrix(user, item, (3, 4))
    assert matrix.toarray().tolist() == [[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert matrix.dtype == np.float32
    assert trained_items(matrix).tolist() == [True, True, True, False]
    assert history(matrix, 1).tolist() == [0, 2]
    assert history(matrix, 2).tolist() == []
