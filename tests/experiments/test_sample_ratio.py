"""The test of the split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.sample_ratio import sample_ratio


@given(st.lists(st.integers(1, 2000), min_size=2, max_size=5))
def test_is_a_chi_square_over_variants(counts: list[int]) -> None:
    named = {f"v{i}": n for i, n in enumerate(counts)}
    found = sample_ratio(named)
    assert found.p_value == pytest.approx(stats.chisquare(counts).pvalue)
    assert found.is_alarming == (stats.chisquare(counts).pvalue < 0.001)
    shares = dict(zip(named, (n / sum(counts) for n in counts), strict=True))
    assert sample_ratio(named, shares).p_value == pytest.approx(1.0)


def test_shares_need_not_be_equal() -> None:
    found = sample_ratio({"a": 950, "b": 50}, {"a": 0.95, "b": 0.05})
    assert found.p_value == 1.0
    assert sample_ratio({"a": 950, "b": 50}).is_alarming


def test_a_variant_without_units_counts_as_none() -> None:
    found = sample_ratio({"a": 40, "b": 40}, {"a": 0.4, "b": 0.4, "c": 0.2})
    assert found.p_value == pytest.approx(stats.chisquare([40, 40, 0], [32, 32, 16]).pvalue)
    assert found.left_out == ()


def test_nothing_to_compare() -> None:
    assert sample_ratio({"a": 40}).p_value is None
    assert sample_ratio({"a": 40, "b": 2}, {"a": 1.0, "b": 0.0}).left_out == ("b",)
