"""Reach, gains and related contents through a trained engine; a planted group is found again."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.dataset.dataset import Dataset, empty_frame
from recsys.dataset.validation import frame_of, validate
from recsys.engine import Engine
from recsys.errors import DatasetError
from recsys.reach.gains import Gains, GroupGain
from recsys.reach.wording import LANGUAGES, fate_name, gain_sentences, reach_sentences
from recsys.schema import TABLES
from tests.recsys.conftest import Company

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 20
NOW = START + timedelta(days=DAYS)
N_PEOPLE = 160
TOPICS = ("machines", "people")
NEW, SECRET, FOR_PLANT, GONE = "new", "secret", "for-plant", "gone"


def department(person: int) -> str:
    """Return a department; of ``board`` there are eight."""
    return "board" if person >= 152 else ("plant", "sales", "research", "it")[person % 4]


def dataset() -> Dataset:
    """Those of the plant read about machines, everybody else about people; every third is silent.

    Who is silent comes once a week.
    """
    rng = np.random.default_rng(4)
    employees = [
        {"employee_id": f"e{i:03}", "department": department(i), "site": f"s{i % 2}",
         "valid_from": "2026-01-01"}
        for i in range(N_PEOPLE)
    ]  # fmt: skip
    contents: list[dict[str, Any]] = [
        {"content_id": f"c{i:02}", "title": f"title {i % 2}", "topics": [TOPICS[i % 2]],
         "published_at": START + timedelta(hours=8 * i)}
        for i in range(3 * DAYS)
    ]  # fmt: skip
    new = {"title": "title 0", "topics": ["machines"], "published_at": NOW - timedelta(hours=1)}
    contents += [
        {"content_id": NEW, **new},
        {"content_id": SECRET, **new, "sensitive": True},
        {"content_id": FOR_PLANT, **new, "audience": json.dumps({"department": ["plant"]})},
        {"content_id": GONE, **new, "status": "withdrawn"},
    ]
    events: list[dict[str, Any]] = []
    for day in range(1, DAYS):
        for i in range(N_PEOPLE):
            if i % 3 == 0 and day % 7 != 1:
                continue
            at = START + timedelta(days=day, minutes=int(rng.integers(0, 600)))
            newest = int((at - START) / timedelta(hours=8))
            for place, content in enumerate(range(newest, max(newest - 4, -1), -1)):
                event = {"employee_id": f"e{i:03}", "content_id": f"c{content:02}",
                         "occurred_at": at + timedelta(seconds=9 * place)}  # fmt: skip
                events.append(event | {"event_type": "impression", "position": place + 1})
                likes = (department(i) == "plant") == (content % 2 == 0)
                if rng.random() < (0.6 if likes else 0.05):
                    events.append(event | {"event_type": "open"})
    events.sort(key=lambda event: event["occurred_at"])
    rows = {
        "employees": employees, "contents": contents,
        "events": [{"event_id": str(n), **e} for n, e in enumerate(events)],
        "preferences": [{"employee_id": "e001", "personalization_opt_out": True}],
        "renditions": [],
    }  # fmt: skip
    return Dataset(
        {
            name: validate(TABLES[name], frame_of(r)).frame if r else empty_frame(TABLES[name])
            for name, r in rows.items()
        }
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("planted") / "bundle"
    Engine.fit(dataset(), NOW, recipe=Company.recipe(), seed=1).save(path)
    return path


@pytest.fixture
def engine(bundle: Path) -> Engine:
    engine = Engine.load(bundle)
    assert engine.model.ranker is not None
    return engine


def by_group(gains: Gains, attribute: str) -> dict[str, GroupGain]:
    assert gains.reason is None
    return {g.group: g for g in gains.groups if g.attribute == attribute}


def test_the_planted_group_is_found(engine: Engine) -> None:
    found = by_group(engine.audience_for(NEW, NOW), "department")
    assert set(found) == {"plant", "sales", "research", "it"}  # not the board of eight
    first, *others = found.values()
    assert first.group == "plant"
    assert first.lift > 1.5
    assert first.expected_readers > 2 * max(g.expected_readers for g in others)
    other = by_group(engine.audience_for(f"c{3 * DAYS - 1:02}", NOW), "department")
    assert next(iter(other)) != "plant"


def test_who_seldom_comes_is_in_and_flagged(engine: Engine) -> None:
    gains = engine.audience_for(NEW, NOW)
    habits = by_group(gains, "activity")
    assert habits["seldom_here"].is_usually_unreached
    assert not habits["often_here"].is_usually_unreached
    assert habits["seldom_here"].would_open_share > 0
    # At an equal taste they gain no less from being served than who comes anyway.
    assert habits["seldom_here"].lift == pytest.approx(habits["often_here"].lift, abs=0.1)
    assert habits["seldom_here"].gain_share >= habits["often_here"].gain_share


def test_gains_name_no_one_and_round(engine: Engine) -> None:
    gains = engine.audience_for(NEW, NOW)
    assert "e0" not in json.dumps(asdict(gains))
    for group in gains.groups:
        assert group.people >= 10
        assert group.people % 10 == 0
        assert 0 <= group.gain_share <= group.would_open_share <= 1
        for share in (group.not_opened_share, group.seldom_here_share):
            assert share is None or (group.people >= 50 and round(10 * share) == 10 * share)
    assert gains.groups == engine.audience_for(NEW, NOW).groups
    assert gains.n_left_out >= 1


@pytest.mark.parametrize(
    ("content", "reason"), [(SECRET, "sensitive"), (GONE, "not_live"), (NEW, "no_model")]
)
def test_why_there_are_no_gains(engine: Engine, content: str, reason: str) -> None:
    if reason == "no_model":
        object.__setattr__(engine.model, "ranker", None)
    gains = engine.audience_for(content, NOW)
    assert (gains.reason, gains.groups, gains.would_open_share) == (reason, (), None)
    assert all(gain_sentences(gains, language) for language in LANGUAGES)


def test_gains_of_an_audience_are_those_of_its_people(engine: Engine) -> None:
    found = by_group(engine.audience_for(FOR_PLANT, NOW), "department")
    assert set(found) == {"plant"}


def test_reach_counts_the_audience_of_a_rule(engine: Engine) -> None:
    everybody, plant = engine.reach(NEW, NOW), engine.reach(FOR_PLANT, NOW)
    assert everybody.funnel.audience == N_PEOPLE
    assert plant.funnel.audience == 38
    assert [g.group for g in plant.funnel.by["department"]] == ["plant"]
    assert "board" not in {g.group for g in everybody.funnel.by["department"]}
    assert engine.reach(NEW, NOW, plan=False).plan == ()
    assert {s.cause for s in everybody.plan} >= {"seen", "delivered", "not_visited"}


def test_an_open_moves_people_on_and_the_clock_counts(engine: Engine) -> None:
    soon = NOW + timedelta(hours=1)
    opens = [
        {"event_id": f"n{i}", "event_type": "open", "employee_id": f"e{i:03}", "content_id": SECRET,
         "occurred_at": NOW + timedelta(minutes=1)}
        for i in range(1, 31)
    ]  # fmt: skip
    engine.observe(opens)
    reach = engine.reach(SECRET, soon)
    # One of them opted out and is not looked at.
    opened = next(s for s in reach.funnel.stages if s.stage == "opened")
    assert opened.at_least == 29


def test_sensitive_contents_have_totals_only(engine: Engine) -> None:
    reach = engine.reach(SECRET, NOW)
    assert reach.is_sensitive
    assert reach.funnel.audience == N_PEOPLE
    assert reach.funnel.by == {}
    assert all(step.expected_readers is None for step in reach.plan)
    assert any("sensitive" in sentence for sentence in reach_sentences(reach, "en"))


def test_sentences_exist_in_both_languages(engine: Engine) -> None:
    reach, gains = engine.reach(NEW, NOW), engine.audience_for(NEW, NOW)
    for language in LANGUAGES:
        told = reach_sentences(reach, language) + gain_sentences(gains, language)
        assert len(told) > 5
        assert not any("{" in sentence or "None" in sentence for sentence in told)
    assert fate_name("unmeasurable", "ja").startswith("計測不能")
    assert fate_name("seen", "en") == "seen, not opened"


def test_related_is_what_is_eligible(engine: Engine) -> None:
    anonymous = [r.content_id for r in engine.related(NEW, NOW, k=100)]
    assert anonymous == [r.content_id for r in engine.related(NEW, NOW, k=100)]
    assert not {NEW, FOR_PLANT, GONE} & set(anonymous)
    assert len(engine.related(NEW, NOW)) <= 5
    mine = {r.content_id for r in engine.related("c58", NOW, "e004", k=100)}
    seen = {e["content_id"] for e in _opened_by(engine, "e004")}
    assert seen
    assert not seen & mine
    engine.upsert_preferences([{"employee_id": "e004", "muted_topics": ["machines"]}])
    assert {r.content_id for r in engine.related("c58", NOW, "e004", k=100)} <= {
        f"c{i:02}" for i in range(1, 3 * DAYS, 2)
    }


def _opened_by(engine: Engine, employee_id: str) -> list[dict[str, str]]:
    employees, contents, _ = engine.state.readings.first_interactions()
    ids = engine.state.catalogue.contents.ids
    mine = contents[employees == engine.state.catalogue.employees.ids.index(employee_id)]
    return [{"content_id": ids.id(int(c))} for c in mine]


def test_an_unknown_content_is_named(engine: Engine) -> None:
    for ask in (engine.reach, engine.audience_for, engine.related):
        with pytest.raises(DatasetError, match="'nothing'"):
            ask("nothing", NOW)


def test_standing_agrees_with_the_scores(engine: Engine) -> None:
    candidates = engine.eligible.retrieve(2, engine.state.clock)
    scores = engine.scorer.score(2, candidates, engine.state.clock)
    for place in (0, 7, len(candidates) - 1):
        score, rank = engine.scorer.standing(2, candidates, engine.state.clock, place)
        assert score == pytest.approx(scores[place])
        order = np.argsort(-scores, kind="stable").tolist()
        assert rank == 1 + order.index(place)
