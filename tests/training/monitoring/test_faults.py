"""Something breaks, and the right sentence says so; nothing breaks, and none does."""

from datetime import timedelta

import pandas as pd
import pytest

from recsys.reports.suppression import DEFAULT_K
from tests.training.monitoring import companies
from tests.training.monitoring.companies import END, LAST_WEEK, log, sources
from training.monitoring.causes import Alert
from training.monitoring.report import monitor, report_json
from training.monitoring.wording import sentence


@pytest.fixture(scope="module")
def healthy() -> pd.DataFrame:
    return log(80)


def the_alert(events: pd.DataFrame, served: object = None) -> Alert:
    found = monitor(sources(events, served)).alerts  # type: ignore[arg-type]  # or none
    assert len(found) == 1, found
    return found[0]


def is_on(events: pd.DataFrame, surface: str, *kinds: str) -> "pd.Series[bool]":
    return (events["surface"] == surface) & events["event_type"].isin(kinds)


@pytest.mark.slow
@pytest.mark.parametrize(("people", "seed"), [(30, 0), (80, 1)])
def test_a_healthy_week_alerts_nobody(people: int, seed: int) -> None:
    events = log(people, seed=seed)
    assert monitor(sources(events, companies.slates(events))).alerts == ()


def test_an_app_that_sends_nothing_since_tuesday(healthy: pd.DataFrame) -> None:
    tuesday = LAST_WEEK + timedelta(days=1, hours=14)
    gone = is_on(healthy, "mobile", "impression", "open") & (healthy["occurred_at"] >= tuesday)
    alert = the_alert(healthy[~gone])
    assert (alert.code, alert.cause) == ("lost", "surface_silent")
    told = sentence(alert, "en")
    assert told.startswith("Mobile: no impressions since Tuesday 2/17")
    assert "Impressions and opens fell together" in told
    assert "モバイルの表示が2月17日(火)" in sentence(alert, "ja")


def test_openings_that_are_not_measured_on_one_surface(healthy: pd.DataFrame) -> None:
    gone = is_on(healthy, "portal", "open") & (healthy["occurred_at"] >= LAST_WEEK)
    alert = the_alert(healthy[~gone])
    assert (alert.code, alert.cause) == ("lost", "openings_lost")
    assert "Impressions still come" in sentence(alert, "en")


@pytest.mark.slow
def test_a_clock_that_was_turned() -> None:
    alert = the_alert(log(80, hours=5))
    assert (alert.code, alert.cause) == ("hours_shifted", "clock")
    assert alert.facts["hours"] == "+5"


def test_a_frozen_intake(healthy: pd.DataFrame) -> None:
    report = monitor(sources(healthy, at=END + timedelta(days=4)))
    assert [(a.code, a.cause) for a in report.alerts] == [("no_events", "nothing_arrives")]


def test_the_same_few_contents_for_everybody(healthy: pd.DataFrame) -> None:
    events = healthy.copy()
    late = events["occurred_at"] >= LAST_WEEK
    newest = companies.PER_WEEK * (companies.N_WEEKS - 1)
    events.loc[late, "content_id"] = [f"c{newest + n % 4}" for n in range(int(late.sum()))]
    found = monitor(sources(events)).alerts
    assert {(a.code, a.cause) for a in found} == {("coverage", "narrow_feed")}
    assert "one to four weeks old, 5 % were shown to anybody" in sentence(found[0], "en")


def test_scores_that_a_new_model_doubled(healthy: pd.DataFrame) -> None:
    served = companies.slates(
        healthy, score=lambda at: 0.5 if at >= LAST_WEEK else 0.2,
        model=lambda at: "m2" if at >= LAST_WEEK else "m1",
    )  # fmt: skip
    found = {a.code: a for a in monitor(sources(healthy, served)).alerts}
    assert set(found) == {"predictions", "open_ratio"}
    assert {a.cause for a in found.values()} == {"new_model"}
    assert found["open_ratio"].facts["verdict"] == "low"
    assert "recsys rollback" in sentence(found["open_ratio"], "en")


def test_feeds_without_a_model_or_without_time(healthy: pd.DataFrame) -> None:
    served = companies.slates(healthy, reason=lambda at: "no_model" if at >= LAST_WEEK else None)
    alert = the_alert(healthy, served)
    assert (alert.code, alert.cause) == ("degraded", "no_model")
    assert sentence(alert, "en").startswith("100 % of the feeds were less than the best")


def test_exploration_that_ended(healthy: pd.DataFrame) -> None:
    served = companies.slates(
        healthy,
        kind=lambda at, place: "explore" if place == 3 and at < LAST_WEEK else "personal",
    )
    alert = the_alert(healthy, served)
    assert (alert.code, alert.cause) == ("explore_gone", "exploration_off")


def test_ids_that_nobody_has_heard_of(healthy: pd.DataFrame) -> None:
    served = companies.slates(
        healthy, employee=lambda at, name: f"new-{name}" if at >= LAST_WEEK else name
    )
    found = {a.code: a.cause for a in monitor(sources(healthy, served)).alerts}
    assert found["cold"] == "new_ids"


def test_too_few_people_are_not_told_about(healthy: pd.DataFrame) -> None:
    few = healthy[healthy["employee_id"].isin([f"p{n}" for n in range(DEFAULT_K - 1)])]
    gone = is_on(few, "mobile", "impression", "open") & (few["occurred_at"] >= LAST_WEEK)
    report = monitor(sources(few[~gone]))
    assert report.alerts == ()
    behaviour = [f for f in report.figures if f.name in {"events", "hours_psi", "coverage_share"}]
    assert behaviour
    assert all(f.value is None and f.low is None and not any(f.weeks) for f in behaviour)


def test_no_id_of_a_person_is_in_the_answer(healthy: pd.DataFrame) -> None:
    text = str(report_json(monitor(sources(healthy, companies.slates(healthy)))))
    assert not any(f"'{person}'" in text for person in set(healthy["employee_id"]))


def test_a_short_log_says_what_it_cannot_say(healthy: pd.DataFrame) -> None:
    short = healthy[healthy["occurred_at"] >= END - timedelta(days=20)]
    report = monitor(sources(short))
    assert set(report.unsaid) == {"no_rejects", "few_weeks", "no_model", "no_slates"}
    assert report.alerts == ()
