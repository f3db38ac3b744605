"""The draw: balanced, sticky, exclusive, and the same on every machine."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.running.definition import Variant
from experiments.running.drawing import draw, draw_joiner, roster_of
from tests.experiments.running.conftest import HALVES, company, design, person

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
rosters = st.dictionaries(names.filter(str.strip), st.sampled_from(["x", "y"]), max_size=60)
shares = st.lists(st.integers(1, 9), min_size=2, max_size=4).map(
    lambda parts: tuple(Variant(f"v{i}", p / sum(parts)) for i, p in enumerate(parts))
)


@given(rosters, shares)
def test_every_stratum_holds_every_variants_share_but_for_less_than_one_unit(
    units: dict[str, str], variants: tuple[Variant, ...]
) -> None:
    drawn = draw(design(variants=variants), units)
    assert sorted(units) == sorted(one.unit_id for one in drawn)
    for stratum, n in Counter(units.values()).items():
        counts = Counter(one.variant for one in drawn if one.stratum == stratum)
        for variant in variants:
            assert abs(counts[variant.name] - n * variant.weight) < 1


@given(rosters, shares, st.floats(0.05, 1))
def test_every_step_of_a_ramp_is_balanced_within_variant_and_stratum(
    units: dict[str, str], variants: tuple[Variant, ...], share: float
) -> None:
    drawn = draw(design(variants=variants), units)
    for key, n in Counter((one.stratum, one.variant) for one in drawn).items():
        inside = [o for o in drawn if (o.stratum, o.variant) == key and o.place < share]
        assert abs(len(inside) - share * n) < 1


@given(rosters, shares, st.randoms())
def test_order_and_repetition_change_nothing(
    units: dict[str, str], variants: tuple[Variant, ...], random: Random
) -> None:
    shuffled = list(units.items())
    random.shuffle(shuffled)
    drawn = draw(design(variants=variants), units)
    assert drawn == draw(design(variants=variants), dict(shuffled))


@given(rosters, shares, shares)
def test_changed_weights_move_nobody_who_has_a_variant_still(
    units: dict[str, str], before: tuple[Variant, ...], after: tuple[Variant, ...]
) -> None:
    held = {one.unit_id: str(one.variant) for one in draw(design(variants=before), units)}
    again = draw(design(variants=after, version=2), units | {"new": "x"}, held)
    left = {variant.name for variant in after}
    for one in again:
        if held.get(one.unit_id) in left:
            assert one.variant == held[one.unit_id]


@given(st.lists(names.filter(str.strip), unique=True, max_size=60), st.floats(0.1, 0.9))
def test_parts_of_a_layer_never_share_a_unit(units: list[str], cut: float) -> None:
    roster = dict.fromkeys(units, "")
    one = {d.unit_id for d in draw(design(key="one", layer=(0.0, cut)), roster)}
    two = {d.unit_id for d in draw(design(key="two", layer=(cut, 1.0)), roster)}
    assert not one & two
    assert one | two == set(units)
    for unit in units:
        joined = draw_joiner(design(key="one", layer=(0.0, cut)), unit)
        assert (joined is not None) == (unit in one)


@given(names.filter(str.strip))
def test_dropping_an_arm_moves_no_joiner(unit: str) -> None:
    three = design(variants=tuple(Variant(name, 1 / 3) for name in "abc"))
    whole, left = draw_joiner(three, unit), draw_joiner(three, unit, ["b"])
    assert whole is not None
    assert left == (None if whole.variant == "b" else whole)


def test_who_is_held_out_is_so_in_all_experiments() -> None:
    roster = {f"e{i}": "" for i in range(2_000)}
    held = [
        {d.unit_id for d in draw(design(key=key, holdout_share=0.1), roster) if d.variant is None}
        for key in ("one", "two")
    ]
    assert held[0] == held[1]
    assert 150 < len(held[0]) < 250
    assert all(draw_joiner(design(holdout_share=0.1), unit).variant is None for unit in held[0])  # type: ignore[union-attr]


def test_joiners_are_shared_out_by_weight_and_nobody_is_no_unit() -> None:
    drawn = [draw_joiner(design(variants=HALVES), f"e{i}") for i in range(4_000)]
    counts = Counter(one.variant for one in drawn if one is not None)
    assert abs(counts["a"] - 2_000) < 130  # four standard deviations
    assert draw_joiner(design(), "") is None
    assert draw_joiner(design(), "  ") is None


def test_a_team_is_a_unit_and_who_has_none_or_left_is_nobodys() -> None:
    people: dict[str, dict[str, object]] = {
        "e001": {"team_id": None},
        "e002": {"active": False},
        "e003": {"site": "kobe"},
    }
    dataset = company((), 48, **people)
    roster = roster_of(dataset["employees"], design(unit="team", strata=("site", "work_style")))
    assert not {"e001", "e002"} & set(roster["employee_id"])
    assert roster["unit_id"].nunique() == 24
    # Of the team's two members e003 alone is in Kobe: a tie, decided by the order of names.
    mine = roster.loc[roster["unit_id"] == person(3)["team_id"], "stratum"]
    assert mine.unique().tolist() == ["kobe|desk"]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_tiny_stratum_is_drawn_by_weight_over_many_experiments(n: int) -> None:
    units = {f"e{i}": "x" for i in range(n)}
    control = sum(
        one.variant == "a"
        for key in range(600)
        for one in draw(
            design(key=f"k{key}", variants=(Variant("a", 0.2), Variant("b", 0.8))), units
        )
    )
    assert abs(control / (600 * n) - 0.2) < 0.07
