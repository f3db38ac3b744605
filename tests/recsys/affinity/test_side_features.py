import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from recsys.affinity.side_features import normalise_rows, one_hot


def test_one_column_per_value_and_lists_are_split() -> None:
    frame = pd.DataFrame(
        {"site": ["tokyo", None, "osaka"], "topics": ["a; b", "b;b", ""]}, dtype="str"
    )
    features = one_hot(frame, ["site", "topics"])
    # Columns: osaka, tokyo, a, b.
    assert features.toarray().tolist() == [[0, 1, 1, 1], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert features.dtype == np.float32


def test_the_index_of_the_frame_does_not_matter() -> None:
    frame = pd.DataFrame({"site": ["x", "y", "x"]}, dtype="str", index=[7, 7, 3])
    assert one_hot(frame, ["site"]).toarray().tolist() == [[1, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize("n_rows", [0, 2])
def test_nothing_known_gives_no_columns(n_rows: int) -> None:
    frame = pd.DataFrame({"site": pd.Series([None] * n_rows, dtype="str")})
    assert one_hot(frame, ["site"]).shape == (n_rows, 0)
    assert one_hot(frame, []).shape == (n_rows, 0)


def test_rows_get_length_one_and_empty_rows_stay_empty() -> None:
    features = sp.csr_array(np.array([[3, 4], [0, 0], [0, 2]], np.float32))
    expected = np.array([[0.6, 0.8], [0, 0], [0, 1]])
    np.testing.assert_allclose(normalise_rows(features).toarray(), expected, rtol=1e-6)
    assert normalise_rows(features).dtype == np.float32
