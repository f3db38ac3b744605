"""A company that lives on under a server: planted rates, common luck, valid events, order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.answers import FeedRequest, ObserveReport, Slate, SlateItem
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import frame_of, validate
from recsys.engine import Engine
from recsys.errors import ConfigurationError
from recsys.schema import TABLES
from recsys.simulator.company import Company, found
from recsys.simulator.config import FORMATS_IN_USE, WORLDS, Scenario
from recsys.simulator.living import LivingCompany
from recsys.simulator.luck import Luck
from recsys.simulator.memory import new_memory
from recsys.simulator.page import PageView
from recsys.simulator.simulation import event_pieces
from recsys.simulator.traits import Records
from recsys.simulator.truth import Truth
from recsys.times import HOUR_US, to_micros

SCENARIO = Scenario(employees=200, days=28, seed=5, world=WORLDS["strong"])
BEGINS = SCENARIO.start + timedelta(days=14)
ENDS = SCENARIO.start + timedelta(days=28)


class Newest:
    """Shows the newest contents that were neither opened nor put away, from ``skipped`` on."""

    def __init__(self, company: Company, skipped: int = 0) -> None:
        self.published = company.town.facts["published"]
        self.content_ids = company.frames["contents"]["content_id"].tolist()
        renditions = company.frames["renditions"]
        first = renditions.drop_duplicates("content_id").set_index("content_id")["rendition_id"]
        self.rendition_ids = first[self.content_ids].tolist()
        self.skipped = skipped
        self.done: set[tuple[str, str]] = set()
        self.views: list[PageView] = []
        self.events: list[dict[str, Any]] = []

    def show(self, view: PageView) -> Slate:
        self.views.append(view)
        end = int(np.searchsorted(self.published, to_micros(view.at), side="right"))
        left = [
            c for c in range(end - 1, -1, -1)
            if (view.employee_id, self.content_ids[c]) not in self.done
        ][self.skipped : self.skipped + view.slots]  # fmt: skip
        items = tuple(
            SlateItem(
                self.content_ids[c], self.rendition_ids[c], "", position, 0.0, "personal", 0.5, 0.25
            )
            for position, c in enumerate(left, start=1)
        )
        return Slate(view.request_id, "m", "p", None, items)

    def observe(self, events: Sequence[dict[str, Any]]) -> None:
        self.events += events
        self.done |= {
            (e["employee_id"], e["content_id"])
            for e in events
            if e["event_type"] in ("open", "dismiss")
        }


@pytest.fixture(scope="module")
def company() -> Company:
    return found(SCENARIO)


@pytest.fixture(scope="module")
def lived() -> tuple[Newest, Records]:
    return _live(0)


def _live(skipped: int, luck: Luck | None = None) -> tuple[Newest, Records]:
    company = found(SCENARIO)
    server = Newest(company, skipped)
    return server, LivingCompany(company, BEGINS, luck=luck).live(server, ENDS)


def test_events_are_canonical_and_the_records_tell_the_same(
    lived: tuple[Newest, Records], company: Company
) -> None:
    server, answers = lived
    events = pd.DataFrame(server.events)
    checked = validate(TABLES["events"], frame_of(server.events))
    assert len(checked.rejects) == 0
    assert len(checked.frame) == len(events)
    assert events["event_id"].is_unique
    pages = events.dropna(subset=["request_id"])
    shown = pages[pages["event_type"] == "impression"].merge(
        pd.DataFrame(_named(answers, company)), on=["request_id", "content_id"]
    )
    assert len(shown) == len(answers)
    assert (shown["position_x"] == shown["position_y"]).all()
    assert (shown["propensity"] == 0.5).all()
    assert (shown["rendition_propensity"] == 0.25).all()
    for kind, column in (("open", "opened"), ("dismiss", "dismissed")):
        assert (pages["event_type"] == kind).sum() == answers[column].sum() > 20
    assert (pages["event_type"] == "acknowledge").sum() == answers["acknowledged"].sum()


def _named(answers: Records, company: Company) -> dict[str, Any]:
    ids = company.frames["contents"]["content_id"].to_numpy()
    requests = [f"visit-{a['visit']:08d}.{a['page']}" for a in answers]
    named = {"request_id": requests, "content_id": ids[answers["content"]]}
    return named | {"position": answers["position"]}


def test_completed_is_what_the_log_says(lived: tuple[Newest, Records], company: Company) -> None:
    """By the rule of completion over the log: progress 0.9, dwell 0.7 of the expected time."""
    server, answers = lived
    events = pd.DataFrame(server.events).dropna(subset=["request_id"])
    renditions = company.frames["renditions"].set_index("rendition_id")
    about = renditions.loc[events["rendition_id"]]
    seconds = about["duration_seconds"].fillna(about["word_count"] / 4).to_numpy()
    done = (
        (events["event_type"] == "complete")
        | (events["progress_share"] >= 0.9)
        | ((events["event_type"] == "read") & (events["dwell_seconds"] >= 0.7 * seconds))
    )
    pairs = events[done][["request_id", "content_id"]].drop_duplicates()
    own = pd.DataFrame(_named(answers[answers["completed"]], company))
    assert set(map(tuple, pairs.to_numpy())) == set(
        map(tuple, own[["request_id", "content_id"]].to_numpy())
    )
    assert len(pairs) > 100


def test_answers_have_the_planted_rates(lived: tuple[Newest, Records]) -> None:
    """Within four standard errors of the sum of planted probabilities."""
    _, answers = lived
    opened = answers["opened"]
    cases = [
        (answers["looked"], answers["p_looked"]),
        (opened, answers["p_open"]),
        (answers["completed"][opened], answers["p_complete"][opened]),
        (answers["dismissed"], 0.012 * (answers["p_looked"] - answers["p_open"])),
    ]
    for happened, planted in cases:
        error = np.sqrt(np.sum(planted * (1 - planted)))
        assert abs(happened.sum() - planted.sum()) < 4 * error
        assert happened.sum() > 20


def test_planted_probabilities_are_those_of_the_truth(
    lived: tuple[Newest, Records], company: Company
) -> None:
    """As asked of the truth again, wherever nobody of the own team has read the content yet."""
    _, answers = lived
    town = company.town
    truth = Truth([], [], town.traits, town.facts, town.response, town.policy, {})
    form = company.frames["renditions"]["format"].to_numpy()[answers["rendition"]]
    mobile = town.visits["mobile"][answers["visit"]] == 1
    n_equal = 0
    for answer, name, on_phone in zip(answers[:3000], form, mobile, strict=False):
        employee, content = int(answer["employee"]), int(answer["content"])
        age = (answer["time"] - town.facts[content]["published"]) / HOUR_US
        alone = truth.p_open(
            employee, content, name, position=int(answer["position"]), age_hours=age
        )
        n_equal += answer["p_open"] == pytest.approx(alone, rel=1e-9)
        assert answer["p_open"] > alone - 1e-9 or answer["p_open"] == 0.0
        completes = truth.p_complete(employee, content, name, mobile=bool(on_phone))
        assert answer["p_complete"] == pytest.approx(completes, rel=1e-9)
    assert n_equal > 1500  # colleagues have read few of them


def test_two_servers_meet_the_same_visits_and_the_same_luck(
    lived: tuple[Newest, Records],
) -> None:
    server, answers = lived
    other_server, other = _live(3)
    first = {view.request_id: view for view in server.views}
    assert first.keys() == {view.request_id for view in other_server.views}
    key = ["employee", "content", "nth", "position"]
    both = pd.DataFrame(answers).merge(pd.DataFrame(other), on=key, suffixes=("", "_other"))
    assert len(both) > 500
    assert (both["looked"] == both["looked_other"]).all()
    # Opening also hangs on age and colleagues; where the chance is equal, so is the answer.
    same = both[np.isclose(both["p_open"], both["p_open_other"], rtol=1e-12)]
    assert len(same) > 100
    assert (same["opened"] == same["opened_other"]).all()
    differs = both[both["opened"] != both["opened_other"]]
    higher = differs["p_open"] > differs["p_open_other"]
    assert (differs["opened"] == higher).all()


def test_one_run_again_is_the_same_and_other_luck_is_not(lived: tuple[Newest, Records]) -> None:
    _, answers = lived
    _, again = _live(0)
    _, other = _live(0, Luck(99))
    assert np.array_equal(answers, again)
    assert answers["looked"][:1000].tolist() != other["looked"][:1000].tolist()


def test_pages_come_in_order_of_time_and_visits_are_the_scenarios_own(
    lived: tuple[Newest, Records], company: Company
) -> None:
    server, _ = lived
    moments = [view.at for view in server.views]
    assert moments == sorted(moments)
    visits = company.town.visits
    start, end = np.searchsorted(visits["start"], [to_micros(BEGINS), to_micros(ENDS)])
    shown = [view.request_id for view in server.views]
    assert len(set(shown)) == len(shown)
    expected = {
        f"visit-{number:08d}.{page}"
        for number in range(start, end)
        for page in range(visits[number]["pages"])
    }
    cut_off = expected - set(shown)  # pages that would come after the end
    assert set(shown) <= expected
    assert len(cut_off) <= 3
    first = {view.visit: view for view in server.views if view.page == 0}
    straight = [n for n in range(start, end) if not visits[n]["direct"]]
    assert all(to_micros(first[n].at) == visits[n]["start"] for n in straight)
    assert len(straight) > 100


def test_what_comes_by_a_link_is_read_without_an_impression(lived: tuple[Newest, Records]) -> None:
    server, _ = lived
    events = pd.DataFrame(server.events)
    by_link = events[(events["event_type"] == "open") & events["request_id"].isna()]
    assert len(by_link) > 5
    shown = events[events["event_type"] == "impression"]
    assert shown["request_id"].notna().all()


def test_history_is_what_the_old_portal_alone_would_have_left() -> None:
    """The log before ``begins`` equals that of a run in which the old portal stays."""
    company = found(SCENARIO)
    memory = new_memory(company.town.traits, len(company.town.facts))
    whole = np.concatenate([rows for _, rows in event_pieces(company, memory)])
    history = LivingCompany(found(SCENARIO), BEGINS).history
    begins = to_micros(BEGINS)
    before = history[history["time"] < begins]
    for name in ("time", "kind", "employee", "content", "rendition", "position"):
        assert np.array_equal(before[name], whole[name][whole["time"] < begins])


def test_a_life_in_two_parts_is_the_same_life(lived: tuple[Newest, Records]) -> None:
    """Also where visits are under way when the first part ends: at noon in Japan."""
    server, answers = lived
    company = found(SCENARIO)
    living, again = LivingCompany(company, BEGINS), Newest(company)
    middle = BEGINS + timedelta(days=6, hours=3, minutes=20)
    parts = [living.live(again, until) for until in (middle, ENDS)]
    assert min(len(part) for part in parts) > 500
    assert np.array_equal(np.concatenate(parts), answers)
    assert [view.request_id for view in again.views] == [v.request_id for v in server.views]
    assert again.events == server.events


class Blunderer(Newest):
    """Makes one mistake in the first page."""

    def __init__(self, company: Company, mistake: dict[str, Any]) -> None:
        super().__init__(company)
        self.mistake = mistake

    def show(self, view: PageView) -> Slate:
        slate = super().show(view)
        first = replace(slate.items[0], **self.mistake)
        return replace(slate, items=(first, *slate.items[1:]))


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"position": 2}, "expected 1, 2, 3"),
        ({"content_id": "nowhere"}, "no content 'nowhere'"),
        ({"rendition_id": "nowhere"}, "no rendition 'nowhere'"),
        ({"content_id": "story-000000"}, "expected a rendition of a published content"),
    ],
)
def test_pages_that_cannot_be_are_refused(
    mistake: dict[str, Any], message: str, company: Company
) -> None:
    living = LivingCompany(found(SCENARIO), BEGINS)
    with pytest.raises(ConfigurationError, match=message):
        living.live(Blunderer(company, mistake), ENDS)


def test_nobody_opens_what_is_in_a_language_they_do_not_read(company: Company) -> None:
    """Everything is shown in its last rendition: English, where there is one."""

    class English(Newest):
        def __init__(self, company: Company) -> None:
            super().__init__(company)
            last = company.frames["renditions"].drop_duplicates("content_id", keep="last")
            self.rendition_ids = last["rendition_id"].tolist()

    server = English(company)
    answers = LivingCompany(found(SCENARIO), BEGINS).live(server, ENDS)
    language = company.frames["renditions"]["language"].to_numpy()[answers["rendition"]]
    own = company.frames["employees"]["language"].to_numpy()[answers["employee"]]
    preferences = company.frames["preferences"].set_index("employee_id")["languages"]
    said = preferences.reindex(company.frames["employees"]["employee_id"]).fillna("").to_numpy()
    declares = np.array(
        [tongue in text for tongue, text in zip(language, said[answers["employee"]], strict=True)]
    )
    foreign = (language != own) & ~declares
    assert foreign.sum() > 1000
    assert not answers["opened"][foreign].any()
    assert answers["looked"][foreign].any()
    assert answers["opened"][(language != own) & declares].any()
    assert set(FORMATS_IN_USE) >= set(company.frames["renditions"]["format"])


def test_an_engine_can_serve_it_and_rejects_nothing(company: Company) -> None:
    """No model is needed for that: the engine without a ranker falls back to its lists."""
    frames = {n: validate(TABLES[n], frame).frame for n, frame in company.frames.items()}
    engine = Engine.fit(Dataset(frames), BEGINS)
    reports: list[ObserveReport] = []

    class Serving:
        def show(self, view: PageView) -> Slate:
            return engine.feed(
                FeedRequest(
                    view.employee_id, view.at, view.slots, view.surface, view.device,
                    request_id=view.request_id,
                )
            )  # fmt: skip

        def observe(self, events: Sequence[dict[str, Any]]) -> None:
            reports.append(engine.observe(events))

    until: datetime = BEGINS + timedelta(days=2)
    answers = LivingCompany(found(SCENARIO), BEGINS).live(Serving(), until)
    assert len(answers) > 500
    assert sum(r.rejected + r.duplicate + r.late for r in reports) == 0
    # Nobody is shown again what they opened or put away.
    frame = pd.DataFrame(answers)
    done = frame["opened"] | frame["dismissed"]
    mandatory = company.town.facts["mandatory"][frame["content"]] == 1
    again = frame[~mandatory].groupby(["employee", "content"])["nth"].transform("max")
    assert (frame["nth"][~mandatory][done[~mandatory]] == again[done[~mandatory]]).all()
