"""For whom contents are where only a place is known: what is sure whatever else is true."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.audience.audience import Audiences
from recsys.audience.conditions import Known
from recsys.audience.named import NamedSegments
from recsys.audience.passers import Passers
from recsys.ids import UNKNOWN_INDEX
from tests.recsys.audience.companies import AT_US, company_of

SITES, DEPARTMENTS, GRADES = ("osaka", "tokyo"), ("sales", "plant"), ("1", "2")

PEOPLE: list[dict[str, Any]] = [
    {"employee_id": f"{s}-{d}-{g}", "site": s, "department": d, "grade_band": g}
    for s, d, g in product(SITES, DEPARTMENTS, GRADES)
]
"""One person for everything that can be."""


def meant(rule: Any, attributes: dict[str, str], named: NamedSegments | None = None) -> bool:
    catalogue = company_of(employees=PEOPLE, contents=[{"content_id": "c", "audience": rule}])
    passers = Passers(Audiences(catalogue, named=named), catalogue, attributes)
    return bool(passers.includes(UNKNOWN_INDEX, AT_US, np.array([0], np.int32))[0])


@pytest.mark.parametrize(
    ("rule", "at_osaka", "at_osaka_sales", "anywhere"),
    [
        (None, 1, 1, 1),
        ({}, 1, 1, 1),
        ({"site": ["osaka"]}, 1, 1, 0),
        ({"site": ["tokyo"]}, 0, 0, 0),
        ({"site": "osaka", "department": "sales"}, 0, 1, 0),
        ({"any": [{"site": "osaka"}, {"department": "sales"}]}, 1, 1, 0),
        ({"not": {"site": "tokyo"}}, 1, 1, 0),
        ({"not": {"department": "plant"}}, 0, 1, 0),
        ({"not": {"grade_band": "1"}}, 0, 0, 0),
        ({"not": {"any": [{"site": "tokyo"}, {"grade_band": "1"}]}}, 0, 0, 0),
        ({"site": {"gte": "o", "lt": "p"}}, 1, 1, 0),
        ({"segment": "deep_reader"}, 0, 0, 0),
        ({"not": {"segment": "deep_reader"}}, 0, 0, 0),
        ({"segment": ["deep_reader", "west"]}, 1, 1, 0),
        ({"mode": "snapshot", "rule": {"site": "osaka"}}, 1, 1, 0),
        ({"segment": "nobody defined"}, 0, 0, 0),
    ],
)
def test_what_holds_whatever_else_is_true(
    rule: Any, at_osaka: int, at_osaka_sales: int, anywhere: int
) -> None:
    named = NamedSegments({"west": {"site": "osaka"}})
    answers = [
        meant(rule, attributes, named)
        for attributes in ({"site": "osaka"}, {"site": "osaka", "department": "sales"}, {})
    ]
    assert answers == [bool(at_osaka), bool(at_osaka_sales), bool(anywhere)]


def test_what_nobody_has_is_not_known() -> None:
    for attributes in ({"site": "moon"}, {"floor": "3"}):
        assert not meant({"not": {"site": "tokyo"}}, attributes)
        assert meant(None, attributes)


def test_renditions_with_an_audience_of_their_own() -> None:
    renditions = [
        {"rendition_id": f"r-{site}", "content_id": "c", "format": "video",
         "audience": {"site": site}} for site in SITES
    ]  # fmt: skip
    catalogue = company_of(employees=PEOPLE, contents=[{"content_id": "c"}], renditions=renditions)
    here, nowhere = (Passers(Audiences(catalogue), catalogue, a) for a in ({"site": "osaka"}, {}))
    content = np.array([0], np.int32)
    assert here.includes(-1, AT_US, content)[0]
    assert not nowhere.includes(-1, AT_US, content)[0]
    assert here.meant(-1, AT_US, 0, catalogue.renditions.of(0)) == [True, False]


_LEAVES = st.one_of(
    st.sampled_from(SITES).map(lambda v: {"site": v}),
    st.sampled_from(DEPARTMENTS).map(lambda v: {"department": v}),
    st.sampled_from(GRADES).map(lambda v: {"grade_band": v}),
)
_RULES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda r: {"all": r}),
        st.lists(inner, min_size=1, max_size=3).map(lambda r: {"any": r}),
        inner.map(lambda r: {"not": r}),
    ),
    max_leaves=6,
)
_KNOWN = st.fixed_dictionaries(
    {}, optional={"site": st.sampled_from(SITES), "department": st.sampled_from(DEPARTMENTS)}
)


@given(_RULES, _KNOWN)
def test_nothing_is_shown_that_is_not_for_everybody_there(
    rule: dict[str, Any], known: dict[str, str]
) -> None:
    """Whoever has these attributes, one by one, is meant by what is shown; never the other way."""
    catalogue = company_of(employees=PEOPLE, contents=[{"content_id": "c", "audience": rule}])
    audiences, content = Audiences(catalogue), np.array([0], np.int32)
    if meant(rule, known):
        for index, person in enumerate(PEOPLE):
            if known.items() <= person.items():
                assert audiences.includes(index, AT_US, content)[0]


def test_with_everything_known_it_is_the_persons_own_answer() -> None:
    rule = {"any": [{"not": {"site": "osaka"}}, {"all": [{"department": "sales"}]}]}
    catalogue = company_of(employees=PEOPLE, contents=[{"content_id": "c", "audience": rule}])
    audiences, content = Audiences(catalogue), np.array([0], np.int32)
    for index, person in enumerate(PEOPLE):
        known = {name: value for name, value in person.items() if name != "employee_id"}
        own = audiences.includes(index, AT_US, content)[0]
        assert Passers(audiences, catalogue, known).includes(-1, AT_US, content)[0] == own


def test_three_values() -> None:
    yes, no, maybe = Known(True, True), Known(False, False), Known(False, True)
    assert [~yes, ~no, ~maybe] == [no, yes, maybe]
    assert [yes & maybe, no & maybe, yes | maybe, no | maybe] == [maybe, no, yes, maybe]
