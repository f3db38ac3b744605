"""What an employee will meet, as foreseen, is what the simulation showed."""

import numpy as np
import numpy.typing as npt
import pytest

from recsys.simulator.loop import LINK_AGE_HOURS, LINK_TRIES
from recsys.simulator.showing import Portal, Reach
from recsys.simulator.simulated import Simulated
from recsys.state.live import VISIT_US
from recsys.times import DAY_US, HOUR_US, series_to_micros, to_micros

FloatArray = npt.NDArray[np.float64]

_PAGES_PER_VISIT = 1 + 0.25 + 0.25**2


def test_contents_are_looked_at_as_often_as_foreseen(strong: Simulated) -> None:
    """First pages on a desktop, one moment before they were shown; content by foreseen looks."""
    shown = strong.impressions()
    first = shown["request_id"].str.endswith(".0") & shown["device"].eq("desktop")
    pages = shown[first].assign(time=series_to_micros(shown.loc[first, "occurred_at"]))
    starts = pages.groupby("request_id")["time"].min().sort_values()
    portal = Portal(strong.truth, strong.dataset)
    by_page = dict(iter(pages.groupby("request_id")))
    foreseen, happened = [], []
    for request, start in starts.iloc[1500:4500:6].items():
        page = by_page[str(request)]
        looks = portal.reach(int(page["employee"].iloc[0]), int(start)).looks / _PAGES_PER_VISIT
        looked = np.zeros(len(looks))
        looked[page["content"]] = page["position"].to_numpy(float) ** -0.55
        assert looks[looked > 0].min() > 0.0  # nothing shown was thought impossible
        foreseen.append(looks[looks > 0])
        happened.append(looked[looks > 0])
    expected, observed = np.concatenate(foreseen), np.concatenate(happened)
    for rows in np.array_split(np.argsort(expected), 8):
        error = observed[rows] - expected[rows]
        assert abs(error.sum() / np.sqrt((error**2).sum())) < 4.0


def test_links_point_where_drawn_ages_do(strong: Simulated) -> None:
    facts, language = strong.truth.facts, 0
    employee = int(np.flatnonzero(strong.truth.traits["language"] == language)[0])
    at = int(facts["published"][-1]) - DAY_US
    reach = Portal(strong.truth, strong.dataset).reach(employee, at)
    age = np.random.default_rng(1).exponential(LINK_AGE_HOURS * HOUR_US, 200_000)
    drawn = np.searchsorted(facts["published"], at - age.astype(np.int64), side="right") - 1
    counts = np.bincount(drawn[drawn >= 0], minlength=len(facts)) / len(age)
    readable = (facts["language"] < 0) | (facts["language"] == language)
    counts[~readable | (facts["expires"] <= at)] = 0.0
    share = strong.truth.about["world"]["direct_share"]
    assert reach.links / share == pytest.approx(counts, abs=5 * np.sqrt(0.05 / len(age)))


def test_a_visit_under_way_does_not_begin_with_a_link(strong: Simulated) -> None:
    events = strong.dataset["events"]
    last = events[events["event_type"] == "open"].iloc[-1]
    employee = list(strong.truth.employee_ids).index(last["employee_id"])
    at = to_micros(last["occurred_at"])
    portal = Portal(strong.truth, strong.dataset)
    assert not portal.reach(employee, at + 1).links.any()
    assert portal.reach(employee, at + VISIT_US + 1).links.any()


def test_opens_count_looks_and_tries_of_links() -> None:
    """A link is followed with 0.02 + 0.01 of 0.1; eight tries at 0.3 end by then with 1 − 0.7^8."""
    reach = Reach(looks=np.array([0.5, 0.2]), links=np.array([0.04, 0.06]))
    p_open = np.array([0.5, 1 / 6])
    tries = (1 - 0.7**LINK_TRIES) / 0.3
    expected = [(0.5 + 0.04 * tries) * 0.5, (0.2 + 0.06 * tries) / 6]
    assert reach.opens(p_open) == pytest.approx(expected)
    without = Reach(looks=np.array([0.5]), links=np.zeros(1))
    assert without.opens(np.array([0.4])) == pytest.approx([0.2])
