"""Nothing that is hidden can be computed from what is shown."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys.errors import ConfigurationError
from recsys.reports.suppression import SuppressedTable, suppress

Counts = npt.NDArray[np.int64]


def test_the_next_smallest_goes_with_a_single_small_group() -> None:
    assert suppress(np.array([5, 12, 30])).values() == [None, None, 30, 47]


def test_two_small_groups_hide_each_other() -> None:
    assert suppress(np.array([5, 4, 30])).values() == [None, None, 30, 39]


def test_two_empty_groups_do_not() -> None:
    # Both would be known to be 0 from the total alone.
    assert suppress(np.array([0, 0, 12, 30])).values() == [None, None, None, 30, 42]


def test_nothing_small_nothing_hidden() -> None:
    assert suppress(np.array([10, 30])).values() == [10, 30, 40]
    assert suppress(np.zeros(0, np.int64)).values() == [None]


def test_one_group_and_its_total_are_the_same() -> None:
    assert suppress(np.array([7])).values() == [None, None]
    assert suppress(np.array([7]), k=5).values() == [7, 7]


def test_a_table_hides_along_rows_and_columns() -> None:
    # The 3 is found by its row and by its column, so one more goes in each; then these two by
    # their other lines, so the fourth corner closes the loop.
    found = suppress(np.array([[3, 20, 40], [21, 50, 60], [41, 61, 90]])).values()
    assert found == [
        [None, None, 40, 63], [None, None, 60, 131], [41, 61, 90, 192], [65, 131, 190, 386],
    ]  # fmt: skip


def test_a_bridge_between_two_loops_is_seen() -> None:
    # Every line has two hidden counts or more, and still the one that joins the two loops
    # would follow: it is what its loop's rows hold more than its columns.
    counts = np.array(
        [
            [2, 3, 30, 30, 30],
            [4, 5, 6, 30, 30],
            [30, 30, 7, 8, 30],
            [30, 30, 9, 4, 30],
            [30, 30, 30, 30, 30],
        ]
    )
    small = np.zeros((6, 6), np.bool_)
    small[:5, :5] = counts < 10
    hidden = ~suppress(counts).is_shown
    assert (hidden & ~small).any()


@pytest.mark.parametrize(
    ("counts", "k"), [(np.array([-1, 2]), 10), (np.zeros((2, 2, 2), int), 10), (np.ones(3, int), 0)]
)
def test_what_is_no_table_of_counts_is_refused(counts: Counts, k: int) -> None:
    with pytest.raises(ConfigurationError, match="expected"):
        suppress(counts, k)


def _agreeing(table: SuppressedTable, parts: tuple[slice, ...]) -> Counts:
    """Return every table of counts that agrees with what is shown, by trying all of them."""
    counts, shown = table.counts, table.is_shown
    most = int(counts.max()) + 1
    hidden = np.argwhere(~shown[parts])
    found = []
    for values in product(range(most + 1), repeat=len(hidden)):
        tried = counts[parts].copy()
        tried[tuple(hidden.T)] = values
        for axis in range(tried.ndim):
            tried = np.concatenate([tried, tried.sum(axis=axis, keepdims=True)], axis=axis)
        if (tried == counts)[shown].all():
            found.append(tried)
    return np.array(found)


@given(arrays(np.int64, st.integers(1, 4), elements=st.integers(0, 8)))
def test_another_list_always_agrees(counts: Counts) -> None:
    table = suppress(counts, k=4)
    assert not table.is_shown[table.counts < 4].any()
    others = _agreeing(table, (slice(None, -1),))
    assert (np.ptp(others, axis=0) > 0)[~table.is_shown].all()


@given(arrays(np.int64, (2, 3), elements=st.integers(0, 3)))
def test_another_table_always_agrees(counts: Counts) -> None:
    table = suppress(counts, k=2)
    assert not table.is_shown[table.counts < 2].any()
    if np.count_nonzero(~table.is_shown[:-1, :-1]) > 3:  # more are too many to try all
        return
    others = _agreeing(table, (slice(None, -1), slice(None, -1)))
    assert (np.ptp(others, axis=0) > 0)[~table.is_shown].all()


@given(arrays(np.int64, (5, 5), elements=st.integers(0, 40)))
def test_only_what_is_needed_is_hidden_in_large_tables(counts: Counts) -> None:
    table = suppress(counts + 10)
    assert table.is_shown.all()


@given(arrays(np.int64, (3, 4), elements=st.integers(0, 60)))
def test_nothing_follows_by_linear_algebra(counts: Counts) -> None:
    """Independent of the programs: a hidden value moves along the null space of the equations."""
    table = suppress(counts)
    place = np.arange(table.counts.size).reshape(table.counts.shape)
    equations = np.zeros((sum(place.shape), place.size))
    for row, members in zip(equations, [*place, *place.T], strict=True):
        row[members[:-1]], row[members[-1]] = 1, -1
    hidden = ~table.is_shown.ravel()
    if hidden.any():
        _, sizes, directions = np.linalg.svd(equations[:, hidden])
        free = directions[np.count_nonzero(sizes > 1e-9) :]
        assert (np.abs(free) > 1e-9).any(axis=0).all()
