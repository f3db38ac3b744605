"""What every issue keeps, over random companies and plans."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.engine import Engine
from recsys.newsletter.picks import Pick
from recsys.newsletter.plan import Exclusions, IssuePlan, SectionPlan, Style
from recsys.newsletter.policy import IssuePolicy
from tests.recsys.slate.companies import (
    AT,
    DAY,
    HOUR,
    aged,
    content,
    engine_of,
    event,
    mandatory,
    people,
)
from tests.recsys.slate.worlds import STAFF, World, worlds

_MANY = settings(max_examples=40)

_sections = st.lists(
    st.builds(
        SectionPlan,
        section_id=st.just(""),
        quota=st.integers(1, 4),
        topics=st.sampled_from([(), (), ("safety",), ("人", "unheard of")]),
        content_types=st.sampled_from([(), (), ("news",), ("manual", "news")]),
        min_other_department=st.integers(0, 2),
        max_per_author=st.sampled_from([None, 1, 2]),
        max_per_campaign=st.sampled_from([None, 1]),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


@st.composite
def _plans(draw: st.DrawFn) -> IssuePlan:
    sections = tuple(replace(s, section_id=f"s{n}") for n, s in enumerate(draw(_sections)))
    whole = sum(section.quota for section in sections)
    total = draw(st.integers(1, whole))
    listed = st.lists(st.sampled_from([f"c{n:02}" for n in range(12)]), unique=True)
    return IssuePlan(
        "friday", AT + 2 * HOUR, sections, total,
        mandatory=tuple(draw(listed)[:total]), pinned=tuple(draw(listed)[:2]),
        max_minutes=draw(st.sampled_from([None, None, 6.0])),
        explore_share=draw(st.sampled_from([0.0, 0.3, 1.0])), seed=draw(st.integers(0, 3)),
    )  # fmt: skip


def _issue(engine: Engine, *sections: SectionPlan, **more: Any) -> IssuePlan:
    wanted = sections or (SectionPlan("all", 4),)
    plan: dict[str, Any] = {
        "issue_id": "friday", "send_at": AT + HOUR, "sections": wanted,
        "total": sum(section.quota for section in wanted), "explore_share": 0.0,
    }  # fmt: skip
    return IssuePlan(**(plan | more))


def _ids(pick: Pick) -> list[str]:
    return [item.content_id for item in pick.items]


def _kind(section: SectionPlan, row: dict[str, Any]) -> bool:
    fits_topic = not section.topics or bool(set(section.topics) & set(row["topics"]))
    return fits_topic and (
        not section.content_types or row["content_type"] in section.content_types
    )


def _by_section(plan: IssuePlan, pick: Pick) -> dict[str, list[Any]]:
    return {
        s.section_id: [i for i in pick.items if i.section == s.section_id] for s in plan.sections
    }


@_MANY
@given(worlds, _plans())
def test_quotas_kinds_and_maxima_hold(company: tuple[World, Engine], plan: IssuePlan) -> None:
    world, engine = company
    policy = IssuePolicy(engine, plan)
    for person in STAFF:
        pick = policy.pick(person)
        assert len(pick.items) <= plan.total
        assert [item.position for item in pick.items] == list(range(1, len(pick.items) + 1))
        order = [s.section_id for s in plan.sections]
        places = [order.index(item.section) for item in pick.items]
        assert places == sorted(places)
        for section in plan.sections:
            items = _by_section(plan, pick)[section.section_id]
            assert len(items) <= section.quota
            rows = [world.row(i.content_id) for i in items if i.slot_type not in _PLACED]
            assert all(_kind(section, row) for row in rows)
            placed = [world.row(i.content_id) for i in items if i.slot_type in _PLACED]
            for column, most in (
                ("author_id", section.max_per_author), ("campaign_id", section.max_per_campaign),
            ):  # fmt: skip
                before = Counter(row[column] for row in placed)
                for key, n in Counter(row[column] for row in rows if row[column]).items():
                    assert most is None or n + before[key] <= most
            if 0 < len(pick.items) < plan.total and len(items) < section.quota:
                assert section.section_id in pick.short


_PLACED = ("mandatory", "pinned")


@_MANY
@given(worlds, _plans())
def test_must_reads_are_always_there_and_first_of_their_section(
    company: tuple[World, Engine], plan: IssuePlan
) -> None:
    world, engine = company
    policy = IssuePolicy(engine, plan)
    for person in STAFF:
        pick = policy.pick(person)
        owed = [
            c for c in plan.mandatory
            if any(row["content_id"] == c for row in world.contents)
            and world._is_owed(person, world.row(c) | {"mandatory": True})
        ]  # fmt: skip
        found = [i.content_id for i in pick.items if i.slot_type == "mandatory"]
        assert found[: len(owed)] == owed
        placed = [item.slot_type in _PLACED for item in pick.items]
        for items in _by_section(plan, pick).values():
            kinds = [item.slot_type in _PLACED for item in items]
            assert kinds == sorted(kinds, reverse=True)
        assert len(owed) <= sum(placed)


@_MANY
@given(worlds, _plans())
def test_nothing_comes_twice_and_alternates_could_stand_in(
    company: tuple[World, Engine], plan: IssuePlan
) -> None:
    world, engine = company
    policy = IssuePolicy(engine, plan)
    sections = {s.section_id: s for s in plan.sections}
    for person in STAFF:
        pick = policy.pick(person)
        everything = [*_ids(pick), *(a for item in pick.items for a in item.alternates)]
        assert len(set(everything)) == len(everything)
        for item in pick.items:
            assert len(item.alternates) <= 2
            for alternate in item.alternates:
                row = world.row(alternate)
                assert _kind(sections[item.section], row)
                assert world.is_candidate(person, row)


@_MANY
@given(worlds, _plans())
def test_what_is_picked_may_be_picked(company: tuple[World, Engine], plan: IssuePlan) -> None:
    world, engine = company
    policy = IssuePolicy(engine, plan)
    for person in (*STAFF, "nobody"):
        pick = policy.pick(person)
        assert bool(pick.items) == (pick.skipped is None)
        for item in pick.items:
            row = world.row(item.content_id)
            if item.slot_type != "mandatory":
                assert world.is_candidate(person, row)
                assert row["expires_at"] is None
            assert item.rendition_propensity == 1.0
            assert 0.0 < item.propensity <= 1.0
            assert item.slot_type == "explore" or item.propensity == 1.0
        if world.wishes(person)["personalization_opt_out"] or plan.explore_share == 0.0:
            assert "explore" not in {item.slot_type for item in pick.items}


@_MANY
@given(worlds, _plans(), st.permutations(STAFF))
def test_picks_depend_on_nobody_else(
    company: tuple[World, Engine], plan: IssuePlan, order: list[str]
) -> None:
    _, engine = company
    one, other = IssuePolicy(engine, plan), IssuePolicy(engine, plan)
    picks = {person: one.pick(person) for person in STAFF}
    assert {person: other.pick(person) for person in order[:3]} == {
        person: picks[person] for person in order[:3]
    }


def test_a_scarce_kind_is_left_to_the_section_that_needs_it() -> None:
    engine = engine_of(
        employees=people("e0"),
        contents=[*aged("c0", topics=["safety"]), content("c1"), content("c2")],
    )
    plan = _issue(engine, SectionPlan("all", 2), SectionPlan("safe", 1, topics=("safety",)))
    pick = IssuePolicy(engine, plan).pick("e0")
    assert _by_section(plan, pick)["safe"][0].content_id == "c0"
    assert pick.short == ()


def test_other_departments_have_their_minimum() -> None:
    contents = [
        *aged("own0", "own1", "own2", owner_department="plant"),
        content("far", owner_department="lab", published_at=AT - 9 * DAY),
    ]
    engine = engine_of(employees=people("e0"), contents=contents)
    plan = _issue(engine, SectionPlan("all", 2, min_other_department=1))
    pick = IssuePolicy(engine, plan).pick("e0")
    assert set(_ids(pick)) == {"own0", "far"}
    assert pick.short == ()
    plan = _issue(engine, SectionPlan("all", 3, min_other_department=2))
    assert IssuePolicy(engine, plan).pick("e0").short == ("all:other_department",)


@pytest.mark.parametrize(
    ("days", "times", "again"), [(10, 1, False), (20, 1, True), (20, 2, False)]
)
def test_what_was_sent_lately_or_twice_is_not_sent_again(
    days: int, times: int, again: bool
) -> None:
    sends = [
        event("newsletter_sent", "c0", occurred_at=AT - timedelta(days=days + n), issue_id=f"i{n}")
        for n in range(times)
    ]
    engine = engine_of(
        employees=people("e0"),
        contents=[content(c, published_at=AT - 30 * DAY) for c in ("c0", "c1")],
        events=sends,
    )
    pick = IssuePolicy(engine, _issue(engine)).pick("e0")
    assert ("c0" in _ids(pick)) is again
    must = _issue(engine, mandatory=("c0",))
    assert _ids(IssuePolicy(engine, must).pick("e0"))[0] == "c0"


def test_seen_contents_come_back_only_where_the_plan_says_so() -> None:
    opened = [event("open", "c0")]
    engine = engine_of(employees=people("e0"), contents=aged("c0", "c1"), events=opened)
    assert _ids(IssuePolicy(engine, _issue(engine)).pick("e0")) == ["c1"]
    anyhow = _issue(engine, exclude=Exclusions(seen=False))
    assert set(_ids(IssuePolicy(engine, anyhow).pick("e0"))) == {"c0", "c1"}


def test_a_segment_gets_its_formats_first_and_its_minutes() -> None:
    renditions = [
        {"rendition_id": f"{c}-{form}", "content_id": c, "format": form, **length}
        for c, forms in (("c0", ("article",)), ("c1", ("article", "illustration")))
        for form, length in (
            ("article", {"word_count": 2400}),
            ("illustration", {"word_count": 60}),
        )
        if form in forms
    ]
    engine = engine_of(employees=people("e0"), contents=aged("c0", "c1"), renditions=renditions)
    plain = IssuePolicy(engine, _issue(engine)).pick("e0")
    assert _ids(plain) == ["c0", "c1"]
    style = Style(formats={"illustration": 50.0}, max_minutes=5.0)
    styled = IssuePolicy(engine, _issue(engine, styles={"": style})).pick("e0")
    assert [(i.content_id, i.format) for i in styled.items] == [("c1", "illustration")]
    assert styled.items[0].est_minutes == pytest.approx(0.25)


def test_every_share_of_slots_is_drawn_with_its_propensity() -> None:
    names = [f"c{n}" for n in range(12)]
    engine = engine_of(
        employees=people(*(f"e{n}" for n in range(200))),
        contents=aged(*names),
    )
    policy = IssuePolicy(engine, _issue(engine, SectionPlan("all", 5), explore_share=0.1))
    picks = [policy.pick(f"e{n}") for n in range(200)]
    drawn = [i for pick in picks for i in pick.items if i.slot_type == "explore"]
    assert 0.4 < len(drawn) / 200 < 0.6  # half a slot each
    # Horvitz and Thompson: in each drawn slot the weights of all that may be there sum to their n.
    assert np.mean([1 / i.propensity for i in drawn]) == pytest.approx(10, abs=1.5)


def test_who_does_not_want_it_is_skipped_with_the_cause() -> None:
    engine = engine_of(
        employees=[*people("e0", "e1"), *people("gone", active=False),
                   *people("late", timezone="Asia/Tokyo")],
        contents=[*aged("c0", audience={"department": ["plant"]})],
        preferences=[{"employee_id": "e0", "newsletter_frequency": "never"}],
        events=[event("open", "c0", "e1")],
    )  # fmt: skip
    policy = IssuePolicy(engine, _issue(engine))
    causes = {name: policy.pick(name).skipped for name in ("e0", "e1", "gone", "late")}
    assert causes == {
        "e0": "declined", "e1": "nothing_relevant", "gone": "inactive", "late": None,
    }  # fmt: skip
    assert policy.pick("late").not_before is not None


def test_a_plain_pick_is_the_same_for_everybody_alike() -> None:
    engine = engine_of(
        employees=people("e0", "e1"), contents=aged("c0", "c1", "c2"),
        preferences=[{"employee_id": "e1", "personalization_opt_out": True}],
    )  # fmt: skip
    policy = IssuePolicy(engine, _issue(engine))
    assert _ids(policy.pick("e0", plain=True)) == _ids(policy.pick("e1"))
    assert {item.slot_type for item in policy.pick("e0", plain=True).items} == {"fallback"}


def test_the_company_must_reads_are_in_the_mail_too() -> None:
    engine = engine_of(employees=people("e0"), contents=[*mandatory(["m"]), *aged("c0", "c1")])
    assert IssuePolicy(engine, _issue(engine)).pick("e0").items[0].slot_type == "mandatory"
