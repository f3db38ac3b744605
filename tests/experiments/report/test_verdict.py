import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.report.verdict import Judgement, Yardstick, judge_entry, smallest_that_matters
from tests.experiments.report.results import Entry, entries, entry, silent

PLAIN = Yardstick()
# The control's mean is 10, so a change of 1 is the smallest that matters.


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (0.5, 3.0, 0.01, Judgement("better", "shown")),
        (-3.0, -0.5, 0.01, Judgement("worse", "shown")),
        (0.1, 0.9, 0.01, Judgement("better", "shown", is_small=True)),
        (0.1, 3.0, 0.20, Judgement("cannot_tell", "several_looked_at")),
        (-0.9, 0.9, 0.90, Judgement("no_difference", "ruled_out")),
        (-0.5, 1.5, 0.40, Judgement("cannot_tell", "wide")),
        (-5.0, 0.5, 0.20, Judgement("cannot_tell", "wide")),
        (0.0, 0.5, 0.05, Judgement("no_difference", "ruled_out")),
    ],
)
def test_verdicts(low: float, high: float, p: float, expected: Judgement) -> None:
    judged = judge_entry(entry("y", "b", 10.0, low, high, p), PLAIN, is_ratio_flagged=False)
    assert judged == expected


def test_less_may_be_better() -> None:
    yardstick = Yardstick(lower_is_better=frozenset({"errors"}))
    fewer, more = (entry("errors", "b", 10.0, low, low + 1, 0.01) for low in (-3.0, 2.0))
    assert judge_entry(fewer, yardstick, is_ratio_flagged=False).verdict == "better"
    assert judge_entry(more, yardstick, is_ratio_flagged=False).verdict == "worse"


def test_another_yardstick_gives_another_verdict() -> None:
    found = entry("y", "b", 10.0, -0.9, 0.9, 0.9)
    strict = judge_entry(found, Yardstick(matters_share=0.05), is_ratio_flagged=False)
    assert strict == Judgement("cannot_tell", "wide")


def test_nothing_is_said_about_groups_that_are_not_what_was_planned() -> None:
    found = judge_entry(entry("y", "b", 10.0, 2, 3, 1e-9), PLAIN, is_ratio_flagged=True)
    assert found == Judgement("cannot_tell", "sample_ratio")


def test_what_was_not_computed_cannot_be_told() -> None:
    found = judge_entry(silent("y", "b", "no clusters"), PLAIN, is_ratio_flagged=True)
    assert found == Judgement("cannot_tell", "not_computable")


def test_an_interval_without_ends_excludes_nothing() -> None:
    unbounded = entry("y", "b", 10.0, 0, 1, 0.5) | {"decision_ci": [None, None]}
    judged = judge_entry(unbounded, PLAIN, is_ratio_flagged=False)
    assert judged == Judgement("cannot_tell", "unbounded")
    one_sided = unbounded | {"decision_ci": [0.5, None], "adjusted_p_value": 0.01}
    assert judge_entry(one_sided, PLAIN, is_ratio_flagged=False).verdict == "better"


def test_without_a_mean_there_is_no_yardstick() -> None:
    found = entry("y", "b", 0.0, -0.1, 0.1, 0.9)
    assert smallest_that_matters(found, PLAIN) is None
    judged = judge_entry(found, PLAIN, is_ratio_flagged=False)
    assert judged == Judgement("no_difference", "no_yardstick")


@given(found=entries(), flag=st.booleans(), share=st.floats(0.001, 1))
def test_turning_the_direction_turns_better_and_worse_only(
    found: Entry, flag: bool, share: float
) -> None:
    there = judge_entry(found, Yardstick(share), is_ratio_flagged=flag)
    turned = Yardstick(share, frozenset({found["metric"]}))
    back = judge_entry(found, turned, is_ratio_flagged=flag)
    swapped = {"better": "worse", "worse": "better"}
    assert back.verdict == swapped.get(there.verdict, there.verdict)
    assert (back.cause, back.is_small) == (there.cause, there.is_small)


@given(found=entries(), flag=st.booleans())
def test_a_verdict_needs_an_interval_on_one_side_of_none_and_a_small_p(
    found: Entry, flag: bool
) -> None:
    judged = judge_entry(found, PLAIN, is_ratio_flagged=flag)
    if judged.verdict in ("better", "worse"):
        low, high = found["decision_ci"]
        assert (low is not None and low > 0) or (high is not None and high < 0)
        p_values = (found["adjusted_p_value"], found["decision_p_value"])
        assert next(p for p in p_values if p is not None) < 0.05
        assert not flag
