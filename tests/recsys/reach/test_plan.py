"""What to do about whom a content did not reach: by hand, and what must not be told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from recsys.advice.advice import Choice, FormatAdvice
from recsys.reach.fates import CAUSES, FATES, fates, look_at
from recsys.reach.funnel import draw_funnel
from recsys.reach.plan import FormatHint, Step, hint_of, open_chance, plan_steps
from recsys.reach.visits import Visits, best_hours, read_visits, visit_probability
from tests.recsys.reach.conftest import AT, Row, happened, state_of

HINT = FormatHint("video", exists=False, is_clear=True)


def visits(days: Sequence[int], window: Sequence[float], hours: Sequence[int]) -> Visits:
    return Visits(np.array(days), np.array(window, float), np.array(hours, np.uint32))


def test_who_comes_within_a_week() -> None:
    found = visit_probability(visits([0, 8, 28], [28, 28, 28], [0, 0, 0]))
    p = np.array([0.5, 8.5, 28.5]) / 29
    np.testing.assert_allclose(found, 1 - (1 - p) ** 7)
    # Two active calendar days may lie in a window of little more than one.
    assert visit_probability(visits([2], [1.0], [0]))[0] < 1


def test_best_hours_are_those_of_ten_people_or_more() -> None:
    hours = [1 << 9 | 1 << 12] * 10 + [1 << 17] * 9 + [1 << 12]
    assert best_hours(visits([1] * 20, [28] * 20, hours)) == (9, 12)
    assert best_hours(visits([1] * 9, [28] * 9, [1 << 9] * 9)) == ()


def test_hours_are_read_from_their_own_clocks() -> None:
    people = [{"employee_id": "a", "timezone": "Asia/Tokyo"}, {"employee_id": "b"},
              {"employee_id": "c", "timezone": "Not/There"}]  # fmt: skip
    state = state_of(people, [happened(e, "open", content_id="old") for e in "abc"])
    found = read_visits(state, np.arange(3, dtype=np.int32), AT)
    assert found.hours.tolist() == [1 << 18, 1 << 9, 1 << 9]  # published at 9:00 UTC
    assert found.active_days.tolist() == [1, 1, 1]
    assert found.window_days.tolist() == [28.0] * 3


def company(**content: Any) -> tuple[list[Row], list[Row]]:
    """Forty people: ten opened it, ten saw it twice, ten came, ten did not come."""
    people = [{"employee_id": f"e{i:02}"} for i in range(40)]
    log = [happened(p["employee_id"], "open", days=-9, content_id="old") for p in people]
    for i in range(20):
        log += [happened(f"e{i:02}", "impression", days=day) for day in (1, 2)]
    log += [happened(f"e{i:02}", "open", days=2.1) for i in range(10)]
    log += [happened(f"e{i:02}", "impression", days=3, content_id="old") for i in range(20, 30)]
    return people, log


def planned(hint: FormatHint | None = HINT, **content: Any) -> dict[str, Step]:
    people, log = company()
    state = state_of(people, log, [{"content_id": "c", **content}])
    who = np.arange(len(people), dtype=np.int32)
    place = state.catalogue.contents.ids.index("c")
    codes = fates(look_at(state, who, place, AT))
    funnel = draw_funnel(codes, {}, {*CAUSES, "completed", "acknowledged"} - {"not_visited"})
    return {s.cause: s for s in plan_steps(state, place, AT, who, codes, funnel, hint)}


def test_a_plan_by_hand() -> None:
    steps = planned()
    # All pairs with an impression: twenty with the new content, ten of them opened; ten with the
    # old one, whose readers all opened it. So r = 20/30, and the rate (10 + 10 r) / (20 + 10).
    rate = (10 + 10 * 20 / 30) / 30
    come = 1 - (1 - 1.5 / 29) ** 7  # one active day of 28
    seldom = 1 - (1 - 3.5 / 29) ** 7  # three: long ago, and two showings
    two = 1 - (1 - 2.5 / 29) ** 7
    assert steps["seen"] == Step(
        "seen", "other_format", 10, round(10 * seldom * rate * 2 / 4), (9,), HINT
    )
    assert steps["delivered"] == Step(
        "delivered", "show_again", 10, round(10 * two * rate), (9,), None
    )
    assert steps["not_visited"] == Step(
        "not_visited", "newsletter", 10, round(10 * come * rate), (9,), None
    )
    for cause in ("no_device", "on_leave", "language", "muted", "unmeasurable", "opted_out"):
        assert steps[cause].people == 0
        assert steps[cause].expected_readers is None


def test_of_sensitive_contents_nothing_is_estimated() -> None:
    for step in planned(sensitive=True).values():
        assert (step.expected_readers, step.best_hours, step.format) == (None, (), None)


def test_every_cause_has_a_step_even_where_all_is_hidden() -> None:
    people, log = company()
    state = state_of(people[:5], [e for e in log if e["employee_id"] < "e05"])
    who = np.arange(5, dtype=np.int32)
    codes = fates(look_at(state, who, 0, AT))
    steps = plan_steps(state, 0, AT, who, codes, draw_funnel(codes, {}), HINT)
    assert {s.cause for s in steps} == {*CAUSES, "seen", "delivered"}
    assert all(s == Step(s.cause, s.action, None) for s in steps)


def test_without_any_rate_nothing_is_expected() -> None:
    state = state_of([{"employee_id": f"e{i}"} for i in range(3)], [])
    codes = np.full(3, FATES.index("not_visited"), np.int8)
    assert np.isnan(open_chance(state, codes, np.arange(3, dtype=np.int32), 0)).all()


@pytest.mark.parametrize(
    ("produce", "lead", "expected"),
    [
        (Choice("clear", "clear", "video"), Choice("only", "only", "article"),
         FormatHint("video", exists=False, is_clear=True)),
        (Choice("nothing", "no_gain", "video"), Choice("randomise", "close", "article"),
         FormatHint("article", exists=True, is_clear=False)),
        (Choice("nothing", "nothing"), Choice("only", "only", "article"), None),
        (None, None, None),
    ],
)  # fmt: skip
def test_which_format_to_try(
    produce: Choice | None, lead: Choice | None, expected: FormatHint | None
) -> None:
    advice = FormatAdvice("c", (), is_suppressed=False, lead=lead, produce=produce)
    assert hint_of(advice) == expected
