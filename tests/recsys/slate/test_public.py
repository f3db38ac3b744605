"""A feed for whoever passes: what decides, and what does not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recsys.answers import PublicRequest, Slate
from recsys.engine import Engine
from recsys.errors import ConfigurationError
from recsys.slate.recipe import SlateRecipe
from tests.recsys.slate.companies import (
    AT,
    DAY,
    HOUR,
    content,
    engine_of,
    event,
    ids,
    judging,
    people,
)


def screen(engine: Engine, **asked: Any) -> Slate:
    return engine.public_feed(PublicRequest(AT, **asked))


def test_newest_first_and_a_step_of_priority_is_worth_a_day() -> None:
    contents = [
        content("new", published_at=AT - HOUR),
        content("old", published_at=AT - 20 * HOUR),
        content("raised", published_at=AT - 22 * HOUR, priority=2),
        content("lowered", published_at=AT - 2 * HOUR, priority=-3),
        content("to come", published_at=AT + HOUR),
        content("gone", expires_at=AT - HOUR),
    ]
    slate = screen(engine_of(contents=contents))
    assert ids(slate) == ["raised", "new", "old", "lowered"]
    assert [item.position for item in slate.items] == [1, 2, 3, 4]
    assert {item.slot_type for item in slate.items} == {"fallback"}
    assert {item.reasons for item in slate.items} == {("new",)}
    assert (slate.model_version, slate.degraded) == ("none", None)


def test_no_model_and_no_event_changes_it() -> None:
    contents = [content(name) for name in "abcdef"]
    staff = people(*(f"e{n}" for n in range(20)))
    events = [
        event(kind, "f", person["employee_id"])
        for person in staff
        for kind in ("impression", "open", "complete", "like")
    ]
    quiet = engine_of(contents=contents, employees=staff)
    busy = engine_of(
        model=judging(department_readers_72h=1.0), contents=contents, employees=staff,
        events=events,
    )  # fmt: skip
    assert screen(quiet) == screen(busy)


def test_urgent_must_reads_then_pins_then_the_rest() -> None:
    contents = [
        content("plain", published_at=AT - HOUR),
        content("pinned", pinned_until=AT + DAY),
        content("calm", mandatory=True, ack_required=True, ack_due_at=AT + 10 * DAY),
        content("urgent", mandatory=True, ack_required=True, ack_due_at=AT + DAY),
        content("waited", mandatory=True, published_at=AT - 8 * DAY),
    ]
    slate = screen(engine_of(contents=contents))
    assert [(item.content_id, item.slot_type) for item in slate.items] == [
        ("urgent", "mandatory"), ("waited", "mandatory"), ("pinned", "pinned"),
        ("plain", "fallback"), ("calm", "fallback"),
    ]  # fmt: skip
    assert slate.items[0].reasons == ("must_read", "due_soon")
    at_hand = screen(engine_of(contents=contents), surface="portal")
    assert ids(at_hand)[:3] == ["urgent", "calm", "waited"]


def test_must_reads_beyond_the_first_three_wait() -> None:
    contents = [
        content(f"m{n}", mandatory=True, ack_required=True, ack_due_at=AT + n * HOUR)
        for n in range(1, 6)
    ]
    slate = screen(engine_of(contents=contents))
    assert (ids(slate), slate.must_reads_waiting) == (["m1", "m2", "m3"], 2)


@pytest.mark.parametrize(
    ("surface", "language", "chosen"),
    [("signage", None, "picture"), ("signage", "en", "film"), ("portal", None, "article"),
     ("portal", "en-GB", "film"), ("print", "fr", "article")],
)  # fmt: skip
def test_a_rendition_that_suits_the_surface(
    surface: str, language: str | None, chosen: str
) -> None:
    renditions = [
        {"rendition_id": name, "content_id": "c", "format": form, "language": spoken}
        for name, form, spoken in (
            ("article", "article", "ja"), ("film", "video", "en"),
            ("picture", "illustration", "ja"),
        )
    ]  # fmt: skip
    engine = engine_of(contents=[content("c")], renditions=renditions)
    (item,) = screen(engine, surface=surface, language=language).items
    assert item.rendition_id == chosen
    assert (item.propensity, item.rendition_propensity) == (1.0, 1.0)


def test_of_two_films_the_one_with_captions() -> None:
    renditions = [
        {"rendition_id": name, "content_id": "c", "format": "video", "has_captions": captioned}
        for name, captioned in (("silent", False), ("captioned", True))
    ]
    engine = engine_of(contents=[content("c")], renditions=renditions)
    assert screen(engine).items[0].rendition_id == "captioned"


def test_contents_for_a_place() -> None:
    staff = [{**person, "site": "osaka"} for person in people("e0", "e1")]
    contents = [content("all"), content("here", audience={"site": "osaka"})]
    engine = engine_of(contents=contents, employees=staff)
    assert set(ids(screen(engine, attributes={"site": "osaka"}))) == {"all", "here"}
    assert ids(screen(engine, attributes={"site": "moon"})) == ids(screen(engine)) == ["all"]


def test_request_ids_name_the_question_and_the_hour() -> None:
    staff = [{**person, "site": "osaka"} for person in people("e0")]
    engine = engine_of(contents=[content("c")], employees=staff)
    first = screen(engine).request_id
    assert screen(engine, attributes={"site": "moon"}).request_id == first
    other = [screen(engine, attributes={"site": "osaka"}).request_id,
             screen(engine, surface="print").request_id]  # fmt: skip
    later = engine.public_feed(PublicRequest(AT + timedelta(hours=1))).request_id
    assert len({first, later, *other}) == 4


def test_rules_that_a_company_left_out_are_left_out() -> None:
    engine = engine_of(contents=[content("a"), content("m", mandatory=True, ack_due_at=AT + HOUR)])
    whole = screen(engine)
    engine.slates.use(SlateRecipe(()))
    assert {item.slot_type for item in screen(engine).items} == {"fallback"}
    assert screen(engine).policy_version != whole.policy_version


def test_nothing_to_show_and_a_wrong_limit() -> None:
    assert screen(engine_of()).items == ()
    assert screen(engine_of(contents=[content("a")]), limit=0).items == ()
    with pytest.raises(ConfigurationError, match="limit is -1"):
        screen(engine_of(), limit=-1)


def test_time_does_not_change_a_score() -> None:
    engine = engine_of(contents=[content(name) for name in "abc"])
    first = screen(engine)
    second = engine.public_feed(PublicRequest(AT + timedelta(minutes=1)))
    assert second == replace(first)
