import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.assignment import assign_by_hash
from experiments.hashing import HashedVariants, bucket_of
from recsys.errors import ConfigurationError

# The published vectors of the GrowthBook SDKs (specVersion 5), and three that its Python SDK gave.
VECTORS = [
    ("seed", "a", 0.0505),
    ("seed", "b", 0.2696),
    ("foo", "ab", 0.2575),
    ("foo", "def", 0.2019),
    ("89123klj", "8952klfjas09ujkasdf", 0.1240),
    ("90850943850283058242805", "123", 0.7516),
    ("exp1", "Jörg", 0.0672),
    ("exp1", "😀", 0.3733),
    ("digest-subject", "e-1001", 0.1664),
    ("digest-subject", "e-1002", 0.9153),
    ("digest-subject", "e-1003", 0.7527),
]
HALVES = {"control": 0.5, "treatment": 0.5}
weights = st.lists(st.floats(0, 1), min_size=2, max_size=5).filter(lambda w: sum(w) > 0.1)


@pytest.mark.parametrize(("seed", "unit", "bucket"), VECTORS)
def test_buckets_are_the_published_ones(seed: str, unit: str, bucket: float) -> None:
    assert bucket_of(seed, unit) == bucket


def test_ranges_are_the_published_ones() -> None:
    assert HashedVariants("x", {"a": 0.5, "b": 0.5}, 0.5).ranges() == {
        "a": (0, 0.25),
        "b": (0.5, 0.75),
    }
    three = HashedVariants("x", {"a": 0.2, "b": 0.3, "c": 0.5}, 0.2).ranges()
    assert [pytest.approx(limits) for limits in three.values()] == [
        (0, 0.04),
        (0.2, 0.26),
        (0.5, 0.6),
    ]


@given(weights=weights, low=st.floats(0, 1), high=st.floats(0, 1), unit=st.text(min_size=1))
def test_more_coverage_moves_nobody_who_is_in(
    weights: list[float], low: float, high: float, unit: str
) -> None:
    shares = {str(i): weight / sum(weights) for i, weight in enumerate(weights)}
    low, high = sorted((low, high))
    bucket = bucket_of("key", unit)
    before = HashedVariants("key", shares, low).variant(bucket)
    assert before in (None, HashedVariants("key", shares, high).variant(bucket))


def test_shares_come_out_as_asked_and_differ_between_experiments() -> None:
    units = [f"e-{i}" for i in range(20_000)]
    first = assign_by_hash(HashedVariants("one", {"a": 0.2, "b": 0.8}), units)
    second = assign_by_hash(HashedVariants("two", {"a": 0.2, "b": 0.8}), units)
    in_a = [a.variant == "a" for a in first]
    again = [b.variant == "a" for b, chosen in zip(second, in_a, strict=True) if chosen]
    assert sum(in_a) / len(units) == pytest.approx(0.2, abs=0.01)
    assert sum(again) / len(again) == pytest.approx(0.2, abs=0.03)


def test_every_unit_is_told_once_and_nobody_not_at_all() -> None:
    assignments = assign_by_hash(HashedVariants("k", HALVES), ["b", "a", "", "b"])
    assert [a.unit for a in assignments] == ["b", "a"]
    assert {a.source for a in assignments} == {"hash"}


@pytest.mark.parametrize(
    ("key", "shares", "coverage", "said"),
    [
        ("", HALVES, 1.0, "no key"),
        ("k", {"a": 0.5, "b": 0.6}, 1.0, "sum to 1.1"),
        ("k", {"a": -0.5, "b": 1.5}, 1.0, "'a' has the weight -0.5"),
        ("k", {"a": float("nan"), "b": 0.5}, 1.0, "weight nan"),
        ("k", HALVES, 1.5, "coverage is 1.5"),
        ("k", HALVES, float("nan"), "coverage is nan"),
    ],
)
def test_what_cannot_be_an_experiment_is_said(
    key: str, shares: dict[str, float], coverage: float, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        HashedVariants(key, shares, coverage)


def test_a_range_holds_its_lower_end_only() -> None:
    halves = HashedVariants("k", HALVES)
    assert [halves.variant(b) for b in (0.0, 0.4999, 0.5, 0.9999)] == [
        "control", "control", "treatment", "treatment",
    ]  # fmt: skip
