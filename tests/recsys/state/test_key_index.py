import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.state.key_index import ABSENT, KeyIndex, pair_keys

keys = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 20), max_size=60)


@given(st.lists(keys, max_size=5), keys)
def test_it_gives_the_rows_a_dictionary_would(batches: list[list[int]], asked: list[int]) -> None:
    index, rows = KeyIndex(), dict[int, int]()
    for batch in batches:
        expected = [rows.setdefault(key, len(rows)) for key in batch]
        assert index.add(np.array(batch, np.uint64)).tolist() == expected
    found = index.find(np.array(asked, np.uint64)).tolist()
    assert found == [rows.get(key, -1) for key in asked]
    assert index.keys.tolist() == list(rows)
    again = KeyIndex.from_keys(index.keys)
    assert again.find(np.array(asked, np.uint64)).tolist() == found


def test_rows_stay_while_the_table_grows() -> None:
    index = KeyIndex()
    many = np.arange(100_000, dtype=np.uint64) << np.uint64(32)
    assert index.add(many[:10]).tolist() == list(range(10))
    assert index.add(many).tolist() == list(range(100_000))
    assert index.find(many[::-1])[0] == 99_999


def test_keys_that_met_others_in_their_place_are_found_too() -> None:
    """Tables are up to half full, so that many keys are not in the first slot they ask for."""
    keys = np.random.default_rng(0).permutation(40_000).astype(np.uint64)
    index = KeyIndex.from_keys(keys[:30_000])
    assert index.find(keys).tolist() == [*range(30_000), *[ABSENT] * 10_000]


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_a_pair_keeps_both_of_its_halves(high: int, low: int) -> None:
    (key,) = pair_keys(np.array([high], np.int32), low).tolist()
    assert (key >> 32, key & 0xFFFFFFFF) == (high, low)
