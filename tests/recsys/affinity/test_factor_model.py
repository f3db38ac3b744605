import numpy as np
import pytest
import scipy.sparse as sp

from recsys.affinity.factor_model import FactorModel
from recsys.errors import ModelError

_MODEL = FactorModel(
    user_feature_embeddings=np.array([[1, 0], [0, 2]], np.float32),
    item_feature_embeddings=np.array([[1, 1], [3, -1], [0, 0]], np.float32),
    item_feature_biases=np.array([0.5, -1.0, 0.0], np.float32),
    learning_rate=0.05,
)


def test_representations_are_sums_of_features() -> None:
    item = sp.csr_array(np.array([[0.5, 0.5, 0.0], [0, 0, 1]], np.float32))
    assert _MODEL.item_vectors(item).tolist() == [[2, 0], [0, 0]]
    assert _MODEL.item_biases(item).tolist() == [-0.25, 0]
    assert _MODEL.item_is_known(item).tolist() == [True, False]
    assert _MODEL.user_vectors(sp.csr_array(np.eye(2, dtype=np.float32))).tolist() == [
        [1, 0],
        [0, 2],
    ]


def test_arrays_and_back_is_the_same_model() -> None:
    again = FactorModel.from_arrays(_MODEL.arrays())
    for name, array in _MODEL.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
        assert array.dtype == np.float32


def test_damaged_arrays_are_refused() -> None:
    arrays = _MODEL.arrays()
    with pytest.raises(ModelError, match="lacks the array 'learning_rate'"):
        FactorModel.from_arrays({k: v for k, v in arrays.items() if k != "learning_rate"})
    with pytest.raises(ModelError, match="expected"):
        FactorModel.from_arrays(arrays | {"item_feature_biases": np.zeros(2, np.float32)})
