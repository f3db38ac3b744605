import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.audience.rules import check_rule, matches, parse_rule
from recsys.errors import DatasetError

_SOMEBODY = {"department": "sales", "departments": "sales;plant", "has_pc": "true", "grade": "3"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, True),
        ({"department": "sales"}, True),
        ({"department": ["plant", "sales"]}, True),
        ({"department": ["plant"]}, False),
        ({"department": "sales", "site": "tokyo"}, False),
        ({"departments": ["plant"]}, True),
        ({"eq": {"department": "sales"}}, True),
        ({"eq": {"has_pc": True, "grade": 3}}, True),
        ({"in": {"department": ["it", "sales"]}}, True),
        ({"in": {"department": []}}, False),
        ({"not": {"department": "plant"}}, True),
        ({"not": {}}, False),
        ({"all": []}, True),
        ({"any": []}, False),
        ({"all": [{"department": "sales"}, {"not": {"eq": {"grade": 3}}}]}, False),
        ({"any": [{"site": "tokyo"}, {"grade": 3}]}, True),
        ({"eq": {"unheard of": "x"}}, False),
    ],
)
def test_rules_say_who_is_meant(rule: dict[str, object], expected: bool) -> None:
    assert matches(parse_rule(json.dumps(rule)), _SOMEBODY) is expected


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", '{"not": []}', "[" * 100_000])
def test_what_is_no_rule_is_named(text: str) -> None:
    with pytest.raises(DatasetError, match="audience rule"):
        parse_rule(text)


def test_nesting_has_an_end() -> None:
    rule: dict[str, object] = {}
    for _ in range(16):
        rule = {"not": rule}
    check_rule(rule)
    with pytest.raises(DatasetError, match="deeper than 16"):
        check_rule({"not": rule})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "eq", "in", "department", "x"]), parts, max_size=2
        )
    ),
    max_leaves=8,
)


@given(_JSON)
def test_a_rule_that_was_checked_never_fails_later(rule: object) -> None:
    try:
        checked = parse_rule(json.dumps(rule))
    except DatasetError:
        return
    assert matches(checked, _SOMEBODY) in (True, False)
    assert matches(checked, {}) in (True, False)
