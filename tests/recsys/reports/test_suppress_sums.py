"""Counts with subtotals and tables that share a margin: nothing hidden follows from the shown."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ConfigurationError
from recsys.reports.suppression import Sum, suppress, suppress_sums

small = st.lists(st.integers(0, 6), min_size=4, max_size=4)


def nested(parts: list[int]) -> tuple[list[int], list[Sum]]:
    """Return four parts, the sum of the first two, of the first three, of all."""
    a, b, c, d = parts
    sums: list[Sum] = [([0, 1], 4), ([4, 2], 5), ([5, 3], 6)]
    return [*parts, a + b, a + b + c, a + b + c + d], sums


@given(small, st.integers(1, 4))
def test_no_hidden_part_follows_from_nested_totals(parts: list[int], k: int) -> None:
    values, sums = nested(parts)
    shown = suppress_sums(np.array(values), sums, k)
    assert all(value >= k for value, is_shown in zip(values, shown, strict=True) if is_shown)
    # Oracle: every company of this size or a little larger that would show the same.
    agreeing = [
        other
        for other in (nested(list(some))[0] for some in product(range(max(values) + 2), repeat=4))
        if all(v == o for v, o, s in zip(values, other, shown, strict=True) if s)
    ]
    for place, is_shown in enumerate(shown):
        assert is_shown == (len({other[place] for other in agreeing}) == 1)


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=3))
def test_a_plain_table_is_hidden_as_by_suppress(rows: list[list[int]]) -> None:
    table = suppress(np.array(rows))
    full = table.counts
    place = np.arange(full.size).reshape(full.shape)
    sums: list[Sum] = [(line[:-1].tolist(), int(line[-1])) for line in (*place, *place.T)]
    shown = suppress_sums(full.ravel(), sums)
    assert shown.reshape(full.shape).tolist() == table.is_shown.tolist()


def test_a_shared_margin_ties_two_tables_together() -> None:
    # By itself the 4 could hide behind the 60 or the 15; the other table tells their common total.
    values = np.array([40, 4, 44, 20, 24, 44])
    alone = suppress_sums(values[:3], [([0, 1], 2)])
    assert alone.tolist() == [False, False, True]
    both = suppress_sums(values[[0, 1, 2, 3, 4]], [([0, 1], 2), ([3, 4], 2)])
    assert both.tolist() == [False, False, True, True, True]


def test_what_is_to_be_kept_goes_last() -> None:
    values, sums = np.array([0, 29, 29, 50, 79]), [([0, 1], 2), ([2, 3], 4)]
    assert suppress_sums(values, sums).tolist() == [False, False, True, True, True]
    kept = suppress_sums(values, sums, keep=[1, 4])
    assert kept.tolist() == [False, True, False, False, True]


@pytest.mark.parametrize(("values", "k"), [([1, 2, 4], 10), ([-1, 1, 0], 10), ([1, 2, 3], 0)])
def test_wrong_sums_are_named(values: list[int], k: int) -> None:
    with pytest.raises(ConfigurationError, match=r"add up|cannot be suppressed|k is 0"):
        suppress_sums(np.array(values), [([0, 1], 2)], k)
