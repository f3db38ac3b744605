"""Reasons are true, mattered, and make nobody out."""

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.answers import FeedRequest
from recsys.engine import Engine
from recsys.features.groups import GROUPS
from recsys.model import Model
from recsys.slate.reasons import MIN_READERS, REASON_CODES
from recsys.slate.recipe import DEFAULT_SLATE
from tests.recsys.slate.companies import (
    AT,
    DAY,
    HOUR,
    NO_RANKER,
    Row,
    content,
    engine_of,
    event,
    feed,
    judging,
    mandatory,
    people,
)
from tests.recsys.slate.worlds import STAFF, World, worlds

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_PLANT = judging(department_readers_72h=1.0)
_ABOUT_PEOPLE = {"read_in_team", "read_in_department", "read_at_site"}
_BY_RULES = {
    "must_read", "due_soon", "overdue", "pinned", "shared_with_you", "other_department",
    "trying_out",
}  # fmt: skip


def _read(content_id: str, readers: list[Row], at: datetime = AT - DAY) -> list[Row]:
    return [event("open", content_id, r["employee_id"], occurred_at=at) for r in readers]


def _readers(n: int, name: str = "r", **columns: Any) -> list[Row]:  # any column
    return people(*(f"{name}{i}" for i in range(n)), **columns)


def _told(
    readers: list[Row], *more: Row, model: Model = _PLANT, at: datetime = AT - DAY, **me: Any
) -> tuple[str, ...]:
    """Return the reasons for ``a``, which they read, among eight contents that nobody did."""
    contents = [
        content(name, published_at=AT - 2 * DAY) for name in ("a", *(f"c{n}" for n in range(7)))
    ]
    engine = engine_of(
        employees=people("e0", **me) + readers, contents=contents,
        events=[*_read("a", readers, at), *more], model=model,
    )  # fmt: skip
    return _reasons(engine)


def _reasons(engine: Engine, content_id: str = "a", person: str = "e0") -> tuple[str, ...]:
    engine.slates.use(DEFAULT_SLATE.without("explore", "other_department"))
    items = {item.content_id: item for item in feed(engine, person).items}
    return items[content_id].reasons


# ---- groups of people


@pytest.mark.parametrize(("n", "expected"), [(9, ()), (10, ("read_in_department",))])
@pytest.mark.parametrize("model", [NO_RANKER, _PLANT])
def test_a_group_is_named_from_ten_readers_on(
    n: int, expected: tuple[str, ...], model: Model
) -> None:
    assert MIN_READERS == 10
    assert _told(_readers(n), model=model) == expected


def test_readers_elsewhere_do_not_fill_up_a_group() -> None:
    some = _readers(9) + _readers(9, "s", department="sales") + _readers(5, "n", department=None)
    assert _told(some) == ()
    assert _told(_readers(20, department=None), department=None) == ()  # of no department is none
    assert _told(_readers(20), department=None) == ()


def test_one_reader_who_comes_often_is_one_reader() -> None:
    again = [e for n in range(1, 6) for e in _read("a", _readers(9), AT - DAY - n * HOUR)]
    assert _told(_readers(9), *again) == ()


def test_the_nearest_group_is_named_first() -> None:
    model = judging(department_readers_72h=1.0, team_id_readers_72h=1.0, site_readers_72h=1.0)
    near: Row = {"team_id": "t", "site": "x"}
    assert _told(_readers(10, **near), model=model, **near) == (
        "read_in_team", "read_in_department",
    )  # fmt: skip
    mixed = _readers(9, **near) + _readers(1, "o", site="x")
    assert _told(mixed, model=model, **near) == ("read_in_department", "read_at_site")


def test_who_moved_away_counts_where_they_are_now() -> None:
    moved = [
        {"employee_id": f"r{n}", "department": "sales", "valid_from": (AT - HOUR).isoformat()}
        for n in range(1)
    ]
    assert _told(_readers(10) + [row | {"employee_id": "r0"} for row in moved]) == ()


