"""Masks over everybody against a slow reading of the rules, one person at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from recsys.audience.named import NamedSegments, compile_rule
from recsys.audience.population import Population
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.segments.groups import CODES
from recsys.times import NO_TIME
from tests.recsys.audience.conftest import PEOPLE, SEGMENTS, rules
from tests.recsys.audience.oracle import is_meant

_NAMED: dict[str, dict[str, Any]] = {
    "mine": {"any": [{"department": "it"}, {"segment": "watcher"}]},
    "others": {"not": {"segment": "mine"}},
}
_NAMES = (*SEGMENTS, *_NAMED)


def _catalogue(people: Sequence[dict[str, str]], order: Sequence[int]) -> Catalogue:
    """Return a company of people whose ids are their places, brought in some order."""
    catalogue = Catalogue()
    rows = [{"employee_id": f"e{i}", **people[i]} for i in order]
    catalogue.upsert("employees", checked_rows("employees", rows)[0], valid_from=NO_TIME)
    return catalogue


def _masks(
    rules_asked: Sequence[Any], people: Sequence[dict[str, str]], order: Sequence[int]
) -> list[list[bool]]:
    """Return for each rule whether each person, by place, is meant."""
    table = _catalogue(people, order).employees
    segments = np.array([CODES.index(SEGMENTS[i % 2]) for i in order], np.int8)
    named = NamedSegments(_NAMED)
    now = Population(table, 0, segments=lambda: segments, named=named)
    places = table.ids.indices(pd.Series([f"e{i}" for i in range(len(people))], dtype="str"))
    return [now.mask(compile_rule(rule, named).condition)[places].tolist() for rule in rules_asked]


@given(st.lists(rules(_NAMES), min_size=1, max_size=5), PEOPLE, st.randoms())
def test_masks_are_what_the_rules_say_of_each_person(
    asked: list[Any], people: list[dict[str, str]], random: Any
) -> None:
    """In whichever order people came in."""
    expected = [
        [is_meant(rule, person, SEGMENTS[i % 2], _NAMED) for i, person in enumerate(people)]
        for rule in asked
    ]
    order = list(range(len(people)))
    assert _masks(asked, people, order) == expected
    random.shuffle(order)
    assert _masks(asked, people, order) == expected


def test_many_values_are_looked_up_as_few_are() -> None:
    people = [{"team_id": f"t{i}"} for i in range(300)]
    wanted = [f"t{i}" for i in range(0, 300, 3)]
    asked = [
        {"team_id": wanted},
        {"any": [{"team_id": t} for t in wanted]},
        {"team_id": {"lt": "t2"}},
    ]
    many, one_by_one, before = _masks(asked, people, range(300))
    assert many == one_by_one == [i % 3 == 0 for i in range(300)]
    assert before == [f"t{i}" < "t2" for i in range(300)]


def test_somebody_without_attributes_is_in_no_mask() -> None:
    catalogue = _catalogue([{"department": "it"}], [0])
    catalogue.employees.ids.add("stranger")
    now = Population(catalogue.employees, 0)
    for rule in ({"not": {"department": "sales"}}, {"not": {"segment": "watcher"}}, {}):
        assert now.mask(compile_rule(rule).condition).tolist() == [True, False]


def test_segments_are_asked_for_once_and_only_if_mentioned() -> None:
    calls = []

    def codes() -> Any:
        calls.append(1)
        return np.array([CODES.index("watcher")], np.int8)

    now = Population(_catalogue([{"department": "it"}], [0]).employees, 0, segments=codes)
    now.mask(compile_rule({"department": "it"}).condition)
    assert not calls
    for name, expected in (("watcher", True), ("deep_reader", False)):
        assert now.mask(compile_rule({"segment": name}).condition).tolist() == [expected]
    assert len(calls) == 1
