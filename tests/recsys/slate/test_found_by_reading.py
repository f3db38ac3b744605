"""What once went wrong where rules meet: each case was a feed that failed or fell short."""

import pandas as pd
import pytest

from recsys.slate.recipe import SlateRecipe
from recsys.slate.rules.caps import Caps
from recsys.text.duplicates import DuplicateGroups
from tests.recsys.slate.companies import (
    aged,
    engine_of,
    event,
    feed,
    ids,
    judging,
    mandatory,
    people,
)


def test_a_must_read_that_was_opened_is_shown_where_nothing_else_is_left() -> None:
    engine = engine_of(
        model=judging(department_readers_72h=1.0), employees=people("e0"),
        contents=mandatory(["m"]), events=[event("open", "m")],
    )  # fmt: skip
    assert ids(feed(engine)) == ["m"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_feed_of_three_is_not_drawn(limit: int) -> None:
    engine = engine_of(employees=people("e0"), contents=aged(*"abcdefgh"))
    assert {item.propensity for item in feed(engine, limit=limit).items} == {1.0}


@pytest.mark.parametrize("surface", ["portal", "print"])
def test_a_format_the_reader_cannot_have_ends_no_feed(surface: str) -> None:
    names = [f"c{n:02}" for n in range(20)]
    renditions = [
        {"rendition_id": f"{name}-{form}", "content_id": name, "format": form, "language": language}
        for name in names
        for form, language in (("video", "ja"), ("article", "en"))
    ]
    staff = [{**person, "language": "en"} for person in people("e0")]
    engine = engine_of(employees=staff, contents=aged(*names), renditions=renditions)
    assert len(feed(engine, surface=surface, limit=20).items) == 20


def test_a_format_cap_costs_no_content_where_minutes_are_short() -> None:
    renditions = [
        {"rendition_id": f"{name}-{form}", "content_id": name, "format": form, **length}
        for name in "abcd"
        for form, length in (
            ("video", {"duration_seconds": 60}), ("article", {"word_count": 240 * 60}),
        )
    ]  # fmt: skip
    engine = engine_of(employees=people("e0"), contents=aged(*"abcd"), renditions=renditions)
    engine.slates.use(SlateRecipe((Caps(format=2, window=3),)))
    assert len(feed(engine, max_minutes=10).items) == 4


def test_a_group_of_duplicates_survives_its_first_member() -> None:
    one = "the quarterly safety drill begins at nine in the yard behind hall b"
    other = "our canteen opens an hour later on friday since the kitchen is painted"
    engine = engine_of(employees=people("e0"), contents=[])
    engine.upsert_contents([{**c, "body": one} for c in aged("a", "b")])
    groups = DuplicateGroups(engine.state.catalogue.contents)
    contents = engine.state.catalogue.contents
    rows = contents.ids.indices
    engine.upsert_contents([{**c, "body": other} for c in aged("a", "c")])
    groups.refresh(rows(_names("a", "c")))
    engine.upsert_contents([{**c, "body": one} for c in aged("d")])
    groups.refresh(rows(_names("d")))
    a, b, c, d = groups.of(rows(_names("a", "b", "c", "d"))).tolist()
    assert a == c >= 0
    assert b == d >= 0
    assert a != b


def _names(*names: str) -> "pd.Series[str]":
    return pd.Series(names, dtype="str")
