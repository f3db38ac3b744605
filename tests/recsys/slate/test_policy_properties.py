"""What every feed keeps, over random companies; what each wish of the comms team does."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.answers import Begun, FeedRequest, Slate
from recsys.engine import Engine
from recsys.slate.fatigue_fitting import DEFAULT_FATIGUE
from recsys.slate.recipe import DEFAULT_SLATE
from recsys.slate.rules.exploration import PlackettLuce
from recsys.slate.rules.floors import OtherDepartment
from tests.recsys.slate.companies import (
    AT,
    DAY,
    HOUR,
    Row,
    aged,
    content,
    effect,
    engine_of,
    event,
    feed,
    ids,
    mandatory,
    people,
    shown,
)
from tests.recsys.slate.worlds import DEPARTMENTS, NOTICE, STAFF, World, worlds

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_SURFACES = ("portal", "mobile", "newsletter", "print", "signage")
_FLEETING = ("portal", "mobile")

_ORIGIN_DOES_NOT_COUNT = DEFAULT_SLATE.with_rule(OtherDepartment(strength=0.0))


# ---- random companies

_MANY = settings(max_examples=40)


@_MANY
@given(worlds, st.sampled_from(_SURFACES), st.sampled_from([0, 1, 3, 5, 100]))
def test_whatever_is_shown_may_be_shown(
    company_of: tuple[World, Engine], surface: str, limit: int
) -> None:
    world, engine = company_of
    for person in (*STAFF, "nobody"):
        slate = feed(engine, person, surface=surface, limit=limit)
        assert len(slate.items) <= limit
        assert [item.position for item in slate.items] == list(range(1, len(slate.items) + 1))
        assert max(Counter(ids(slate)).values(), default=1) == 1
        owed = world.owed(person, urgent=False)
        for item in slate.items:
            row = world.row(item.content_id)
            assert world.is_candidate(person, row) or item.content_id in owed
            assert len(item.reasons) <= 2
            meant = {r["rendition_id"]: r["format"] for r in world.meant(person, row)}
            assert meant.get(item.rendition_id, "article") == item.format
            assert item.rendition_id in meant or not meant
            assert 0 < item.rendition_propensity <= 1


@_MANY
@given(worlds, st.sampled_from(_SURFACES), st.sampled_from([0, 1, 2, 3, 20]))
def test_must_reads_are_first_in_the_order_of_their_due_times(
    company_of: tuple[World, Engine], surface: str, limit: int
) -> None:
    world, engine = company_of
    for person in (*STAFF, "nobody"):
        slate = feed(engine, person, surface=surface, limit=limit)
        owed = world.owed(person, urgent=surface in ("print", "signage"))
        placed = owed[: min(3, limit)]
        assert [i.content_id for i in slate.items if i.slot_type == "mandatory"] == placed
        assert ids(slate)[: len(placed)] == placed
        assert slate.must_reads_waiting == len(owed) - len(placed)
        assert not set(ids(slate)[len(placed) :]) & set(owed)


@_MANY
@given(worlds)
def test_nothing_that_may_be_shown_is_forgotten(company_of: tuple[World, Engine]) -> None:
    world, engine = company_of
    engine.slates.use(DEFAULT_SLATE.without("caps"))
    for person in STAFF:
        owed = world.owed(person, urgent=False)
        candidates = {c["content_id"] for c in world.contents if world.is_candidate(person, c)}
        found = set(ids(feed(engine, person, limit=1000)))
        assert found == (candidates | set(owed)) - set(owed[3:])
    engine.slates.use(DEFAULT_SLATE)


@_MANY
@given(worlds, st.sampled_from(_SURFACES))
def test_equal_questions_get_equal_answers_and_only_fleeting_feeds_draw(
    company_of: tuple[World, Engine], surface: str
) -> None:
    world, engine = company_of
    for recipe in (DEFAULT_SLATE.with_rule(PlackettLuce()), DEFAULT_SLATE):
        engine.slates.use(recipe)
        for person in (*STAFF, "nobody"):
            slate = feed(engine, person, surface=surface, request_id="r", limit=30)
            assert slate == feed(engine, person, surface=surface, request_id="r", limit=30)
            assert all(i.propensity == 1 for i in slate.items if i.slot_type != "explore")
            is_opted_out = world.wishes(person)["personalization_opt_out"]
            if surface not in _FLEETING or is_opted_out:
                assert "explore" not in {item.slot_type for item in slate.items}


@_MANY
@given(worlds, st.sampled_from([0.5, 1, 3, 8, 60]), st.sampled_from([3, 50]))
def test_the_minutes_are_kept(
    company_of: tuple[World, Engine], max_minutes: float, limit: int
) -> None:
    world, engine = company_of
    for person in STAFF:
        slate = feed(engine, person, max_minutes=max_minutes, limit=limit)
        chosen = [world.minutes(i) for i in slate.items if i.slot_type != "mandatory"]
        must = sum(world.minutes(i) for i in slate.items if i.slot_type == "mandatory")
        assert sum(chosen) <= max(max_minutes - must, 0.0) + 1e-9


@_MANY
@given(
    worlds, st.sampled_from(_SURFACES), st.sampled_from([2, 8, 11]),
    st.sampled_from([None, 9.0, 60.0]),
)  # fmt: skip
def test_pages_are_the_whole_slate_in_parts(
    company_of: tuple[World, Engine], surface: str, first: int, max_minutes: float | None
) -> None:
    _, engine = company_of
    for person in (*STAFF, "nobody"):
        asked = FeedRequest(person, AT, 30, surface, None, max_minutes, "r")
        whole, begun = engine.feed(asked), Begun(AT, ())
        for limit in (first, 5, 100):
            part = engine.feed(replace(asked, limit=limit), begun)
            begun = Begun(AT, (*begun.items, *part.items))
            assert part.is_whole or len(part.items) == limit
        assert begun.items[:30] == whole.items
        assert part.is_whole


def test_a_page_holds_nothing_that_came_after_the_slate_began() -> None:
    engine = engine_of(employees=people(a="x"), contents=aged("1", "2", "3"))
    asked = FeedRequest("a", AT, 1, request_id="r")
    first = engine.feed(asked)
    later = AT + HOUR
    engine.upsert_contents([
        content("new", published_at=AT + HOUR / 2),
        content("must", published_at=AT + HOUR / 2, mandatory=True),
        content("2", status="withdrawn"),
    ])  # fmt: skip
    rest = engine.feed(replace(asked, at=later, limit=9), Begun(AT, first.items))
    assert (ids(first), ids(rest)) == (["1"], ["3"])
    assert [item.position for item in rest.items] == [2]


@pytest.mark.parametrize("seed", range(100, 108))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    world, mixed = World(seed), World(seed)
    for rows in (mixed.employees, mixed.contents, mixed.events):
        rows.reverse()
    first, second = world.engine(), mixed.engine()
    for person in STAFF:
        told = _told(feed(first, person, request_id="r"))
        assert told == _told(feed(second, person, request_id="r"))


def _told(slate: Slate) -> list[tuple[str, str, str, float]]:
    return [(i.content_id, i.format, i.slot_type, round(i.propensity, 9)) for i in slate.items]


# ---- must-reads


def test_five_hundred_must_reads_at_once_leave_a_feed() -> None:
    musts = [
        content(f"m{n:03}", mandatory=True, ack_required=True, ack_due_at=AT + n * HOUR)
        for n in reversed(range(500))
    ]
    engine = engine_of(employees=people("e0"), contents=musts + aged("a", "b", "c"))
    slate = feed(engine, limit=20)
    assert ids(slate) == ["m000", "m001", "m002", "a", "b", "c"]
    assert slate.must_reads_waiting == 497
    assert feed(engine, limit=1).must_reads_waiting == 499
    assert feed(engine, limit=0).must_reads_waiting == 500
    assert feed(engine, "nobody").must_reads_waiting == 497
    engine.observe([event("acknowledge", "m001", occurred_at=AT - timedelta(seconds=1))])
    assert ids(feed(engine, at=AT))[:3] == ["m000", "m002", "m003"]


def test_without_a_due_time_a_must_read_comes_after_those_with_one() -> None:
    musts = mandatory(["none"]) + mandatory(["due"], ack_due_at=AT + 300 * DAY)
    engine = engine_of(employees=people("e0"), contents=musts)
    assert ids(feed(engine)) == ["due", "none"]
    assert ids(feed(engine, surface="signage")) == ["due", "none"]  # nothing is urgent: no place
    assert {i.slot_type for i in feed(engine, surface="signage").items} == {"fallback"}
    later = feed(engine, surface="print", at=AT + 6 * DAY)
    assert (later.items[0].content_id, later.items[0].slot_type) == ("none", "mandatory")


def test_an_acknowledgement_removes_at_once_and_only_for_whoever_gave_it() -> None:
    engine = engine_of(employees=people("e0", "e1"), contents=mandatory(["m"]) + aged("a"))
    engine.observe([event("open", "m")])
    assert ids(feed(engine)) == ["m", "a"]
    engine.observe([event("acknowledge", "m", occurred_at=AT - timedelta(microseconds=1))])
    assert ids(feed(engine)) == ["a"]
    assert ids(feed(engine, "e1")) == ["m", "a"]


@pytest.mark.parametrize(
    "audience", [{"department": ["nowhere"]}, {"not": {"all": []}}, {"segment": ["no such"]}]
)
def test_an_audience_of_nobody_is_shown_to_nobody(audience: Row) -> None:
    contents = [*aged("a"), content("x", audience=audience)]
    contents += mandatory(["m"], audience=audience) + aged("p", audience=audience, priority=9)
    engine = engine_of(employees=people("e0"), contents=contents)
    for person in ("e0", "nobody"):
        slate = feed(engine, person)
        assert (ids(slate), slate.must_reads_waiting) == (["a"], 0)


def test_a_must_read_is_owed_whatever_was_muted_and_in_whatever_language() -> None:
    musts = mandatory(["m"], topics=["safety"], language="ja")
    engine = engine_of(
        employees=people("e0"), contents=musts + aged("a", topics=["safety"]),
        preferences=[{"employee_id": "e0", "muted_topics": ["safety"], "languages": ["en"]}],
    )  # fmt: skip
    assert ids(feed(engine)) == ["m"]


def test_must_reads_that_were_put_off_take_turns_in_one_slot() -> None:
    names = [f"m{n}" for n in range(5)]
    musts = [content(n, mandatory=True, ack_due_at=AT + i * HOUR) for i, n in enumerate(names)]
    engine = engine_of(
        employees=people("e0", "e1"), contents=[*musts, *aged("a")],
        events=[*shown("m0", 3), *shown("m1", 6), *shown("m2", 2)],
    )  # fmt: skip
    slate = feed(engine)
    assert ids(slate)[:3] == ["m2", "m3", "m4"]  # not put off yet: all slots are theirs
    assert slate.must_reads_waiting == 2
    assert ids(feed(engine, "e1"))[:3] == names[:3]
    all_put_off = [*shown("m0", 3), *shown("m1", 3), *shown("m2", 6), *shown("m3", 9)]
    engine = engine_of(
        employees=people("e0"), contents=[*musts[:4], *aged("a")], events=all_put_off
    )
    assert ids(feed(engine)) == ["m0", "a"]


# ---- pins, priority, fatigue


def test_pins_come_by_priority_until_they_end() -> None:
    pins = [
        content("low", pinned_until=AT + DAY, priority=1),
        content("high", pinned_until=AT + HOUR, priority=2, published_at=AT - 5 * DAY),
        content("third", pinned_until=AT + DAY),
        content("over", pinned_until=AT),
    ]
    contents = [*pins, *aged("a", priority=3), *mandatory(["m"])]
    engine = engine_of(employees=people("e0", "e1"), contents=contents)
    slate = feed(engine)
    assert ids(slate)[:3] == ["m", "high", "low"]
    assert [item.slot_type for item in slate.items][1:3] == ["pinned", "pinned"]
    assert all(item.slot_type != "pinned" for item in slate.items[3:])
    later = feed(engine, at=AT + HOUR)
    assert [i.content_id for i in later.items if i.slot_type == "pinned"] == ["low", "third"]


@pytest.mark.parametrize(("times", "is_pinned"), [(5, True), (6, False)])
def test_a_pin_ends_for_whoever_passed_it_six_times(times: int, is_pinned: bool) -> None:
    contents = [content("p", pinned_until=AT + DAY, published_at=AT - 3 * DAY), *aged("a")]
    engine = engine_of(employees=people("e0", "e1"), contents=contents, events=shown("p", times))
    assert ids(feed(engine)) == (["p", "a"] if is_pinned else ["a", "p"])
    assert ids(feed(engine, "e1")) == ["p", "a"]


def test_priority_is_worth_a_factor_of_two_a_step_and_fades() -> None:
    contents = [content(f"p{n}", priority=n, published_at=AT) for n in (-9, -1, 0, 1, 2, 9)]
    engine = engine_of(employees=people("e0"), contents=contents)
    assert ids(feed(engine)) == ["p9", "p2", "p1", "p0", "p-1", "p-9"]
    factors = [effect(engine, "boosts", f"p{n}") for n in (-9, -1, 0, 1, 2, 9)]
    assert factors == pytest.approx([1 / 8, 1 / 2, 1, 2, 4, 8])
    assert effect(engine, "boosts", "p2", at=AT + 3.5 * DAY) == pytest.approx(2)
    assert effect(engine, "boosts", "p2", at=AT + 7 * DAY) == 1


def test_what_was_shown_often_and_not_opened_sinks() -> None:
    engine = engine_of(
        employees=people("e0", "e1"), contents=aged("a", "b", "c"),
        events=[*shown("a", 4), *shown("b", 1)],
    )  # fmt: skip
    assert ids(feed(engine)) == ["c", "b", "a"]
    assert effect(engine, "fatigue", "a") == pytest.approx((1 + 4) ** -DEFAULT_FATIGUE)
    assert ids(feed(engine, "e1")) == ["a", "b", "c"]


def test_showings_of_the_visit_that_goes_on_do_not_count() -> None:
    now = [
        event("impression", "a", occurred_at=AT - timedelta(minutes=m), position=1)
        for m in range(1, 29)
    ]
    engine = engine_of(employees=people("e0"), contents=aged("a", "b"), events=now)
    assert ids(feed(engine)) == ["a", "b"]
    assert ids(feed(engine, at=AT + HOUR)) == ["b", "a"]


@pytest.mark.parametrize(("times", "expected"), [(29, ["b", "a"]), (30, ["b"])])
def test_what_was_shown_thirty_times_is_shown_no_more(times: int, expected: list[str]) -> None:
    contents = [*aged("a", "b"), *mandatory(["m"])]
    engine = engine_of(
        employees=people("e0"), contents=contents, events=shown("a", times) + shown("m", times)
    )
    assert ids(feed(engine)) == ["m", *expected]


def test_who_opted_out_is_ranked_whatever_they_passed_by_sent_away_or_were_sent() -> None:
    events = [*shown("a", 4), event("dismiss", "x", reason="not_interested")]
    events.append(event("share", "c", "e1", reason="person", target_id="e0"))
    told, untold = (
        engine_of(
            employees=people("e0", "e1", "e2"),
            contents=aged("a", "b", "x", "c", topics=["t"]),
            preferences=[{"employee_id": "e0", "personalization_opt_out": True}],
            events=rows,
        )
        for rows in (events, events[-1:])
    )
    assert ids(feed(told)) == [name for name in ids(feed(untold)) if name != "x"]
    assert {code for item in feed(told).items for code in item.reasons} <= {"other_department"}


# ---- near-duplicates


def test_a_notice_posted_by_three_departments_appears_once() -> None:
    notices = [
        content(f"n{d}", title=f"{d}: {NOTICE}", owner_department=d, published_at=AT - n * HOUR)
        for n, d in enumerate(DEPARTMENTS, start=1)
    ]
    engine = engine_of(employees=people("e0", "e1"), contents=notices + aged("a"))
    engine.slates.use(_ORIGIN_DOES_NOT_COUNT)
    assert ids(feed(engine)) == ["nplant", "a"]
    engine.observe([event("open", "nplant", occurred_at=AT - timedelta(seconds=1))])
    assert ids(feed(engine)) == ["nsales", "a"]
    assert ids(feed(engine, "e1"))[0] == "nplant"


def test_short_titles_do_not_collapse() -> None:
    notices = [content(f"n{n}", title="Notice") for n in range(4)]
    engine = engine_of(employees=people("e0"), contents=notices)
    assert sorted(ids(feed(engine))) == ["n0", "n1", "n2", "n3"]


# ---- dismissals


_DISMISSED: Row = {
    "topics": ["t"], "author_id": "a", "owner_department": "sales", "difficulty": "hard",
    "campaign_id": "k", "title": NOTICE, "est_minutes": 9,
}  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "alike", "share"),
    [
        ("not_interested", {"topics": ["t"]}, 1.0),
        ("not_interested", {"topics": ["t", "u"]}, 0.5),
        ("not_interested", {"author_id": "a"}, 0.0),  # it had topics: they are the matter
        ("not_my_work", {"owner_department": "sales"}, 1.0),
        ("not_my_work", {"topics": ["t"]}, 0.5),
        ("too_difficult", {"difficulty": "hard"}, 1.0),
        ("too_difficult", {"topics": ["t"]}, 0.0),
        ("no_time", {"est_minutes": 5}, 1.0),
        ("no_time", {"est_minutes": 4}, 0.0),
        ("already_known", {"title": f"{NOTICE} now"}, 1.0),
        ("already_known", {"campaign_id": "k"}, 0.5),
        ("already_known", {"topics": ["t"]}, 0.0),
        ("wrong_format", _DISMISSED, 0.0),
        (None, {"topics": ["t"]}, 0.5),
        (None, {"owner_department": "sales"}, 0.0),
    ],
)
def test_a_dismissal_lowers_what_its_reason_says(
    reason: str | None, alike: Row, share: float
) -> None:
    """By half of the value at once, half as much a month later."""
    contents = [content("x", **_DISMISSED), content("like", **alike), *aged("b")]
    contents[1]["published_at"] = AT - HOUR
    engine = engine_of(employees=people("e0", "e1"), contents=contents)
    engine.slates.use(_ORIGIN_DOES_NOT_COUNT)
    assert ids(feed(engine, "e1")) == ids(feed(engine))
    engine.observe([event("dismiss", "x", reason=reason, occurred_at=AT - timedelta(seconds=1))])
    assert ids(feed(engine)) == (["b", "like"] if share else ["like", "b"])
    assert effect(engine, "dismissed", "like") == pytest.approx(1 - 0.5 * share, abs=1e-5)
    assert effect(engine, "dismissed", "b") == 1
    assert effect(engine, "dismissed", "like", "e1") == 1
    month = effect(engine, "dismissed", "like", at=AT + 30 * DAY)
    assert month == pytest.approx(1 - 0.25 * share, abs=1e-5)


def test_without_topics_the_author_is_the_matter() -> None:
    contents = [content("x", author_id="a"), *aged("like", author_id="a"), *aged("b")]
    engine = engine_of(
        employees=people("e0"), contents=contents,
        events=[event("dismiss", "x", reason="not_interested")],
    )  # fmt: skip
    assert ids(feed(engine)) == ["b", "like"]


def test_a_wrong_format_is_shown_less() -> None:
    contents = aged("a", "x", "y", "z")
    renditions = [
        {"rendition_id": f"{c}-{form}", "content_id": c, "format": form}
        for c in ("a", "x", "y", "z") for form in ("video", "article")
    ]  # fmt: skip
    engine = engine_of(employees=people("e0", "e1"), contents=contents, renditions=renditions)
    likely = max(p := engine.rendition("e0", "a", AT).propensities, key=p.__getitem__)
    form = likely.split("-")[1]
    dismissed = [
        event("dismiss", c, rendition_id=f"{c}-{form}", reason="wrong_format",
              occurred_at=AT - timedelta(seconds=1))
        for c in ("x", "y", "z")
    ]  # fmt: skip
    engine.observe(dismissed)
    after = engine.rendition("e0", "a", AT).propensities
    assert max(after, key=after.__getitem__) != likely
    others = engine.rendition("e1", "a", AT).propensities
    assert max(others, key=others.__getitem__) == likely


# ---- shares, newcomers, renditions for some


def test_a_personal_share_raises_and_says_so() -> None:
    shares = [
        event("share", "b", "e1", reason="person", target_id="e0"),
        event("share", "a", "e1", reason="community", target_id="e0"),
    ]
    engine = engine_of(
        employees=people("e0", "e1", "e2"), contents=aged("a", "b", "c"), events=shares
    )
    slate = feed(engine)
    assert ids(slate) == ["b", "a", "c"]
    assert [item.reasons for item in slate.items] == [("shared_with_you",), (), ()]
    assert effect(engine, "boosts", "b") == pytest.approx(2)
    other = feed(engine, "e2")
    assert ids(other) == ["a", "b", "c"]
    assert [item.reasons for item in other.items] == [(), (), ()]


@pytest.mark.parametrize(
    ("columns", "factor"),
    [
        ({"hire_month": "2026-03"}, 1 + 0.5 * (1 - 19.5 / 42)),
        ({"hire_month": "2026-01"}, 1.0),
        ({"hire_month": "2026-04"}, 1.0),  # not there yet
        ({"hire_month": "soon", "valid_from": "2026-03-13T12:00:00Z"}, 1 + 0.5 * (1 - 7 / 42)),
        ({"valid_from": "2026-03-13T12:00:00Z"}, 1 + 0.5 * (1 - 7 / 42)),
        ({}, 1.0),
    ],
)
def test_newcomers_find_what_helps_them(columns: Row, factor: float) -> None:
    contents = [*aged("a"), content("manual", content_type="manual", published_at=AT - 2 * DAY)]
    engine = engine_of(employees=people("e0", **columns), contents=contents)
    assert effect(engine, "newcomers", "manual") == pytest.approx(factor)
    assert ids(feed(engine)) == (["manual", "a"] if factor > 1 else ["a", "manual"])
    assert ids(feed(engine, "nobody")) == ["a", "manual"]


def test_a_rendition_for_some_is_never_shown_to_others() -> None:
    only = {"department": ["sales"]}
    renditions: list[Row] = [
        {"rendition_id": "a-film", "content_id": "a", "format": "video", "audience": only},
        {"rendition_id": "a-text", "content_id": "a", "format": "article"},
        {"rendition_id": "b-film", "content_id": "b", "format": "video", "audience": only},
        {"rendition_id": "m-film", "content_id": "m", "format": "video", "audience": only},
    ]
    engine = engine_of(
        employees=people("e0") + people("s", department="sales"), renditions=renditions,
        contents=[*aged("a", "b"), *mandatory(["m"])],
        preferences=[{"employee_id": "e0", "preferred_format": "video"}],
    )  # fmt: skip
    for n in range(60):
        for surface in _SURFACES:
            for person in ("e0", "nobody"):
                slate = feed(engine, person, request_id=f"{n}", surface=surface)
                assert [i.rendition_id for i in slate.items] == ["a-text"]
    seen = {i.rendition_id for n in range(100) for i in feed(engine, "s", request_id=f"{n}").items}
    assert seen == {"a-film", "a-text", "b-film", "m-film"}


# ---- the trained company


def _trained(company: "Company", person: str = "e01", **more: Any) -> FeedRequest:
    return FeedRequest(person, company.until, **more)


@pytest.fixture(scope="module")
def engine(company: "Company") -> Engine:
    """An engine that no test changes; its texts are five, so near-duplicates are let through."""
    engine = company.engine()
    caps = next(rule for rule in DEFAULT_SLATE.rules if rule.name == "caps")
    engine.slates.use(DEFAULT_SLATE.without(caps.name))
    return engine


@pytest.mark.parametrize("limit", [0, 4, 8, 100, 1000])
def test_a_trained_feed_is_drawn_where_it_says(
    engine: Engine, company: "Company", limit: int
) -> None:
    n = len(engine.rank("e01", company.until, k=None))
    slate = engine.feed(_trained(company, limit=limit, request_id="q"))
    assert len(slate.items) == min(limit, n)
    drawn = [item.position for item in slate.items if item.slot_type == "explore"]
    assert drawn == {0: [], 4: [3], 8: [7]}.get(limit, [7, 17])
    assert all(1 / 60 <= i.propensity < 1 for i in slate.items if i.position in drawn)
    assert slate.degraded is None


def test_request_ids_draw_independently(engine: Engine, company: "Company") -> None:
    """Slot 3 of a short feed: what one request got says nothing about the next, or a colleague."""
    slots = [
        engine.feed(_trained(company, limit=4, request_id=f"q{n}")).items[2] for n in range(600)
    ]
    p = {slot.content_id: slot.propensity for slot in slots}
    assert len(p) > 5
    counts = Counter(slot.content_id for slot in slots)
    for content_id, chance in p.items():
        error = np.sqrt(chance * (1 - chance) / 600)
        assert abs(counts[content_id] / 600 - chance) < 4.5 * error
    pairs = Counter(a.content_id == b.content_id for a, b in pairwise(slots))
    same = sum(chance**2 for chance in p.values())
    assert abs(pairs[True] / 599 - same) < 4.5 * np.sqrt(same * (1 - same) / 599)


def test_in_five_slots_one_comes_from_elsewhere(engine: Engine, company: "Company") -> None:
    table = company.dataset["contents"].set_index("content_id")["owner_department"]
    homes = {"e00": "sales", "e01": "plant", "e02": "research"}
    for person, home in homes.items():
        items = engine.feed(_trained(company, person, limit=20)).items
        for start in range(0, 20, 5):
            owners = [table[item.content_id] for item in items[start : start + 5]]
            assert any(isinstance(o, str) and o != home for o in owners)


def test_authors_who_were_not_met_are_raised(engine: Engine, company: "Company") -> None:
    request_ = _trained(company, limit=100)
    read = {
        e["content_id"]
        for e in company.dataset["events"].to_dict("records")
        if e["employee_id"] == "e01" and e["event_type"] == "read"
        and e["occurred_at"] < company.until
    }  # fmt: skip
    met = {f"a{int(content_id[1:]) % 7}" for content_id in read}
    effects = {}
    for item in engine.feed(request_).items:
        found = engine.explain(request_, item.content_id).effects
        author = f"a{int(item.content_id[1:]) % 7}"
        effects[author] = next((e.factor for e in found if e.rule == "new_authors"), 1.0)
    assert effects == {a: pytest.approx(1.0 if a in met else 1.1) for a in effects}
