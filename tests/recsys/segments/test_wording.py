"""Every segment has a name and a rule in every language, and the rule says what is done."""

from recsys.segments.axes import AXES
from recsys.segments.groups import CLAIMS, CODES, GROUPS
from recsys.segments.rules import Condition, Rule
from recsys.segments.wording import LANGUAGES, segment_names, segment_rules

NUMBERS = {"least": 20, "half_life": 60, "days": 14}


def test_everything_that_can_be_said_has_words() -> None:
    rules = tuple(
        Rule(GROUPS.index(name), (Condition(AXES.index(axis), 1 if value > 0 else -1, value),))
        for name, claim in CLAIMS.items()
        for axis, value in claim.items()
    )
    assert set(segment_names()) == set(CODES)
    told = segment_rules(rules, NUMBERS)
    assert set(told) == set(CODES)
    for words in (*segment_names().values(), *told.values()):
        assert set(words) == set(LANGUAGES)
        assert all(text and "{" not in text for text in words.values())


def test_a_rule_reads_as_it_is_applied() -> None:
    rule = Rule(
        GROUPS.index("time_poor_interested"),
        (Condition(AXES.index("time_cost"), 1, 0.3), Condition(AXES.index("interest"), 1, 0.1)),
    )
    text = segment_rules((rule,), NUMBERS)["time_poor_interested"]
    assert text["en"].startswith(
        "Takes in short things rather than long ones (time cost ≥ +0.30), and opens"
    )
    assert "Rule 1 of 1" in text["en"]
    assert "(時間コスト ≥ +0.30)、かつ" in text["ja"]
    seldom = Rule(GROUPS.index("seldom_opens"), (Condition(AXES.index("interest"), -1, -0.5),))
    assert "(interest ≤ −0.50)" in segment_rules((seldom,), NUMBERS)["seldom_opens"]["en"]


def test_a_group_without_a_rule_is_not_told() -> None:
    assert set(segment_rules((), NUMBERS)) == set(CODES) - set(CLAIMS)
