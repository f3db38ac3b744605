"""Tests of generated companies: their logs, their truth and the oracle."""

import math

import numpy as np
import pytest

from benchmarks.format_measures import FittedWorld, measure, regret
from benchmarks.format_planted import PlantedWorld
from benchmarks.format_truth import World, oracle_completion, true_completion
from benchmarks.format_worlds import KINDS, planted_world
from recsys.times import NO_TIME


def _truth(world: World) -> PlantedWorld:
    assert isinstance(world.truth, PlantedWorld)
    return world.truth


@pytest.mark.parametrize("name", KINDS)
def test_a_seed_makes_a_company(name: str) -> None:
    first, again, other = (planted_world(name, seed, 30).dataset for seed in (1, 1, 2))
    for table in ("employees", "contents", "renditions", "events"):
        assert len(first[table]) > 0
        assert first[table].equals(again[table])
    assert not first["events"].equals(other["events"])


def test_a_log_is_in_order_and_shows_nothing_unpublished_or_completed_before() -> None:
    dataset = planted_world("click", 3, 40).dataset
    events = dataset["events"]
    assert events["occurred_at"].is_monotonic_increasing
    shown = events[events["event_type"] == "impression"].merge(dataset["contents"], on="content_id")
    assert (shown["published_at"] < shown["occurred_at"]).all()
    assert len(shown.merge(dataset["renditions"], on=["rendition_id", "content_id"])) == len(shown)
    pair = ["employee_id", "content_id"]
    ends = events[events["event_type"] == "complete"].drop_duplicates(pair)
    after = shown.merge(ends[[*pair, "occurred_at"]], on=pair, suffixes=("", "_done"))
    assert (after["occurred_at"] > after["occurred_at_done"]).mean() == 0


def test_formats_are_drawn_by_the_logged_propensities() -> None:
    # E[1 / propensity of what was drawn] is the number of formats there are to draw from.
    truth = _truth(planted_world("additive", 1, 200))
    n_formats = truth.company.stories.exists[truth.log.content].sum(axis=1)
    excess = 1 / truth.log.propensity - n_formats
    assert abs(excess.mean()) < 4 * excess.std() / math.sqrt(len(excess))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("name", ["additive", "click"])
def test_truth_is_the_average_over_contents_and_devices(name: str) -> None:
    truth = _truth(planted_world(name, 2, 30))
    people, stories, kind = truth.company.people, truth.company.stories, truth.company.kind
    person, form = 7, 3
    total = 0.0
    for topic, appeal in zip(stories.topic, stories.appeal, strict=True):
        interest = people.interest[person, topic]
        level = interest + appeal + people.openness[person]
        taste = people.tastes[person, form]
        for share, gain in (
            (1 - people.mobile_share[person], 0),
            (people.mobile_share[person], -0.4),
        ):
            liked = taste - 0.3 + gain  # an article, that all like less, and less on a phone
            if name == "additive":
                total += share * _sigmoid(kind.base + level + liked)
            else:
                opened = _sigmoid(kind.base + 0.9 + 0.4 * taste + level)
                total += share * opened * _sigmoid(0.2 + liked + 0.3 * interest)
    found = true_completion(truth, np.array([person]))[0, form]
    assert found == pytest.approx(total / len(stories.topic))


def test_answers_come_at_the_stated_rate() -> None:
    truth = _truth(planted_world("probit", 1, 200))
    log = truth.log
    opens, completes = truth.company.stages(log, truth.tastes[log.person, log.form])
    p = opens * completes
    away = (log.completed - p).sum() / math.sqrt((p * (1 - p)).sum())
    assert abs(away) < 4


def test_without_tastes_all_formats_are_equal() -> None:
    truth = planted_world("topic", 1, 30).truth
    p = true_completion(truth, np.arange(30))
    assert p == pytest.approx(np.repeat(p[:, :1], 5, axis=1))
    assert p[:, 0].std() > 0.05  # interests remain


def test_the_likelihood_is_that_of_everything_done() -> None:
    truth = _truth(planted_world("click", 1, 30))
    person = int(truth.n_impressions.argmax())
    tastes = truth.tastes[[person]] + np.array([[0.0], [1.0]])[:, :, None][:, 0]
    log = truth.log.take(slice(truth.starts[person], truth.starts[person + 1]))
    for row, found in zip(tastes, truth.log_likelihood(person, tastes), strict=True):
        opens, completes = truth.company.stages(log, row[log.form])
        outcome = np.where(
            log.completed,
            opens * completes,
            np.where(log.opened, opens * (1 - completes), 1 - opens),
        )
        assert found == pytest.approx(np.log(outcome).sum())


def test_tastes_turn_round_forty_impressions_before_the_end() -> None:
    truth = _truth(planted_world("flips", 1, 60))
    n, flipped_at = truth.n_impressions, truth.flipped_at
    assert ((flipped_at != NO_TIME) == (n >= 90)).all()
    person = int(n.argmax())
    at = truth.log.at[truth.starts[person] : truth.starts[person + 1]]
    assert (at >= flipped_at[person]).sum() == 40
    company = truth.company
    drawn = truth.draw_tastes(person, 20_000, np.random.default_rng(0)).mean(axis=0)
    centre = company.centres[company.people.department[person]]
    assert drawn == pytest.approx(-centre, abs=0.04)
    # Own tastes explain what was done before as their reverse; what was done since does not.
    own = truth.tastes[[person]]
    since = truth.log_likelihood(person, own, since_flip=True)
    whole = truth.log_likelihood(person, own)
    log = truth.log.take(slice(truth.starts[person], truth.since_flip[person]))
    _, p = truth.company.stages(log, -own[0][log.form])
    before = np.log(np.where(log.completed, p, 1 - p)).sum()
    assert whole[0] == pytest.approx(since[0] + before)


@pytest.mark.slow
def test_the_oracle_finds_better_formats_than_raw_rates_and_is_right_on_average() -> None:
    fitted = FittedWorld.of(planted_world("additive", 1, 150))
    found = measure(fitted)
    shortfall = {name: regret(found.true, e).mean() for name, e in found.estimates.items()}
    assert shortfall["oracle"] < shortfall["model"] < shortfall["raw"] < shortfall["department"]
    assert shortfall["oracle"] < 0.75 * shortfall["raw"]
    assert (found.estimates["oracle"] - found.true).mean() == pytest.approx(0, abs=0.01)
    assert found.is_held.mean() > 0.8
    again = oracle_completion(fitted.world.truth, fitted.people[3:5])
    assert again == pytest.approx(found.estimates["oracle"][3:5])


def test_raw_rates_count_each_content_once() -> None:
    fitted = FittedWorld.of(planted_world("click", 1, 40))
    truth, found = _truth(fitted.world), measure(fitted)
    for row, person in enumerate(fitted.people.tolist()):
        log = truth.log.take(slice(truth.starts[person], truth.starts[person + 1]))
        for form in range(len(truth.formats)):
            shown = set(log.content[log.form == form])
            done = set(log.content[(log.form == form) & log.completed])
            rate = len(done) / max(len(shown), 1)
            assert found.estimates["raw"][row, form] == pytest.approx(rate)
