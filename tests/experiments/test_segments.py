"""Effects in declared groups, and which groups stay hidden."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.segments import hidden_groups
from tests.experiments.conftest import Analyse


def test_groups_have_the_effects_of_their_rows(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.assign(site=np.where(np.arange(400) < 150, "Kyoto", "Nara"))
    (told,) = analyse(frame, metrics=["y", "b:proportion"], segments=["site"])["segments"]
    assert told["segment"] == "site"
    kyoto, nara = told["groups"]
    assert kyoto["n_units"] == {"a": 75, "b": 75}
    alone = analyse(frame[frame["site"] == "Nara"], metrics=["y", "b:proportion"])
    assert nara["metrics"] == alone["metrics"]
    # Cochran's Q of two groups is the square of a z-test of their difference.
    first, second = kyoto["metrics"][0], nara["metrics"][0]
    z = (first["effect"] - second["effect"]) / np.hypot(first["se"], second["se"])
    p_value = told["interactions"][0]["p_value"]
    assert p_value == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_small_groups_are_hidden_and_so_is_what_would_tell_them(
    analyse: Analyse, sample: pd.DataFrame
) -> None:
    place = np.array(["tiny", "small", "large"])[np.digitize(np.arange(400), [8, 60])]
    (told,) = analyse(sample.assign(place=place), metrics=["y"], segments=["place"])["segments"]
    hidden = {g["value"]: g["is_hidden"] for g in told["groups"]}
    assert hidden == {"tiny": True, "small": True, "large": False}
    for group in told["groups"]:
        if group["is_hidden"]:
            assert group["n_units"] is None
            assert group["metrics"] == []
    assert told["interactions"] == [{"metric": "y", "variant": "b", "p_value": None}]


def test_few_values_in_a_group_are_not_computable(analyse: Analyse, sample: pd.DataFrame) -> None:
    frame = sample.assign(site=np.arange(400) // 200, y=sample["y"].where(np.arange(400) > 181))
    (told,) = analyse(frame, metrics=["y"], segments=["site"])["segments"]
    (entry,) = told["groups"][0]["metrics"]
    assert entry["reason"] == "the variant 'a' has 9 units with a value; expected at least 10"


def test_units_without_a_value_are_a_group(analyse: Analyse, sample: pd.DataFrame) -> None:
    site = pd.Series(["Kyoto"] * 150 + [None] * 250)
    (told,) = analyse(sample.assign(site=site), metrics=["y"], segments=["site"])["segments"]
    assert [group["value"] for group in told["groups"]] == ["Kyoto", None]
    assert told["groups"][1]["n_units"] == {"a": 125, "b": 125}


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6))
def test_the_hidden_ones_together_tell_nothing(counts: list[tuple[int, int]]) -> None:
    table = np.array(counts)
    hidden = hidden_groups(table)
    assert hidden[(table < 10).any(axis=1)].all()
    if hidden.any() and not hidden.all():
        assert (table[hidden].sum(axis=0) >= 10).all()
        assert np.count_nonzero(hidden) > 1
