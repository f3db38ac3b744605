"""Rules say exactly who is in a group, in words that its name covers."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.segments.axes import AXES, N_AXES, Float
from recsys.segments.groups import ALL_ROUND, CLAIMS, GROUPS, MAIN_CLAIM
from recsys.segments.rules import Condition, Rule, assign, learn_rules

SELDOM, TIME_POOR = GROUPS.index("seldom_opens"), GROUPS.index("time_poor_interested")
INTEREST, TIME_COST = AXES.index("interest"), AXES.index("time_cost")


def test_the_first_rule_that_fits_counts() -> None:
    rules = (
        Rule(SELDOM, (Condition(INTEREST, -1, -0.5),)),
        Rule(TIME_POOR, (Condition(TIME_COST, 1, 0.3), Condition(INTEREST, 1, 0.0))),
    )
    mean = np.zeros((5, N_AXES))
    mean[:, INTEREST] = [-0.5, -0.9, 0.0, -0.1, 0.4]
    mean[:, TIME_COST] = [0.9, 0.0, 0.3, 0.9, 0.29]
    expected = [SELDOM, SELDOM, TIME_POOR, ALL_ROUND, ALL_ROUND]
    assert assign(mean, rules).tolist() == expected
    assert assign(mean, ()).tolist() == [ALL_ROUND] * 5


def test_a_planted_cut_is_found() -> None:
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(1_000, N_AXES))
    membership = np.zeros((1_000, len(GROUPS)))
    group = np.where(mean[:, TIME_COST] >= 0.7, TIME_POOR, ALL_ROUND)
    membership[np.arange(1_000), group] = 1.0
    (rule,) = learn_rules(mean, membership)
    assert rule.group == TIME_POOR
    (condition,) = rule.conditions
    assert (condition.axis, condition.side) == (TIME_COST, 1)
    assert condition.cut == pytest.approx(0.7, abs=0.05)


def test_the_first_rule_is_the_best_of_all_short_ones() -> None:
    """Every rule of one or two conditions, tried one by one."""
    rng = np.random.default_rng(5)
    mean = rng.normal(size=(150, N_AXES)).round(1)
    membership = np.zeros((150, len(GROUPS)))
    membership[:, SELDOM] = 1 / (1 + np.exp(3 * mean[:, INTEREST] + 2))
    membership[:, ALL_ROUND] = 1 - membership[:, SELDOM]
    rules = learn_rules(mean, membership)
    cuts = [cut for cut in np.unique(mean[:, INTEREST]) if cut <= -0.1]
    single = [Rule(SELDOM, (Condition(INTEREST, -1, cut),)) for cut in cuts]
    pairs = [Rule(SELDOM, (*a.conditions, *b.conditions)) for a, b in combinations(single, 2)]
    best = max(_f1(rule, mean, membership[:, SELDOM]) for rule in single + pairs)
    assert _f1(rules[0], mean, membership[:, SELDOM]) == pytest.approx(best, rel=0.01)


def _f1(rule: Rule, mean: Float, member: Float) -> float:
    told = rule.fits(mean)
    return float(2 * member[told].sum() / (told.sum() + member.sum())) if told.sum() >= 10 else 0.0


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_rules_only_say_what_the_names_claim(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=(120, N_AXES)) * rng.uniform(0.05, 1.0, N_AXES)
    membership = rng.dirichlet(np.full(len(GROUPS), 0.3), 120)
    rules = learn_rules(mean, membership)
    group = assign(mean, rules)
    for rule in rules:
        claim = CLAIMS[GROUPS[rule.group]]
        assert 1 <= len(rule.conditions) <= 2
        assert any(abs(claim[AXES[c.axis]]) >= MAIN_CLAIM for c in rule.conditions)
        for condition in rule.conditions:
            assert claim[AXES[condition.axis]] * condition.side > 0
            assert condition.cut * condition.side >= 0.1
            assert round(condition.cut, 2) == condition.cut
        assert np.count_nonzero(group == rule.group) >= 10
    assert len({rule.group for rule in rules}) == len(rules)


def test_too_few_people_make_no_group() -> None:
    rng = np.random.default_rng(1)
    mean = 0.02 * rng.normal(size=(200, N_AXES))
    mean[:9, TIME_COST] = 2.0
    membership = np.zeros((200, len(GROUPS)))
    membership[:, ALL_ROUND] = 1.0
    membership[:9] = np.eye(len(GROUPS))[TIME_POOR]
    assert learn_rules(mean, membership) == ()
    assert learn_rules(mean[:0], membership[:0]) == ()
