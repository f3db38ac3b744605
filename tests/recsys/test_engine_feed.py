"""Feeds, renditions and what people and companies may wish."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from recsys.answers import FeedRequest, Slate
from recsys.engine import Engine
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_HOUR = timedelta(hours=1)


def _feed(
    engine: Engine, company: "Company", person: str = "e01", **more: Any
) -> Slate:  # any field
    return engine.feed(FeedRequest(person, company.until, **more))


def _ids(slate: Slate) -> list[str]:
    return [item.content_id for item in slate.items]


def _content(company: "Company", content_id: str, **more: Any) -> dict[str, Any]:  # any column
    base = {"content_id": content_id, "title": "x", "published_at": company.until - _HOUR}
    return base | more


def _event(company: "Company", kind: str, content_id: str, person: str = "e01") -> dict[str, Any]:
    return {"event_id": f"{kind}-{content_id}-{person}", "event_type": kind, "employee_id": person,
            "content_id": content_id,
            "occurred_at": company.until - timedelta(minutes=5)}  # fmt: skip


def test_a_feed_is_the_ranking_with_positions_and_propensities(company: "Company") -> None:
    engine = company.engine()
    engine.slates.use(SlateRecipe(()))
    ranked = engine.rank("e01", company.until, k=7)
    slate = _feed(engine, company, limit=7, request_id="r1")
    assert _ids(slate) == [r.content_id for r in ranked]
    assert [item.score for item in slate.items] == [r.score for r in ranked]
    assert [item.position for item in slate.items] == list(range(1, 8))
    assert {item.propensity for item in slate.items} == {1.0}
    assert slate.request_id == "r1"
    assert slate.degraded is None
    assert slate.model_version == engine.model.version


@pytest.mark.parametrize("limit", [0, 1, 1000])
def test_a_feed_is_no_longer_than_asked(company: "Company", limit: int) -> None:
    engine = company.engine()
    # Its stories repeat each other: caps would leave one of each.
    engine.slates.use(DEFAULT_SLATE.without("caps"))
    n_candidates = len(engine.rank("e01", company.until, k=None))
    assert len(_feed(engine, company, limit=limit).items) == min(limit, n_candidates)
    assert len(engine.rank("e01", company.until, k=limit)) == min(limit, n_candidates)


def test_somebody_unknown_gets_a_feed(company: "Company") -> None:
    engine = company.engine()
    for person in ("nobody", "", "\ud800", "a\0b", "x" * 10_000, "人;\x1f"):
        assert len(_feed(engine, company, person).items) == 20
        assert set(engine.formats(person, company.until).formats) == {
            "video", "text_summary", "article",
        }  # fmt: skip
        assert engine.formats(person, company.until).best is None


def test_equal_requests_get_equal_feeds_and_other_ids_draw_independently(
    company: "Company",
) -> None:
    engine = company.engine()
    assert _feed(engine, company, request_id="a") == _feed(engine, company, request_id="a")
    assert _feed(engine, company) == _feed(engine, company)  # a reload does not flicker
    renditions = {
        tuple(item.rendition_id for item in _feed(engine, company, request_id=f"r{n}").items)
        for n in range(40)
    }
    assert len(renditions) > 5


def test_a_feed_and_a_single_choice_agree_about_the_rendition(company: "Company") -> None:
    engine = company.engine()
    # Further down the cap on formats (8 of any ten) leaves fewer to choose from.
    for item in _feed(engine, company, request_id="r", limit=8).items:
        choice = engine.rendition("e01", item.content_id, company.until, request_id="r")
        assert (choice.rendition_id, choice.propensity) == (
            item.rendition_id, item.rendition_propensity,
        )  # fmt: skip


def test_rendition_propensities_sum_to_one_and_match_the_draws(company: "Company") -> None:
    engine = company.engine()
    drawn: dict[str, int] = {}
    for n in range(3000):
        choice = engine.rendition("e01", "c40", company.until, request_id=f"q{n}")
        drawn[choice.rendition_id] = drawn.get(choice.rendition_id, 0) + 1
    assert sum(choice.propensities.values()) == pytest.approx(1)
    assert min(choice.propensities.values()) >= 0.02
    assert choice.propensity == choice.propensities[choice.rendition_id]
    for rendition, p in choice.propensities.items():
        # Four standard errors: a false alarm once in 16,000 seeds, and the seeds are fixed.
        assert abs(drawn.get(rendition, 0) / 3000 - p) < 4 * np.sqrt(p * (1 - p) / 3000)


def test_a_content_without_renditions_is_an_article_without_an_id(company: "Company") -> None:
    choice = company.engine().rendition("e01", "c41", company.until)
    assert (choice.rendition_id, choice.format, choice.propensity) == ("", "article", 1.0)
    assert choice.propensities == {"": 1.0}


def test_muted_topics_and_other_languages_are_left_out_of_the_feed(company: "Company") -> None:
    engine = company.engine()
    table = {c["content_id"]: c for c in company.dataset["contents"].to_dict("records")}
    engine.upsert_preferences(
        [{"employee_id": "e01", "muted_topics": ["安全"], "languages": ["EN", "ja"]}]
    )
    ids = _ids(_feed(engine, company, limit=100))
    assert ids
    for content_id in ids:
        assert table[content_id]["topics"] != "安全"
        assert table[content_id]["language"] != "pt"
    assert any(table[content_id]["language"] == "en" for content_id in ids)
    assert "安全" in {
        c["topics"]
        for i, c in table.items()
        if i in set(_ids(_feed(engine, company, "e02", limit=100)))
    }


def test_a_blank_language_is_for_everybody(company: "Company") -> None:
    engine = company.engine()
    engine.upsert_contents([_content(company, "blank", language="")])
    engine.upsert_preferences([{"employee_id": "e01", "languages": ["xx"]}])
    assert "blank" in _ids(_feed(engine, company, limit=100))


def test_must_reads_come_first_by_due_time_until_they_are_done(company: "Company") -> None:
    engine, until = company.engine(), company.until
    engine.upsert_contents(
        [
            _content(company, "no due", mandatory=True),
            _content(company, "soon", mandatory=True, ack_required=True, ack_due_at=until + _HOUR),
            _content(
                company, "sooner", mandatory=True, ack_required=True, ack_due_at=until - _HOUR
            ),
            _content(company, "not mine", mandatory=True, audience={"department": ["sales"]}),
        ]
    )
    slate = _feed(engine, company, limit=5)
    assert _ids(slate)[:3] == ["sooner", "soon", "no due"]
    assert [item.slot_type == "mandatory" for item in slate.items] == [True] * 3 + [False] * 2
    assert [item.reasons for item in slate.items[:3]] == [
        ("must_read", "overdue"), ("must_read", "due_soon"), ("must_read", "new"),
    ]  # fmt: skip
    engine.observe([_event(company, "open", "soon"), _event(company, "open", "no due")])
    assert _ids(_feed(engine, company, limit=2)) == ["sooner", "soon"]  # read is not acknowledged
    engine.observe([_event(company, "acknowledge", "soon")])
    assert "soon" not in _ids(_feed(engine, company, limit=100))
    whole = _feed(engine, company, "e00", limit=100)
    assert _ids(whole)[:3] == ["sooner", "soon", "no due"]
    assert whole.must_reads_waiting == 1  # "not mine" is theirs, and has to wait


def test_the_minutes_of_a_feed_are_kept(company: "Company") -> None:
    engine = company.engine()
    engine.upsert_contents(
        [_content(company, "long", est_minutes=90), _content(company, "unknown")]
    )
    slate = _feed(engine, company, max_minutes=6, limit=50)
    minutes = {"video": 2.0, "text_summary": 1.0, "article": 2.0}
    taken = sum(minutes[i.format] for i in slate.items if i.content_id != "unknown")
    assert 5 <= taken <= 6  # nothing takes less than a minute
    assert "long" not in _ids(slate)
    assert "unknown" in _ids(slate)


def test_drafts_withdrawn_expired_and_coming_contents_are_no_candidates(company: "Company") -> None:
    engine, until = company.engine(), company.until
    engine.upsert_contents(
        [
            _content(company, "draft", status="draft"),
            _content(company, "withdrawn", status="withdrawn"),
            _content(company, "expired", expires_at=until),
            _content(company, "expiring", expires_at=until + timedelta(microseconds=1)),
            _content(company, "now", published_at=until),
            _content(company, "coming", published_at=until + timedelta(microseconds=1)),
        ]
    )
    ids = {r.content_id for r in engine.rank("e01", until, k=None)}
    assert ids & {"draft", "withdrawn", "expired", "expiring", "now", "coming"} == {
        "expiring", "now",
    }  # fmt: skip
    ids = {r.content_id for r in engine.rank("e01", until + timedelta(microseconds=1), k=None)}
    assert ids & {"expiring", "now", "coming"} == {"now", "coming"}
    engine.upsert_contents([_content(company, "now", status="withdrawn")])
    ids = {r.content_id for r in engine.rank("e01", until + _HOUR, k=None)}
    assert "now" not in ids


def test_a_dismissed_content_is_seen_an_impression_is_not(company: "Company") -> None:
    engine = company.engine()
    before = [r.content_id for r in engine.rank("e01", company.until, k=None)]
    engine.observe(
        [_event(company, "dismiss", before[0]), _event(company, "impression", before[1])]
    )
    after = {r.content_id for r in engine.rank("e01", company.until, k=None)}
    assert after == set(before) - {before[0]}


def test_who_opted_out_is_ranked_alike_whatever_they_did(company: "Company") -> None:
    """Two people who read different things; the same candidates get the scores of a stranger."""
    engine = company.engine()
    engine.upsert_preferences(
        [{"employee_id": e, "personalization_opt_out": True} for e in ("e01", "e44")]
    )
    at = engine.state.clock
    candidates = engine.state.catalogue.contents.live(at)
    stranger = engine.scorer.score(-1, candidates, at)
    for employee_id in ("e01", "e44"):
        employee = engine.state.catalogue.employees.ids.index(employee_id)
        assert np.array_equal(engine.scorer.score(employee, candidates, at), stranger)
    somebody = engine.state.catalogue.employees.ids.index("e02")
    assert not np.array_equal(engine.scorer.score(somebody, candidates, at), stranger)
    assert engine.formats("e01", company.until) == engine.formats("nobody", company.until)
    reasons = {code for item in _feed(engine, company).items for code in item.reasons}
    assert reasons <= {"other_department", "new"}  # what rules did; nothing about people
    assert not {"explore"} & {item.slot_type for item in _feed(engine, company).items}


def test_a_declared_format_is_best_and_shown(company: "Company") -> None:
    engine = company.engine()
    engine.upsert_preferences([{"employee_id": "e01", "preferred_format": "video"}])
    preference = engine.formats("e01", company.until)
    assert preference.best == "video"
    assert {b.source for b in preference.formats.values()} == {"declared"}
    choice = engine.rendition("e01", "c40", company.until)
    assert choice.propensities["c40-video"] == max(choice.propensities.values())


def test_people_in_another_department_count_there_from_then_on(company: "Company") -> None:
    engine, until = company.engine(), company.until
    moved_at = until + timedelta(hours=2)
    engine.upsert_employees(
        [{"employee_id": "e01", "department": "sales", "valid_from": moved_at.isoformat()}]
    )
    for n, hours in enumerate((1, 3)):
        engine.upsert_contents([_content(company, f"n{n}")])
        event = _event(company, "open", f"n{n}")
        engine.observe([event | {"occurred_at": until + timedelta(hours=hours)}])
    engine.rank("e02", until + timedelta(hours=4))
    state = engine.state
    departments = state.catalogue.employees.values["department"]
    pairs = state.counters.pairs

    def readers(name: str, content_id: str) -> float:
        content = state.catalogue.contents.ids.index(content_id)
        who = departments.index(name)
        return float(pairs.read("department_content", who, content, state.clock)[0, 1])

    assert readers("plant", "n0") > 0.9
    assert readers("sales", "n0") == 0
    assert readers("sales", "n1") > 0.9
    assert readers("plant", "n1") == 0


def test_versions_of_others_do_not_change_anybodys_ranking(company: "Company") -> None:
    """Attribute rows move when one is inserted; nothing may remember where they were."""
    engine, until = company.engine(), company.until
    before = {e: engine.rank(e, until, k=None) for e in ("e16", "e17", "e58", "e59", "nobody")}
    affinity = _affinity(engine, before)
    engine.upsert_employees([{"employee_id": "e00", "department": "legal"}, {"employee_id": "new"}])
    assert {e: engine.rank(e, until, k=None) for e in before} == before
    assert _affinity(engine, before) == affinity


def _affinity(engine: Engine, people: Iterable[str]) -> dict[str, list[float]]:
    catalogue, at = engine.state.catalogue, engine.state.clock
    contents = np.arange(20, dtype=np.int32)
    scores = {}
    for person in people:
        version = catalogue.employees.version_at(catalogue.employees.ids.index(person), at)
        scores[person] = engine.scorer._sources.factors.scores(version, contents, at).tolist()
    return scores


def test_sensitive_contents_never_enter_profiles(company: "Company") -> None:
    engine, until = company.engine(), company.until
    engine.upsert_contents(
        [_content(company, "secret", sensitive=True, author_id="unique", topics=["illness"])]
    )
    plain = company.engine()
    plain.upsert_contents(
        [_content(company, "secret", sensitive=True, author_id="unique", topics=["illness"])]
    )
    people = [f"e{n:02}" for n in range(40)]
    for kind in ("impression", "open", "complete"):
        engine.observe([_event(company, kind, "secret", person) for person in people])
    later = until + timedelta(hours=1)  # when showings count too
    assert engine.rank("e01", later) != plain.rank("e01", later)
    of_contents = ("content", "author", "topic", "language", "pairs")
    names = [n for n, _ in engine.state.counters.tables() if not n.startswith(of_contents)]
    assert {"employee", "employee_shown"} <= set(names)
    assert _pairs_about_people(engine) == _pairs_about_people(plain)
    mine, theirs = dict(engine.state.counters.tables()), dict(plain.state.counters.tables())
    for name in names:
        for key, array in mine[name].arrays().items():
            np.testing.assert_array_equal(array, theirs[name].arrays()[key], err_msg=name)
    for part in ("showings", "recent_contents", "recent_readers"):
        for key, array in getattr(engine.state, part).arrays().items():
            np.testing.assert_array_equal(array, getattr(plain.state, part).arrays()[key])
    assert "secret" not in {r.content_id for r in engine.rank("e01", later, k=None)}


def _pairs_about_people(engine: Engine) -> set[tuple[int, float]]:
    """Return all pair counters but those of contents read in a group, which profile nobody."""
    pairs = engine.state.counters.pairs
    of_contents = [n for name, n in pairs.relation.items() if name.endswith("_content")]
    arrays = pairs.arrays()
    kept = ~np.isin(arrays["keys"].view(np.uint64) >> np.uint64(58), of_contents)
    keys = arrays["keys"].view(np.uint64)[kept].tolist()
    return set(zip(keys, arrays["values"].view(np.float64)[kept, 1].tolist(), strict=True))


def test_format_beliefs_move_with_what_somebody_completes(company: "Company") -> None:
    engine, until = company.engine(), company.until
    before = engine.formats("e01", until)
    contents = [f"w{n}" for n in range(60)]
    engine.upsert_contents([_content(company, c) for c in contents])
    engine.upsert_renditions(
        [{"rendition_id": f"{c}-{form}", "content_id": c, "format": form}
         for c in contents for form in ("video", "article")]
    )  # fmt: skip
    shown = [(c, "video" if n % 2 else "article") for n, c in enumerate(contents)]
    engine.observe(
        [_event(company, "impression", c) | {"rendition_id": f"{c}-{form}"} for c, form in shown]
    )
    engine.observe(
        [_event(company, "progress", c) | {"rendition_id": f"{c}-{form}", "progress_share": 0.95}
         for c, form in shown if form == "video"]
    )  # fmt: skip
    after = engine.formats("e01", until)
    assert after.best == "video"
    assert after.formats["video"].p_complete > before.formats["video"].p_complete
    assert after.formats["video"].n_effective == before.formats["video"].n_effective + 30
    for preference in (before, after):
        assert sum(b.share for b in preference.formats.values()) == pytest.approx(1)
        assert sum(b.probability_best for b in preference.formats.values()) == pytest.approx(1)
        assert sum(preference.families.values()) == pytest.approx(1)
        for belief in preference.formats.values():
            assert 0 <= belief.interval[0] <= belief.p_complete <= belief.interval[1] <= 1


def test_later_contents_and_events_change_no_earlier_ranking(company: "Company") -> None:
    """Also not through a department that only a later content belongs to."""
    plain, knowing = company.engine(), company.engine()
    everybody = [f"e{n:02}" for n in range(0, 60, 7)]
    for engine in (plain, knowing):
        engine.upsert_employees([{"employee_id": "lone", "department": "legal"}])
    knowing.upsert_contents(
        [_content(company, f"later{n}", published_at=company.until + _HOUR, topics=["safety"],
                  owner_department="legal", author_id="a1") for n in range(5)]
    )  # fmt: skip
    knowing.observe(company.later)
    for person in (*everybody, "lone", "nobody"):
        assert plain.rank(person, company.until, k=None) == knowing.rank(
            person, company.until, k=None
        )
