"""Values of a challenger on slates whose readers' liking is known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from recsys.answers import Begun, FeedRequest
from recsys.evaluation.ope import ips
from recsys.evaluation.slates.explored import ExploreJudge, ExploreValues
from recsys.evaluation.slates.report import NOT_DRAWN, explore_json, slates_tables, whole_json
from recsys.evaluation.slates.walk import Retrace, drawn_slots, prepare_slates, walk_slates
from recsys.evaluation.slates.whole import WholeJudge, WholeValues, rips
from recsys.slate.filling import draw_probabilities
from recsys.slate.recipe import DEFAULT_SLATE
from recsys.slate.retracing import Retracing
from recsys.store.slate_log import LoggedSlate
from tests.recsys.evaluation.slates.conftest import N_PEOPLE, N_VISITS, OTHER, SOUGHT, sought

if TYPE_CHECKING:
    from tests.recsys.conftest import Company
    from tests.recsys.evaluation.slates.conftest import Served


class Truth:
    """A judge that knows what is liked: the mean opening of a policy's own draw in a slot."""

    def __init__(self, place: int) -> None:
        self._place = place
        self.openings: list[float] = []

    def wants(self, logged: LoggedSlate) -> bool:
        return bool(drawn_slots(logged)[self._place])

    def see(self, logged: LoggedSlate, employee: int, policies: Mapping[str, Retrace]) -> None:
        path = policies["challenger"]()
        for slot in path._path[: self._place]:
            path._append(slot)
        self.openings.append(_openings(path))


def _openings(path: Retracing) -> float:
    draft = path._draft
    assert draft.exploration is not None
    rows, values = path._pool(draft.exploration, path._allowed_formats())
    p = draw_probabilities(values, draft.exploration.floor, draft.exploration.temperature)
    ids = draft.sources.state.catalogue.contents.ids
    liked = [sought(ids.id(int(content))) for content in draft.contents[rows]]
    return float(p @ np.where(liked, SOUGHT, OTHER))


@pytest.fixture(scope="module")
def found(explored: "Served") -> tuple[ExploreValues, WholeValues, float]:
    models = {"logger": explored.logging, "challenger": explored.challenger}
    test = prepare_slates(explored.dataset(), models, explored.recipe)
    versions = {name: model.version for name, model in models.items()}
    judge, truth = ExploreJudge(test.outcomes, versions), Truth(6)
    whole = WholeJudge(test.outcomes, tuple(models))
    walk_slates(test, explored.slates, [judge, whole, truth])
    return judge.values(), whole.values(), float(np.mean(truth.openings))


def test_a_policys_own_log_is_retraced_to_the_last_digit(
    found: tuple[ExploreValues, WholeValues, float],
) -> None:
    """State, candidates, pool and chances of every moment come out of the replay again."""
    values = found[0]
    assert values.retraced_share["logger"] == 1.0
    assert np.isnan(values.retraced_share["challenger"])
    assert (values.n_slots, values.n_employees) == (N_VISITS * N_PEOPLE, N_PEOPLE)
    logging, logger, _ = values.opened
    assert logger.mean_weight == pytest.approx(1.0)
    assert logger.estimates["ips"].value == pytest.approx(logging.estimates["ips"].value)


def test_the_challengers_drawing_is_worth_what_is_planted(
    found: tuple[ExploreValues, WholeValues, float],
) -> None:
    values, _, truth = found
    logging, _, challenger = values.opened
    for estimate in challenger.estimates.values():
        assert estimate.verdict == "ok"
        assert estimate.interval[0] <= truth <= estimate.interval[1]
        assert estimate.value == pytest.approx(truth, abs=0.08)
    assert truth > logging.estimates["ips"].value + 0.02
    assert challenger.mean_weight == pytest.approx(1.0, abs=0.1)
    # Seven is odd: whatever was opened there was completed.
    completed = values.completed[2].estimates["ips"].value
    assert completed == pytest.approx(challenger.estimates["ips"].value)


def test_whole_slates_of_an_exploring_policy_are_refused(
    found: tuple[ExploreValues, WholeValues, float],
) -> None:
    values, whole, _ = found
    answer = whole_json(whole)
    assert answer["verdict"] == f"refused: {NOT_DRAWN}"
    assert answer["by_depth"] == {}
    tables = list(slates_tables(values, whole))
    assert [table.row_count for table in tables] == [6, 6, 0]
    assert "plackett_luce" in str(tables[2].caption)
    assert "100.0% retraced" in str(tables[0].caption)


def test_few_people_are_not_shown(found: tuple[ExploreValues, WholeValues, float]) -> None:
    few = replace(found[0], n_employees=9)
    answer = explore_json(few)
    assert answer["suppressed"]
    assert answer["opened"] == answer["completed"] == []
    assert next(slates_tables(few, found[1])).row_count == 0


