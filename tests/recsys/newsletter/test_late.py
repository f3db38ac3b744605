"""At the last moment: what no longer holds gives way, and nobody is met with silence."""

from collections.abc import Callable
from typing import Any

import pytest

from recsys.engine import Engine
from recsys.newsletter.late import LateCheck
from recsys.newsletter.picks import Pick, pack, unpack
from recsys.newsletter.plan import IssuePlan, SectionPlan
from recsys.newsletter.policy import IssuePolicy
from tests.recsys.slate.companies import (
    AT,
    HOUR,
    Row,
    aged,
    content,
    engine_of,
    event,
    mandatory,
    people,
)

_NAMES = tuple(f"c{n}" for n in range(8))


def _plan(**more: Any) -> IssuePlan:
    sections = (SectionPlan("top", 2), SectionPlan("more", 1, topics=("safety",)))
    wanted: dict[str, Any] = {"sections": sections, "total": 3, "explore_share": 0.0}
    return IssuePlan("friday", AT + 2 * HOUR, **(wanted | more))


def _engine(**more: Any) -> Engine:  # tables
    contents = [
        content(c, published_at=AT - (30 + n) * HOUR, topics=["safety"] if n > 4 else ["people"],
                author_id=f"a{n}")
        for n, c in enumerate(_NAMES)
    ]  # fmt: skip
    more["contents"] = contents + more.get("contents", [])
    return engine_of(**({"employees": people("e0")} | more))


def _ids(pick: Pick) -> list[str]:
    return [item.content_id for item in pick.items]


def _later(engine: Engine, *events: Row) -> None:
    engine.observe([e | {"occurred_at": AT + HOUR} for e in events])
    engine.state.advance(engine.state.clock + 2 * 3600 * 1_000_000)


def test_a_pick_is_the_same_after_it_was_kept() -> None:
    engine = _engine(employees=people("e0", timezone="Asia/Tokyo"))
    pick = IssuePolicy(engine, _plan()).pick("e0")
    assert pick.not_before is not None
    assert unpack(pack(pick)) == pick
    assert LateCheck(engine, _plan()).check(pick) == pick


def _withdraw(engine: Engine, content_id: str) -> None:
    engine.upsert_contents([content(content_id, status="withdrawn")])


def _expire(engine: Engine, content_id: str) -> None:
    engine.upsert_contents([content(content_id, expires_at=AT + 3 * HOUR)])


def _read(engine: Engine, content_id: str) -> None:
    _later(engine, event("open", content_id))


def _send(engine: Engine, content_id: str) -> None:
    _later(engine, event("newsletter_sent", content_id))


@pytest.mark.parametrize("happens", [_withdraw, _expire, _read, _send])
def test_what_no_longer_holds_gives_way_to_its_alternate(
    happens: Callable[[Engine, str], None],
) -> None:
    engine = _engine()
    plan = _plan()
    pick = IssuePolicy(engine, plan).pick("e0")
    gone = pick.items[-1]
    happens(engine, gone.content_id)
    late = LateCheck(engine, plan).check(pick)
    assert _ids(late) == [*_ids(pick)[:-1], gone.alternates[0]]
    assert late.items[-1].section == gone.section
    assert late.items[-1].propensity == 1.0
    assert late.items[:-1] == pick.items[:-1]


def test_an_item_without_an_alternate_is_left_out_and_the_others_move_up() -> None:
    engine, plan = _engine(), _plan()
    pick = IssuePolicy(engine, plan).pick("e0")
    first = pick.items[0]
    for content_id in (first.content_id, *first.alternates):
        _withdraw(engine, content_id)
    late = LateCheck(engine, plan).check(pick)
    assert _ids(late) == _ids(pick)[1:]
    assert [item.position for item in late.items] == [1, 2]


def test_an_acknowledged_must_read_goes_and_an_opened_one_stays() -> None:
    engine, plan = _engine(contents=mandatory(["m0", "m1"])), _plan()
    pick = IssuePolicy(engine, plan).pick("e0")
    assert _ids(pick)[:2] == ["m0", "m1"]
    _later(engine, event("acknowledge", "m0"), event("open", "m1"))
    late = LateCheck(engine, plan).check(pick)
    assert "m0" not in _ids(late)
    assert "m1" in _ids(late)
    assert len(late.items) == 3


def test_alternates_keep_the_maximum_of_an_author() -> None:
    contents = aged("x0", "x1", "x2", author_id="same")
    engine = engine_of(
        employees=people("e0"), contents=[*contents, content("y", author_id="other")]
    )
    sections = (SectionPlan("top", 2, max_per_author=1),)
    plan = _plan(sections=sections, total=2)
    pick = IssuePolicy(engine, plan).pick("e0")
    assert {"y"} < set(_ids(pick))
    _withdraw(engine, "y")
    assert len(LateCheck(engine, plan).check(pick).items) == 1


def test_who_opted_out_is_picked_for_anew_and_who_declined_gets_none() -> None:
    engine, plan = _engine(), _plan()
    pick = IssuePolicy(engine, plan).pick("e0")
    engine.upsert_preferences([{"employee_id": "e0", "personalization_opt_out": True}])
    late = LateCheck(engine, plan).check(pick)
    assert not late.is_personal
    assert late.items
    engine.upsert_preferences([{"employee_id": "e0", "newsletter_frequency": "never"}])
    assert LateCheck(engine, plan).check(pick).skipped == "declined"
    engine.upsert_preferences([{"employee_id": "e0"}])
    engine.upsert_employees([{"employee_id": "e0", "active": False}])
    assert LateCheck(engine, plan).check(pick).skipped == "inactive"


def test_who_would_be_left_with_nothing_is_picked_for_anew() -> None:
    engine, plan = _engine(), _plan(sections=(SectionPlan("top", 1),), total=1)
    pick = IssuePolicy(engine, plan).pick("e0")
    for content_id in (_ids(pick)[0], *pick.items[0].alternates):
        _withdraw(engine, content_id)
    assert len(LateCheck(engine, plan).check(pick).items) == 1
