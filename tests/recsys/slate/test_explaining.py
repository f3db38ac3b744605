"""Why a content is, or is not, in a feed: every cause once, and never another than the feed's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.answers import Explanation, RuleEffect
from recsys.engine import Engine
from recsys.model import Model
from recsys.slate.explaining import CAUSES
from recsys.slate.fatigue_fitting import DEFAULT_FATIGUE
from recsys.slate.recipe import DEFAULT_SLATE, RULES
from recsys.slate.rules.diversity import Diversity
from recsys.text.vectors import TextModel
from tests.recsys.slate.companies import (
    AT,
    NO_RANKER,
    Row,
    aged,
    content,
    engine_of,
    event,
    feed,
    mandatory,
    people,
    request,
    shown,
)
from tests.recsys.slate.worlds import STAFF, World, worlds

_NOTICE = "The canteen on the second floor is closed on Friday because the kitchen is repaired"
_INELIGIBLE = (
    "unknown_content", "draft", "withdrawn", "not_yet_published", "expired", "not_in_audience",
    "dismissed", "seen", "muted_topic", "other_language",
)  # fmt: skip


def _engine(*contents: Row, events: list[Row] | None = None, **wishes: object) -> Engine:
    engine = engine_of(
        employees=people("e0", "e1"), contents=[*contents, *aged("other")], events=events or [],
        preferences=[{"employee_id": "e0", **wishes}] if wishes else [],
    )  # fmt: skip
    engine.slates.use(DEFAULT_SLATE.without("explore"))
    return engine


def _x(**columns: object) -> Row:
    return content("x", **columns)


def _too_similar() -> Engine:
    """``x`` is worth twice as much as ``other`` but says what the content above it says."""
    texts = ["robots paint cars", "robots paint cars", "lunch menu of friday"]
    text = TextModel.fit(texts, size=2, seed=0)
    contents = [
        content("a", title=texts[0], priority=3, published_at=AT),
        content("x", title=texts[1], priority=1, published_at=AT),
        content("other", title=texts[2], published_at=AT),
    ]
    model = Model(None, text, None, AT, version="t")
    engine = engine_of(model=model, employees=people("e0"), contents=contents)
    engine.slates.use(DEFAULT_SLATE.without("explore").with_rule(Diversity(2.0)))
    return engine


def _four(**columns: object) -> Engine:
    """Return an engine with three contents above ``x`` that have something in common with it."""
    return _engine(*aged("a", "b", "c", "x", priority=1, **columns))


_Case = tuple[Callable[[], Engine], dict[str, Any]]
_CASES: dict[str, _Case] = {
    "shown": (lambda: _engine(_x()), {}),
    "unknown_content": (_engine, {}),
    "draft": (lambda: _engine(_x(status="draft")), {}),
    "withdrawn": (lambda: _engine(_x(status="withdrawn")), {}),
    "not_yet_published": (lambda: _engine(_x(published_at=AT + timedelta(seconds=1))), {}),
    "expired": (lambda: _engine(_x(expires_at=AT)), {}),
    "not_in_audience": (lambda: _engine(_x(audience={"department": ["sales"]})), {}),
    "dismissed": (lambda: _engine(_x(), events=[event("dismiss", "x")]), {}),
    "seen": (lambda: _engine(_x(), events=[event("open", "x")]), {}),
    "muted_topic": (lambda: _engine(_x(topics=["t"]), muted_topics=["t"]), {}),
    "other_language": (lambda: _engine(_x(language="ja"), languages=["en"]), {}),
    "must_read_waiting": (lambda: _engine(*mandatory(["a", "b", "c", "x"])), {}),
    "shown_too_often": (lambda: _engine(_x(), events=shown("x", 30)), {}),
    "duplicate": (lambda: _engine(*aged("a", "x", title=_NOTICE)), {}),
    "author_cap": (lambda: _four(author_id="a"), {"limit": 4}),
    "campaign_cap": (lambda: _four(campaign_id="k"), {"limit": 4}),
    "topic_cap": (
        lambda: _engine(*aged("a", "b", "c", "d", "e", "x", topics=["t"], priority=1)),
        {"limit": 6},
    ),
    "too_long": (
        lambda: _engine(*aged("x", est_minutes=9, priority=1), *aged("a", est_minutes=1)),
        {"max_minutes": 5},
    ),
    "too_similar": (_too_similar, {"limit": 2}),
    "ranked_lower": (lambda: _engine(*aged("a", "b", "x")), {"limit": 2}),
}  # fmt: skip


def test_there_is_a_case_for_every_cause() -> None:
    assert set(_CASES) == set(CAUSES)


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause(cause: str) -> None:
    make, asked = _CASES[cause]
    engine = make()
    found = engine.explain(request(**asked), "x")
    slots = {item.content_id: item.position for item in feed(engine, **asked).items}
    assert found.cause == cause
    assert found.position == slots.get("x")
    assert (found.position is not None) == (cause == "shown")
    assert (found.slot_type is not None) == (cause == "shown")


@pytest.mark.parametrize("cause", ["dismissed", "seen", "muted_topic", "other_language"])
def test_what_somebody_did_is_no_cause_for_another(cause: str) -> None:
    make, asked = _CASES[cause]
    assert make().explain(request("e1", **asked), "x").cause == "shown"
    assert make().explain(request("nobody", **asked), "x").cause == "shown"


def test_effects_are_told_with_their_factors_and_only_where_there_is_one() -> None:
    contents = [_x(priority=1, topics=["t"], published_at=AT), content("d", topics=["t"])]
    now = event("dismiss", "d", reason="not_interested", occurred_at=AT - timedelta(seconds=1))
    engine = _engine(*contents, events=[*shown("x", 2), now])
    found = engine.explain(request(), "x").effects
    assert [e.rule for e in found] == ["boosts", "fatigue", "dismissed"]  # in the order of rules
    assert [e.factor for e in found] == pytest.approx([2.0, 3**-DEFAULT_FATIGUE, 0.5], abs=1e-5)
    assert engine.explain(request(), "other").effects == ()
    assert engine.explain(request("e1"), "x").effects == (RuleEffect("boosts", 2.0),)


def test_an_unknown_content_is_told_as_that() -> None:
    engine = _engine()
    engine.observe([event("open", "not there yet")])
    for content_id in ("nothing", "", "\ud800", "not there yet"):
        found = engine.explain(request(), content_id)
        assert found == Explanation("unknown_content", None, None, ())


@settings(max_examples=40)
@given(
    worlds, st.sampled_from(["portal", "newsletter", "print"]), st.sampled_from([0, 2, 5, 40]),
    st.sampled_from([None, 3.0]),
)  # fmt: skip
def test_an_explanation_says_what_the_feed_did(
    company_of: tuple[World, Engine], surface: str, limit: int, max_minutes: float | None
) -> None:
    world, engine = company_of
    for person in (STAFF[0], STAFF[3], "nobody"):
        asked = request(
            person, surface=surface, limit=limit, max_minutes=max_minutes, request_id="r"
        )
        slots = {item.content_id: item for item in engine.feed(asked).items}
        owed = set(world.owed(person, urgent=False))
        for row in world.contents:
            found = engine.explain(asked, row["content_id"])
            slot = slots.get(row["content_id"])
            assert found.cause in CAUSES
            assert {e.rule for e in found.effects} <= set(RULES)
            assert found.position == (slot.position if slot else None)
            assert (found.cause == "shown") == (slot is not None)
            if row["content_id"] not in owed and not slot:
                is_candidate = world.is_candidate(person, row)
                assert (found.cause in _INELIGIBLE) == (not is_candidate)


def test_a_model_without_a_ranker_explains_as_well() -> None:
    assert NO_RANKER.ranker is None
    assert _engine(_x()).explain(request("nobody"), "x").cause == "shown"