def _none_of_the_sort(readers: list[Row]) -> list[Row]:
    return [e for n in range(7) for e in _read(f"c{n}", readers)]


def test_a_group_is_named_only_if_its_readers_mattered() -> None:
    readers = _readers(12)
    assert _told(readers) == ("read_in_department",)
    assert _told(readers, model=judging(department_readers_72h=-1.0)) == ()
    assert _told(readers, model=judging(readers_24h=1.0)) == ()  # something else raised it
    # Where all contents are read as much, the usual is no less.
    assert _told(readers, *_none_of_the_sort(readers)) == ()


@pytest.mark.parametrize("model", [NO_RANKER, _PLANT])
def test_who_opted_out_hears_nothing_about_people(model: Model) -> None:
    readers = _readers(20, team_id="t", site="x")
    share = event("share", "a", "r0", reason="person", target_id="e0")
    pinned = content("p", pinned_until=AT + DAY)
    engine = engine_of(
        employees=people("e0", team_id="t", site="x") + readers,
        contents=[content("a"), pinned, *mandatory(["m"])],
        events=[*_read("a", readers), *_read("p", readers), *_read("m", readers), share],
        preferences=[{"employee_id": "e0", "personalization_opt_out": True}], model=model,
    )  # fmt: skip
    told = {item.content_id: item.reasons for item in feed(engine).items}
    assert told == {"m": ("must_read",), "p": ("pinned",), "a": ()}


# ---- the other claims


@pytest.mark.parametrize(("n", "expected"), [(9, ()), (10, ("popular_now",))])
def test_popular_is_what_ten_read_within_six_hours(n: int, expected: tuple[str, ...]) -> None:
    somewhere = _readers(n, department="sales")
    model = judging(readers_6h=1.0)
    for chosen in (NO_RANKER, model):
        assert _told(somewhere, model=chosen, at=AT - 5 * HOUR) == expected
        assert _told(somewhere, model=chosen, at=AT - 7 * HOUR) == ()


def test_new_is_what_is_not_a_day_old() -> None:
    contents = [
        content("day", published_at=AT - DAY),
        content("less", published_at=AT - DAY + timedelta(microseconds=1)),
    ]
    engine = engine_of(employees=people("e0"), contents=contents)
    assert (_reasons(engine, "day"), _reasons(engine, "less")) == ((), ("new",))


@pytest.mark.parametrize(
    ("column", "value", "feature", "code"),
    [
        ("author_id", "x", "own_author_60d", "author_you_read"),
        ("topics", ["x"], "own_topic_60d", "topic_you_read"),
    ],
)
def test_a_habit_is_more_than_one_reading(
    column: str, value: object, feature: str, code: str
) -> None:
    for n_read, expected in ((1, ()), (2, (code,))):
        old = [content(f"o{n}", published_at=AT - 3 * DAY, **{column: value}) for n in range(2)]
        others = [content(f"c{n}", published_at=AT - 2 * DAY) for n in range(5)]
        mine = content("a", published_at=AT - 2 * DAY, **{column: value})
        engine = engine_of(
            model=judging(**{feature: 1.0}), employees=people("e0"),
            contents=[mine, *others, *old],
            events=[event("open", f"o{n}") for n in range(n_read)],
        )  # fmt: skip
        assert _reasons(engine) == expected


