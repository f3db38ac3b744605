import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.audience.conditions import Comparison, InSegment, evaluate
from recsys.audience.rules import RuleError, check_rule, parse_rule, read_rule
from recsys.errors import DatasetError
from tests.recsys.audience.conftest import rules
from tests.recsys.audience.oracle import is_meant

_SOMEBODY = {
    "department": "sales", "departments": "sales;plant", "has_pc": "true", "grade": "3",
    "hire_month": "2024-04", "levels": "2;30",
}  # fmt: skip


def means(rule: Any, segment: str | None = "watcher") -> bool:
    """Evaluate a rule for somebody by what each comparison says of a value."""

    def leaf(comparison: Comparison) -> np.bool_:
        if isinstance(comparison, InSegment):
            return np.bool_(segment in comparison.names)
        held = _SOMEBODY.get(comparison.attribute)
        return np.bool_(held and any(comparison.holds(part) for part in held.split(";")))

    return bool(evaluate(read_rule(rule).condition, leaf, np.True_))


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
        ({"eq": {"grade": 3.0}}, True),
        ({"in": {"department": ["it", "sales"]}}, True),
        ({"in": {"department": []}}, False),
        ({"not": {"department": "plant"}}, True),
        ({"not": {}}, False),
        ({"all": []}, True),
        ({"any": []}, False),
        ({"all": [{"department": "sales"}, {"not": {"eq": {"grade": 3}}}]}, False),
        ({"any": [{"site": "tokyo"}, {"grade": 3}]}, True),
        ({"eq": {"unheard of": "x"}}, False),
        ({"hire_month": {"gte": "2024-04"}}, True),
        ({"hire_month": {"gte": "2024-04", "lt": "2025-04"}}, True),
        ({"hire_month": {"gt": "2024-04"}}, False),
        ({"range": {"hire_month": {"lte": "2024-03"}}}, False),
        ({"hire_month": {"gte": 2024}}, True),  # as texts: the month is no number
        ({"grade": {"lt": 20}}, True),  # as numbers: 3 is less, the text "3" is not
        ({"grade": {"lt": "20"}}, True),
        ({"grade": {"lt": "2x"}}, False),
        ({"levels": {"gt": 10, "lt": 20}}, False),  # one value has to meet both
        ({"levels": {"gt": 10}, "grade": 3}, True),
        ({"unheard of": {"lt": "z"}}, False),
        ({"segment": "watcher"}, True),
        ({"segment": ["deep_reader", "watcher"], "department": "sales"}, True),
        ({"in": {"segment": ["deep_reader"]}}, False),
        ({"not": {"eq": {"segment": "deep_reader"}}}, True),
    ],
)
def test_rules_say_who_is_meant(rule: dict[str, object], expected: bool) -> None:
    assert means(parse_rule(json.dumps(rule))) is expected
    assert is_meant(rule, _SOMEBODY, "watcher") is expected


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", '{"not": []}', "[" * 100_000])
def test_what_is_no_rule_is_named(text: str) -> None:
    with pytest.raises(DatasetError, match="audience rule"):
        parse_rule(text)


@pytest.mark.parametrize(
    ("rule", "place", "told"),
    [
        ({"work_style": "remote"}, "work_style", "cannot be 'remote'; expected desk or field or"),
        ({"all": [{}, {"has_pc": ["yes"]}]}, "all.1.has_pc", "expected true or false"),
        ({"not": {"eq": {"active": 1}}}, "not.eq.active", "expected true or false"),
        ({"has_pc": {"gt": "a"}}, "has_pc", "no order"),
        ({"eq": {"site": ["a"]}}, "eq.site", "expected one value"),
        ({"in": {"site": "a"}}, "in.site", "expected a list of values"),
        ({"in": {}}, "in", "{attribute: …}"),
        ({"site": None}, "site", "null; expected a text"),
        ({"site": [[]]}, "site", "a list; expected a text"),
        ({"site": float("nan")}, "site", "nan; expected a text"),
        ({"grade": {}}, "grade", "no bound; expected bounds (gt, gte, lt, lte)"),
        ({"grade": {"above": 3}}, "grade", "'above'; expected bounds (gt, gte, lt, lte)"),
        ({"range": {"grade": 3}}, "range.grade", "3; expected bounds"),
        ({"grade": {"gt": True}}, "grade.gt", "a flag has no order"),
        ({"range": {"segment": {"gt": "a"}}}, "range.segment", "no order"),
        ({"all": [], "site": "a"}, "", "nest them in 'all'"),
        ({"any": {}}, "any", "an object is no list of rules"),
        ({"mode": "snapshot"}, "", '{"mode": "snapshot", "rule": {…}}'),
        ({"mode": "frozen", "rule": {}}, "mode", "'frozen' is no mode; expected one of live, snap"),
        ({"rule": {}, "site": "a"}, "", "nest others in 'all'"),
        ({"mode": "snapshot", "rule": {"segment": "watcher"}}, "rule", "known as of now only"),
        ({"mode": "live", "rule": {"all": [5]}}, "rule.all.0", "5 is not an object"),
    ],
)
def test_a_message_says_where_and_what_was_expected(rule: object, place: str, told: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_rule(rule)
    assert caught.value.place == place
    assert told in str(caught.value)


def test_nesting_has_an_end() -> None:
    rule: dict[str, object] = {}
    for _ in range(16):
        rule = {"not": rule}
    check_rule(rule)
    with pytest.raises(DatasetError, match="deeper than 16"):
        check_rule({"not": rule})


def _circular() -> dict[str, Any]:
    rule: dict[str, Any] = {}
    rule["not"] = rule
    return rule


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"team_id": [f"t{i}" for i in range(1_000_000)]}, "more than 5,000 parts"),
        ({"all": [{}] * 1_000_000}, "more than 5,000 parts"),
        ({"any": [{"all": [{"a": list(range(50))}] * 50}] * 50}, "more than 5,000 parts"),
        ({"site": "x" * 1_000_000}, "1,000,000 characters"),
        ({"x" * 1_000_000: "a"}, "no name of an attribute"),
        ({"site": 10**5000}, "a number without end"),
        ({"site": {"x" * 100_000: 1}}, "expected bounds"),
        (_circular(), "deeper than 16"),
    ],
)
def test_hostile_rules_get_a_short_message(rule: object, told: str) -> None:
    with pytest.raises(RuleError, match=told) as caught:
        check_rule(rule)
    assert len(str(caught.value)) < 1_000


def test_a_huge_text_is_not_even_read() -> None:
    with pytest.raises(RuleError, match="200,000 at most"):
        parse_rule('{"site": "' + "x" * 10_000_000 + '"}')


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["all", "any", "not", "eq", "in", "range", "gt", "mode", "rule", "segment", "x"]
            ),
            parts,
            max_size=2,
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
    assert means(checked) in (True, False)
    assert means(checked, None) in (True, False)


@given(rules())
def test_rules_mean_what_a_slow_reading_of_them_says(rule: dict[str, Any]) -> None:
    assert means(parse_rule(json.dumps(rule))) == is_meant(rule, _SOMEBODY, "watcher")
