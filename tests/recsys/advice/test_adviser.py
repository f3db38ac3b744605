"""Format advice from the log of a company whose tastes are planted, through the fitted model."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from recsys.advice.advice import FormatAdvice, FormatOutlook
from recsys.advice.advised_story import planned_story
from recsys.advice.adviser import FormatAdviser
from recsys.advice.outcomes import draw_outcomes
from recsys.advice.wording import advice_sentences, share_sentences
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import frame_of, validate
from recsys.event_columns import EventColumns
from recsys.fitting import learnable
from recsys.formats.taste_fitting import fit_tastes
from recsys.formats.taste_model import TasteModel, guessed_tastes
from recsys.formats.tastes import FormatTastes
from recsys.schema import FORMATS, TABLES
from recsys.state.live import LiveState
from recsys.times import HOUR_US, to_micros

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 21
AT = to_micros(START + timedelta(days=DAYS))
HALF_MINUTE = timedelta(seconds=30)
N_PEOPLE, N_CONTENTS = 120, 63
LAST, FOR_NOBODY = f"c{N_CONTENTS - 1:02}", f"c{N_CONTENTS - 2:02}"
MADE = ("video", "text_summary")
NO_DEVICE = range(96, 108)  # twelve of the plant, seen on nobody's screen
OPTED_OUT = range(108, 120)  # twelve of the plant as well

P_COMPLETE = {
    "tastes": {"plant": (0.6, 0.1), "sales": (0.15, 0.4), "research": (0.15, 0.4)},
    "none": dict.fromkeys(("plant", "sales", "research"), (0.3, 0.3)),
}
"""By department: how often a film and a summary are completed, once shown."""


def department(person: int) -> str:
    return "plant" if person >= 90 else ("plant", "sales", "research")[person % 3]


def employees() -> list[dict[str, Any]]:
    return [
        {
            "employee_id": f"e{i:03}", "department": department(i), "site": ("a", "b")[i // 2 % 2],
            "has_pc": i not in NO_DEVICE, "has_mobile": i not in NO_DEVICE,
            "valid_from": "2026-01-01",
        }
        for i in range(N_PEOPLE)
    ]  # fmt: skip


def contents() -> list[dict[str, Any]]:
    """The one before the last is for a team that nobody is in."""
    rows: list[dict[str, Any]] = [
        {
            "content_id": f"c{i:02}", "title": "t", "topics": [("x", "y")[i % 2]],
            "published_at": START + timedelta(hours=8 * i),
        }
        for i in range(N_CONTENTS)
    ]  # fmt: skip
    rows[-2]["audience"] = json.dumps({"team_id": "nobody's"})
    return rows


def renditions() -> list[dict[str, Any]]:
    """The last two exist as summaries only."""
    rows = [
        {"rendition_id": f"c{i:02}-{form}", "content_id": f"c{i:02}", "format": form}
        for i in range(N_CONTENTS)
        for form in MADE
    ]
    return [
        row for row in rows if row["rendition_id"] not in {f"{FOR_NOBODY}-video", f"{LAST}-video"}
    ]


def events(world: str) -> list[dict[str, Any]]:
    """Each content is shown to half of the measurable people, in a format drawn evenly."""
    rng = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for content in range(N_CONTENTS - 2):
        for person in np.flatnonzero(rng.random(N_PEOPLE) < 0.5).tolist():
            if person in NO_DEVICE:
                continue
            form = int(rng.integers(2))
            at = START + timedelta(hours=8 * content, minutes=7 + person)
            event = {
                "employee_id": f"e{person:03}", "content_id": f"c{content:02}",
                "rendition_id": f"c{content:02}-{MADE[form]}", "rendition_propensity": 0.5,
                "occurred_at": at,
                "position": 1, "device": "pc",
            }  # fmt: skip
            rows.append(event | {"event_type": "impression"})
            if rng.random() < P_COMPLETE[world][department(person)][form]:
                rows.append(event | {"event_type": "complete", "occurred_at": at + HALF_MINUTE})
    return [row | {"event_id": str(i)} for i, row in enumerate(rows)]


def dataset(world: str) -> Dataset:
    tables = {
        "employees": employees(), "contents": contents(), "renditions": renditions(),
        "events": events(world),
        "preferences": [
            {"employee_id": f"e{i:03}", "personalization_opt_out": True} for i in OPTED_OUT
        ],
    }  # fmt: skip
    return Dataset(
        {name: validate(TABLES[name], frame_of(rows)).frame for name, rows in tables.items()}
    )


@dataclass(frozen=True)
class World:
    catalogue: Catalogue
    state: LiveState
    model: TasteModel
    log: EventColumns

    def adviser(self) -> FormatAdviser:
        return FormatAdviser(self.model, self.state, self.tastes())

    def tastes(self) -> FormatTastes:
        return FormatTastes(self.model, self.state)

    def content(self, content_id: str) -> int:
        return self.catalogue.contents.ids.index(content_id)


def planted(name: str) -> World:
    data = dataset(name)
    catalogue = Catalogue.of(data)
    log = catalogue.encode(data["events"])
    state = LiveState(catalogue, lateness_us=48 * HOUR_US)
    state.observe(log)
    state.advance(AT)
    return World(catalogue, state, fit_tastes(learnable(log, catalogue), catalogue), log)


@pytest.fixture(scope="module")
def world() -> World:
    return planted("tastes")


@pytest.fixture(scope="module")
def no_taste() -> World:
    return planted("none")


def outlooks(advice: FormatAdvice) -> dict[str, FormatOutlook]:
    return {outlook.format: outlook for outlook in advice.formats}


def test_the_department_that_likes_films_gains_from_one(world: World) -> None:
    adviser, content = world.adviser(), world.content(LAST)
    plant = adviser.on_content(content, AT, {"department": ["plant"]})
    assert plant.produce is not None
    assert plant.lead is not None
    assert (plant.lead.verdict, plant.lead.format) == ("only", "text_summary")
    assert (plant.produce.verdict, plant.produce.format) == ("clear", "video")
    added = outlooks(plant)["video"].added
    assert added is not None
    # Half of the 36 who are measured are shown it: 0.5 · 36 · (0.6 − 0.1).
    assert added.low <= 9 <= added.high
    sales = adviser.on_content(content, AT, {"department": ["sales"]})
    assert sales.produce is not None
    assert sales.produce.verdict == "nothing"
    assert outlooks(sales)["text_summary"].rate.value == pytest.approx(0.4, abs=0.08)
    assert outlooks(plant)["video"].rate.value == pytest.approx(0.6, abs=0.08)


def test_a_planned_story_is_told_by_its_audience(world: World) -> None:
    adviser = world.adviser()
    for audience, best in (("plant", "video"), ("sales", "text_summary")):
        advice = adviser.on_plan(["x"], AT, {"department": [audience]})
        assert advice.content_id is None
        assert advice.produce is not None
        assert (advice.produce.verdict, advice.produce.format) == ("clear", best)
        assert advice.completions is not None
        assert advice.completions.value == 0


def test_a_company_without_taste_is_told_to_try(no_taste: World) -> None:
    advice = no_taste.adviser().on_content(no_taste.content("c40"), AT)
    assert advice.lead is not None
    assert advice.produce is not None
    assert (advice.lead.verdict, advice.lead.reason) == ("randomise", "close")
    assert advice.produce.reason == "nothing"


def test_predictions_come_true(world: World) -> None:
    """Mean completions of the contents that were there; half were shown each format by lot."""
    adviser = world.adviser()
    completed = world.state.showings.everybody()
    done = completed.completed & ~np.isin(completed.employee, list(OPTED_OUT))
    actual = np.count_nonzero(done) / (N_CONTENTS - 2)
    found = outlooks(adviser.on_plan([], AT))
    predicted = np.mean([found[name].completions.value for name in MADE])
    assert predicted == pytest.approx(actual, rel=0.1)


def test_who_has_taken_it_in_adds_nothing(world: World) -> None:
    advice = world.adviser().on_content(world.content("c00"), AT)
    planned = world.adviser().on_plan(["x"], AT)
    for form in MADE:
        left = outlooks(advice)[form].completions.value
        assert left < 0.95 * outlooks(planned)[form].completions.value


def test_few_people_get_no_figures(world: World) -> None:
    eight = {"in": {"department": ["nobody"]}}
    for advice in (
        world.adviser().on_plan(["x"], AT, eight),
        world.adviser().on_content(world.content(LAST), AT, eight),
        world.adviser().on_content(world.content(FOR_NOBODY), AT),
    ):
        assert advice.is_suppressed
        assert (advice.headcount, advice.shown, advice.formats) == (None, None, ())
        for language in ("ja", "en"):
            sentences = advice_sentences(advice, language)
            assert len(sentences) == 1
            assert "10" in sentences[0]


def test_nobody_is_uninterested_for_want_of_a_device(world: World) -> None:
    advice = world.adviser().on_plan(["x"], AT, {"department": ["plant"]})
    count = advice.headcount
    assert count is not None
    assert count.people == 60
    assert count.measured in {30, 40}  # 36
    assert {count.unmeasurable, count.opted_out} <= {10, 20}  # 12 each


def test_departments_tell_taste_where_it_was_planted(world: World, no_taste: World) -> None:
    shares = world.adviser().taste_shares(AT)
    assert shares is not None
    best = shares.attributes[0]
    assert best.attribute == "department"
    assert best.share > 0.6
    assert best.interval[0] <= best.share <= best.interval[1]
    assert best.share == pytest.approx(best.share_by_model, abs=0.2)
    nothing = no_taste.adviser().taste_shares(AT)
    assert nothing is not None
    assert nothing.attributes[0].share < 0.2
    assert nothing.variance < shares.variance / 4
    assert "persons" in share_sentences(shares, "en")[-1]
    assert "属性は人ではありません" in share_sentences(shares, "ja")[-1]


def test_the_content_without_a_film_misses_most(world: World) -> None:
    missed = world.adviser().most_missed(AT, 3, {"department": ["plant"]})
    assert [advice.content_id for advice in missed] == [LAST]


def test_a_first_look_knows_for_whom_a_content_is(world: World) -> None:
    adviser = world.adviser()
    readers, stories = adviser._readers(None, AT), adviser._stories()
    assert readers is not None
    gains = [
        adviser._quick_gain(stories, world.content(name), AT, readers)
        for name in (LAST, FOR_NOBODY, "c30")
    ]
    assert gains[0] > 1
    assert gains[1:] == [0, 0]


def test_a_plan_is_about_the_topics_the_model_knows(world: World) -> None:
    for topics, weight in (
        (["x"], [1]),
        (["x", "nothing"], [1]),
        (["x", "y"], [0.5, 0.5]),
        ([], []),
    ):
        found = planned_story(world.model, topics, 3).place.topics[0]
        assert sorted(found[found > 0]) == weight


def test_a_sample_tells_the_same_with_wider_intervals(world: World) -> None:
    adviser = world.adviser()
    story_of = adviser._stories()
    found = []
    for most in (1_000, 40):
        readers = adviser._readers(None, AT, most)
        assert readers is not None
        story = adviser._story(story_of, world.content(LAST), AT, readers)
        codes = np.array([FORMATS.index(name) for name in MADE])
        drawn = draw_outcomes(world.model.logit, story, readers, codes)
        totals = drawn.totals(drawn.taken[:, 0])
        found.append((totals.mean(), totals.std(), readers.panel.left_out_share))
    (whole, spread, nobody), (sample, wider, some) = found
    assert nobody == 0 < some < 1
    assert sample == pytest.approx(whole, rel=0.35)
    assert wider > 1.2 * spread


def test_a_company_that_has_published_nothing_is_told_to_try() -> None:
    """Newcomers count as anybody; nothing is known of them, so nothing is recommended."""
    catalogue = Catalogue()
    people = [{"employee_id": f"e{i}"} for i in range(12)]
    frame = validate(TABLES["employees"], frame_of(people)).frame
    catalogue.upsert("employees", frame, valid_from=AT - HOUR_US)
    state = LiveState(catalogue, lateness_us=48 * HOUR_US)
    state.advance(AT)
    model = guessed_tastes()
    adviser = FormatAdviser(model, state, FormatTastes(model, state))
    advice = adviser.on_plan([], AT)
    assert len(advice.formats) == len(FORMATS)
    assert advice.produce is not None
    assert (advice.produce.verdict, advice.produce.reason) == ("randomise", "few_showings")
    assert adviser.most_missed(AT) == ()
    shares = adviser.taste_shares(AT)
    assert shares is not None
    assert {part.share for part in shares.attributes} == {0.0}