def test_two_reasons_at_most_the_strongest_first() -> None:
    readers = _readers(12)
    engine = engine_of(
        employees=people("e0") + readers,
        contents=[
            content("p", pinned_until=AT + DAY, published_at=AT - HOUR),
            *mandatory(["late"], ack_due_at=AT), *mandatory(["soon"], ack_due_at=AT + 3 * DAY),
            *mandatory(["time"], ack_due_at=AT + 3 * DAY + timedelta(seconds=1)),
        ],
        events=[
            event("share", c, "r0", reason="person", target_id="e0") for c in ("p", "late", "time")
        ] + _read("p", readers, AT - HOUR),
    )  # fmt: skip
    told = [(item.content_id, item.reasons) for item in feed(engine).items]
    assert told == [
        ("late", ("must_read", "overdue")), ("soon", ("must_read", "due_soon")),
        ("time", ("must_read", "shared_with_you")), ("p", ("pinned", "shared_with_you")),
    ]  # fmt: skip


@settings(max_examples=40)
@given(worlds, st.sampled_from(["portal", "newsletter", "print"]))
def test_reasons_of_any_feed_are_sound(company_of: tuple[World, Engine], surface: str) -> None:
    world, engine = company_of
    for person in STAFF:
        slate = feed(engine, person, surface=surface, limit=30)
        for item in slate.items:
            assert len(item.reasons) <= 2
            assert list(item.reasons) == sorted(set(item.reasons), key=REASON_CODES.index)
            assert not _ABOUT_PEOPLE & set(item.reasons)  # five people are too few
            assert ("must_read" in item.reasons) == (item.slot_type == "mandatory")
            if world.wishes(person)["personalization_opt_out"]:
                assert set(item.reasons) <= _BY_RULES - {"shared_with_you", "trying_out"}


# ---- the trained company


def test_reasons_of_the_trained_company_are_true_and_mattered(company: "Company") -> None:
    """Readers counted in the log, scores by LightGBM itself."""
    engine = company.engine()
    engine.slates.use(DEFAULT_SLATE.without("caps"))
    ranker = engine.model.ranker
    assert ranker is not None
    booster = lgb.Booster(model_str=ranker.model_text)
    columns = _columns()
    group_of = {
        "read_in_team": "colleagues", "read_in_department": "colleagues",
        "read_at_site": "colleagues", "popular_now": "popularity", "new": "freshness",
        "author_you_read": "author", "topic_you_read": "topic",
    }  # fmt: skip
    said: Counter[str] = Counter()
    for n in range(0, 60, 3):
        person = f"e{n:02}"
        request = FeedRequest(person, company.until, limit=20)
        index = engine.state.catalogue.employees.ids.index(person)
        candidates = engine.slates.candidates(index, engine.state.clock)
        shortlisted = engine.scorer.shortlist(index, candidates, engine.state.clock)
        features = shortlisted.features
        names = [engine.state.catalogue.contents.ids.id(c) for c in candidates.tolist()]
        for item in engine.feed(request).items:
            row = features[[names.index(item.content_id)]]
            for code in item.reasons:
                if code in _ABOUT_PEOPLE:
                    assert len(_in_group(company, person, item.content_id, code)) >= 10
                if code in group_of:
                    said[code] += 1
                    usual, place = row.copy(), columns[group_of[code]]
                    usual[:, place] = np.sort(features[:, place], axis=0)[len(features) // 2]
                    scores = booster.predict(np.vstack([row, usual]), raw_score=True)
                    assert scores[1] < scores[0]
    assert min(said["new"], said["topic_you_read"]) > 20


def _columns() -> dict[str, slice]:
    places, start = {}, 0
    for group in GROUPS:
        places[group.name] = slice(start, start + len(group.columns))
        start += len(group.columns)
    return places


def _in_group(company: "Company", person: str, content_id: str, code: str) -> set[str]:
    """Return who else of the employee's group read a content."""
    n_groups = {"read_in_team": 6, "read_in_department": 3, "read_at_site": 2}[code]
    return {
        e["employee_id"]
        for e in company.dataset["events"].to_dict("records")
        if e["event_type"] == "read" and e["content_id"] == content_id
        and e["occurred_at"] < company.until and e["employee_id"] != person
        and int(e["employee_id"][1:]) % n_groups == int(person[1:]) % n_groups
    }  # fmt: skip
