"""Peers rank as they say, from the same candidates, must-reads first."""

from datetime import timedelta

import numpy as np
import pytest

from recsys.answers import FeedRequest
from recsys.dataset.dataset import Dataset
from recsys.evaluation.baselines import HALF_LIVES, DecayedPopularity
from recsys.evaluation.data import prepare
from recsys.model import NO_MODEL
from recsys.simulator.company import found
from recsys.simulator.living import LivingCompany
from recsys.times import to_micros
from training.loop.chronicle import Chronicle
from training.loop.peers import newest_first, plain_engine, popular
from training.loop.plan import LoopPlan


@pytest.fixture(scope="module")
def dataset(plan: LoopPlan) -> Dataset:
    company = found(plan.scenario)
    history = LivingCompany(company, plan.begins).history
    return Chronicle(company, history, plan.begins).dataset


@pytest.mark.parametrize("half_life", ["6h", "3d"])
def test_popular_is_the_baseline_of_the_evaluation(
    plan: LoopPlan, dataset: Dataset, half_life: str
) -> None:
    engine = plain_engine(dataset, NO_MODEL, popular(half_life))
    at = plan.begins + timedelta(hours=1)
    contents = engine.state.catalogue.contents.ids
    data = prepare(dataset, train_until=plan.begins, contents=contents)
    baseline = DecayedPopularity(
        "popular", data.log, half_life_seconds=HALF_LIVES[half_life], n_contents=len(contents)
    )
    for employee_id in dataset["employees"]["employee_id"].head(3):
        ranked = engine.rank(employee_id, at=at, k=None)
        index = np.array([contents.index(r.content_id) for r in ranked], np.int32)
        scores = baseline.score(0, index, to_micros(at))
        # What halved some forty times is nothing to the counters: newest first again.
        heard = baseline.counts(to_micros(at))[index] > 1e-12
        assert np.count_nonzero(heard) > 5
        assert heard[: np.count_nonzero(heard)].all()
        assert (np.diff(scores[heard]) <= 1e-5).all()


def test_newest_shows_the_newest_unseen_after_must_reads(plan: LoopPlan, dataset: Dataset) -> None:
    engine = plain_engine(dataset, NO_MODEL, newest_first)
    contents = dataset["contents"].set_index("content_id")
    n_must = 0
    for employee_id in dataset["employees"]["employee_id"]:
        slate = engine.feed(FeedRequest(employee_id, plan.begins, limit=8, request_id="r"))
        free = [i.content_id for i in slate.items if i.slot_type not in ("mandatory", "pinned")]
        first = len(slate.items) - len(free)
        assert [i.content_id for i in slate.items][first:] == free
        published = contents.loc[free, "published_at"]
        assert published.is_monotonic_decreasing
        assert {i.propensity for i in slate.items} == {1.0}
        n_must += first
    assert n_must > 0


def test_a_chronicle_grows_in_order(plan: LoopPlan, dataset: Dataset) -> None:
    company = found(plan.scenario)
    chronicle = Chronicle(company, LivingCompany(company, plan.begins).history, plan.begins)
    employee_id = dataset["employees"]["employee_id"].iloc[0]
    content_id = dataset["contents"]["content_id"].iloc[0]
    chronicle.add(
        [
            {
                "event_id": f"late-{minutes}", "event_type": "open", "employee_id": employee_id,
                "content_id": content_id, "occurred_at": plan.begins + timedelta(minutes=minutes),
            }
            for minutes in (5, 1)
        ]
    )  # fmt: skip
    events = chronicle.dataset["events"]
    assert events["event_id"].tail(2).tolist() == ["late-1", "late-5"]
    assert len(events) == len(dataset["events"]) + 2
    material = chronicle.material(plan.begins + timedelta(days=1), 3)
    assert material.until - material.split == timedelta(days=3)
    assert material.since == events["occurred_at"].min()
