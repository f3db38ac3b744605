import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.advice.cells import CELL_SIZE
from recsys.reach.sampling import draw_sample


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(1, 80))
def test_every_stratum_is_heard_and_weights_make_the_whole(sizes: list[int], most: int) -> None:
    strata = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32) - 1  # −1: nobody knows
    employees = np.arange(len(strata), dtype=np.int32) * 3
    wanted = np.arange(len(strata)) % 5 != 0
    sample = draw_sample(employees, wanted, strata, most)
    assert wanted[sample.rows].all()
    assert len(np.unique(sample.rows)) == len(sample.rows)
    for stratum in np.unique(strata[wanted]):
        mine = strata[sample.rows] == stratum
        n = np.count_nonzero(wanted & (strata == stratum))
        assert np.isclose(sample.weight[mine].sum(), n)
        assert min(n, CELL_SIZE) <= mine.sum() <= n
    again = draw_sample(employees, wanted, strata, most)
    assert again.rows.tolist() == sample.rows.tolist()
    if most >= np.count_nonzero(wanted):
        assert sample.weight.tolist() == [1.0] * np.count_nonzero(wanted)
