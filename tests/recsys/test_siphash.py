"""Hashes of ids: bundles hold them, so they may never change."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.siphash import hash_texts

_ENCODABLE = st.text(st.characters(codec="utf-8"), max_size=40)


def _by_pandas(texts: list[str]) -> npt.NDArray[np.uint64]:
    return pd.util.hash_array(np.array(texts, object), categorize=False)


@given(st.lists(_ENCODABLE, min_size=1, max_size=8))
def test_the_hash_is_the_one_of_pandas(texts: list[str]) -> None:
    expected = _by_pandas(texts)
    np.testing.assert_array_equal(hash_texts(texts), expected)
    np.testing.assert_array_equal(hash_texts(pd.Series(texts, dtype="str")), expected)
    np.testing.assert_array_equal(hash_texts(pd.Series(texts, dtype=object)), expected)


def test_every_length_around_a_word() -> None:
    texts = ["x" * n for n in range(40)]
    np.testing.assert_array_equal(hash_texts(texts), _by_pandas(texts))


def test_the_hash_of_an_id_is_the_same_for_ever() -> None:
    assert hash_texts(["", "event-1", "日本"]).tolist() == [
        1760245841805064774,
        252973815321668626,
        17040212410883982529,
    ]


def test_parts_of_a_column_hash_as_the_whole() -> None:
    whole = pd.Series([f"id-{n}" for n in range(50)], dtype="str")
    np.testing.assert_array_equal(hash_texts(whole.iloc[17:31]), hash_texts(whole)[17:31])
    chunks = pa.chunked_array([whole[:20].tolist(), whole[20:].tolist()], pa.large_string())
    chunked = pd.Series(pd.array(chunks, dtype="str"))
    np.testing.assert_array_equal(hash_texts(chunked), hash_texts(whole))


def test_nothing_has_no_hashes_and_a_missing_text_counts_as_empty() -> None:
    assert hash_texts([]).tolist() == []
    assert hash_texts(pd.Series([], dtype="str")).dtype == np.uint64
    gap = hash_texts(pd.Series(["a", None, "b"], dtype="str"))
    np.testing.assert_array_equal(gap, hash_texts(["a", "", "b"]))


def test_half_a_surrogate_pair_has_no_bytes_to_hash() -> None:
    with pytest.raises(UnicodeEncodeError):
        hash_texts(["\ud800"])
