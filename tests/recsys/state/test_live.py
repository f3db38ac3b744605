import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from recsys.catalogue.catalogue import Catalogue
from recsys.evaluation.baselines import HALF_LIVES, DecayedPopularity
from recsys.event_columns import CODE_OF_TYPE
from recsys.interactions import InteractionLog, first_interactions
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.state.live import VISIT_US, LiveState
from recsys.times import DAY_US, HOUR_US, SECOND_US, to_micros

if TYPE_CHECKING:
    from tests.recsys.conftest import Company


def test_popularity_is_that_of_the_baselines(company: "Company") -> None:
    """Two accounts of one log: the live counters, and the baseline's own implementation."""
    catalogue = Catalogue.of(company.dataset)
    log = catalogue.encode(company.dataset["events"])
    known = catalogue.contents["known"].view(np.bool_)  # the others are parked
    read = log.take(log.is_interaction & known[log.content])
    state = LiveState(catalogue, lateness_us=2 * DAY_US)
    state.observe(log)
    interactions = InteractionLog(read.employee, read.content, read.occurred_at)
    pairs_read = first_interactions(interactions)
    firsts = InteractionLog(pairs_read.employee, pairs_read.content, pairs_read.occurred_at)
    rows = np.arange(len(catalogue.contents))
    department = catalogue.employees.codes(
        "department", catalogue.employees.versions_at(np.arange(60, dtype=np.int32), np.full(60, 0))
    )
    for day in (3, 9, 21):
        at = to_micros(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day))
        state.advance(at)
        live = state.counters.content.read(rows, at)
        for label, seconds in HALF_LIVES.items():
            baseline = DecayedPopularity(
                label, interactions, half_life_seconds=seconds, n_contents=len(rows)
            )
            column = POPULARITY_HALF_LIVES.index(seconds * SECOND_US)
            # The counters forget after 64 half-lives, 5e-20 of a reader.
            np.testing.assert_allclose(live[:, column], baseline.counts(at), rtol=1e-8, atol=1e-17)
        # What a group read counts each reader once.
        own = DecayedPopularity(
            "own", firsts, half_life_seconds=6 * 3600, n_contents=len(rows),
            department=department,
        )  # fmt: skip
        for employee in (0, 1, 2):
            pairs = state.counters.pairs
            who = int(department[employee])
            mine = pairs.read("department_content", who, rows.astype(np.int32), at)[:, 0]
            scores = own.score(employee, rows.astype(np.int32), at)
            age = (at - int(interactions.occurred_at[0])) / (6 * HOUR_US)
            np.testing.assert_allclose(mine, np.exp2(scores - age), rtol=1e-8, atol=1e-17)


def test_one_event_at_a_time_is_all_at_once(company: "Company") -> None:
    """The whole log as pending, against observing and advancing in small steps."""
    together = LiveState(Catalogue.of(company.dataset), lateness_us=2 * DAY_US)
    log = together.catalogue.encode(company.dataset["events"])
    together.observe(log)
    stepwise = LiveState(Catalogue.of(company.dataset), lateness_us=2 * DAY_US)
    stepwise.catalogue.encode(company.dataset["events"])
    end = int(log.occurred_at.max()) + 1
    steps = [int(log.occurred_at[0]) - 1, *range(int(log.occurred_at[0]), end, DAY_US), end]
    for start, stop in itertools.pairwise(steps):
        stepwise.advance(start)
        inside = (log.occurred_at >= start) & (log.occurred_at < stop)
        assert stepwise.observe(log.take(inside)).pending == inside.sum()
    for state in (together, stepwise):
        state.advance(end)
    mine, theirs = together.arrays(), stepwise.arrays()
    assert mine.keys() == theirs.keys()
    for name, array in mine.items():
        if name.endswith("/values"):
            n = min(len(array), len(theirs[name]))  # tables grow by doubling
            if name == "counters.pairs/values":  # rows in order of arrival
                own = array[np.argsort(mine["counters.pairs/keys"])]
                other = theirs[name][np.argsort(theirs["counters.pairs/keys"])]
            else:
                own, other = array, theirs[name]
            np.testing.assert_allclose(
                np.asarray(own[:n], float),
                np.asarray(other[:n], float),
                rtol=1e-9,
                atol=1e-12,
            )
        elif name in ("readings/first", "readings/flags", "readings/keys"):
            np.testing.assert_array_equal(array, theirs[name])


@pytest.mark.parametrize("hours", [47, 49])
def test_what_comes_later_than_the_window_waits_for_the_next_rebuild(
    company: "Company", hours: int
) -> None:
    state = LiveState(Catalogue.of(company.dataset), lateness_us=2 * DAY_US)
    log = state.catalogue.encode(company.dataset["events"])
    one = log.take(slice(0, 1))
    state.advance(int(one.occurred_at[0]) + hours * HOUR_US)
    observed = state.observe(one)
    state.settle()
    assert (observed.applied, observed.late) == ((1, 0) if hours < 48 else (0, 1))
    assert len(state.readings) == observed.applied
    assert state.observe(one).duplicate == 1
    rebuilt = LiveState(state.catalogue, lateness_us=2 * DAY_US)
    rebuilt.observe(one)
    rebuilt.advance(state.clock)
    assert len(rebuilt.readings) == 1


def test_showings_count_when_their_visit_is_over(company: "Company") -> None:
    """An opening is preceded by its own showing; a ranker must not learn from that."""
    catalogue = Catalogue.of(company.dataset)
    state = LiveState(catalogue, lateness_us=2 * DAY_US)
    log = catalogue.encode(company.dataset["events"])
    showing = log.take(slice(0, 1))
    at = int(log.occurred_at[0])
    impression = replace(showing, event_type=np.array([CODE_OF_TYPE["impression"]], np.int8))
    employee, content = int(showing.employee[0]), showing.content
    state.advance(at + 1)
    state.observe(impression)
    counted = []
    for moment in (at + 1, at + VISIT_US, at + VISIT_US + 1):
        state.advance(moment)
        shown = state.counters.content_shown.read(content.astype(np.int64), moment)
        own = state.readings.impressions(employee, content)
        restored = LiveState(catalogue, lateness_us=2 * DAY_US)
        restored.restore(state.arrays())
        restored.advance(at + VISIT_US + 1)
        assert restored.readings.impressions(employee, content) == [1]
        counted.append((int(own[0]), bool(shown[0, 0] > 0)))
    assert counted == [(0, False), (0, False), (1, True)]