def test_slates_drawn_whole_tell_of_whole_slates(drawn_whole: "Served") -> None:
    models = {"logger": drawn_whole.logging, "challenger": drawn_whole.challenger}
    test = prepare_slates(drawn_whole.dataset(), models, drawn_whole.recipe)
    judge, truth = WholeJudge(test.outcomes, tuple(models)), Truth(0)
    walk_slates(test, drawn_whole.slates, [judge, truth])
    whole = judge.values()
    assert (whole.n_slates, whole.n_employees) == (N_VISITS * N_PEOPLE, N_PEOPLE)
    expected = np.mean(truth.openings)
    first = whole.by_depth[1][2].estimates
    for estimate in first.values():
        assert estimate.verdict == "ok"
        assert estimate.interval[0] <= expected <= estimate.interval[1]
    assert first["rips"] == first["ips"]
    for logging, logger, challenger in whole.by_depth.values():
        assert logger.mean_weight == pytest.approx(1.0)
        assert logger.estimates["rips"].value == pytest.approx(logging.estimates["ips"].value)
        if challenger.estimates["rips"].verdict == "ok":
            assert challenger.estimates["rips"].stderr < challenger.estimates["ips"].stderr * 1.001
    three = [values[2].estimates["ips"].ess for values in whole.by_depth.values()]
    assert three[0] > three[1] > three[2] == three[3]  # four slots are all there are
    assert set(whole_json(whole)["by_depth"]) == {"1", "3", "5", "10"}


def test_what_nobody_looked_at_and_what_is_gone_is_left_out(explored: "Served") -> None:
    served = [logged for logged in explored.slates if logged.slate.request_id == "r0"]
    gone = served[0].slate.items[6].content_id
    events = [
        e for e in explored.tables["events"]
        if e["employee_id"] != "e01" and e["request_id"] == "r0" and e["content_id"] != gone
    ]  # fmt: skip
    contents = [row for row in explored.tables["contents"] if row["content_id"] != gone]
    world = replace(explored, tables=explored.tables | {"events": events, "contents": contents})
    test = prepare_slates(world.dataset(), {"challenger": explored.challenger}, explored.recipe)
    judge = ExploreJudge(test.outcomes, {"challenger": "challenger"})
    walk_slates(test, served, [judge])
    is_left = [
        all(item.content_id != gone for item in logged.slate.items) and logged.employee_id != "e01"
        for logged in served
    ]
    assert 0 < sum(is_left) < N_PEOPLE - 1
    assert judge.values().n_slots == sum(is_left)


def test_the_cascade_by_hand() -> None:
    rewards = [[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    logged = [[0.5, 0.5], [0.5, 0.25], [0.5, 1.0]]
    wanted = [[0.25, 1.0], [0.5, 0.5], [0.5, 1.0]]
    # Weights down to each slot: ½ and 1, 1 and 2, 1 and 1.
    found = rips(rewards, logged, wanted)
    assert found.value == pytest.approx((0.5 + 1.0 + 2.0 + 1.0) / 3)
    whole = ips(np.sum(rewards, axis=1), np.prod(logged, axis=1), np.prod(wanted, axis=1))
    assert whole.value == pytest.approx((2 * 1.0 + 1 * 2.0 + 1 * 1.0) / 3)
    assert (found.ess, found.max_weight) == (whole.ess, whole.max_weight)
    assert rips(rewards, logged, wanted, clip=1.0).value == pytest.approx((0.5 + 1 + 1 + 1) / 3)


class Compared:
    """A judge that compares probabilities with the logged ones, slot by slot."""

    def __init__(self) -> None:
        self.pairs: list[tuple[float, float]] = []

    def wants(self, logged: LoggedSlate) -> bool:
        return True

    def see(self, logged: LoggedSlate, employee: int, policies: Mapping[str, Retrace]) -> None:
        propensities = [item.propensity for item in logged.slate.items]
        found = policies["own"]().probabilities().tolist()
        self.pairs += zip(propensities, found, strict=True)


def test_feeds_of_a_learned_engine_are_retraced_pages_included(company: "Company") -> None:
    """Serving follows the log event by event; the replay builds everything anew."""
    engine, slates = company.engine(), []
    log = company.dataset["events"].sort_values("occurred_at")
    later = log[log["occurred_at"] >= company.until]
    engine.observe(later)
    people = company.dataset["employees"]["employee_id"].unique()[:12]
    for n, employee_id in enumerate(people):
        at = company.until + timedelta(hours=n)
        request = FeedRequest(employee_id, at, limit=10, request_id=f"r{n}")
        slate = engine.feed(request)
        if n % 2:
            more = engine.feed(request, Begun(at, slate.items))
            slate = replace(slate, items=(*slate.items, *more.items))
        slates.append(LoggedSlate(employee_id, "portal", at, slate))
    test = prepare_slates(company.dataset, {"own": engine.model}, DEFAULT_SLATE)
    judge = Compared()
    walk_slates(test, slates, [judge])
    logged, found = np.array(judge.pairs).T
    assert (logged < 1).sum() >= 12
    assert found == pytest.approx(logged, rel=1e-6)
