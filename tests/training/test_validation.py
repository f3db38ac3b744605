"""Every check of the data on a log that is broken by hand in just that way, and on healthy ones."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.errors import DatasetError
from recsys.schema import INTERACTIONS, TABLES
from recsys.simulator.config import WORLDS, Scenario
from recsys.simulator.simulation import simulate_company
from training.commands.train import train
from training.data_checks.counts import usual
from training.data_checks.findings import Finding
from training.material import Material
from training.validation import check, checked

_END = datetime(2026, 2, 26, 18, tzinfo=UTC)
"""A Thursday evening, after 52 days."""
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

Break = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """People over 53 days, enough of them to give a single day a shape."""
    folder = tmp_path_factory.mktemp("healthy")
    scenario = Scenario(employees=150, days=53, seed=5, world=WORLDS["strong"])
    simulate_company(scenario, folder / "data", folder / "truth")
    dataset = read_dataset(folder / "data").dataset
    since = dataset["events"]["occurred_at"].min().to_pydatetime()
    return Material(_with(dataset, "events", _before(dataset, _END)), since, _END - _WEEK, _END)


def _before(dataset: Dataset, end: datetime) -> pd.DataFrame:
    return dataset["events"][dataset["events"]["occurred_at"] < end]


def _with(dataset: Dataset, table: str, frame: pd.DataFrame) -> Dataset:
    if table == "events":
        frame = frame.sort_values("occurred_at", kind="stable", ignore_index=True)
    return Dataset({name: dataset[name] for name in TABLES} | {table: frame})


def _broken(material: Material, break_it: Break, table: str = "events") -> tuple[Finding, ...]:
    dataset = _with(material.dataset, table, break_it(material.dataset[table].copy()))
    return check(replace(material, dataset=dataset), material.until)


def _told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.check, finding.effect) for finding in findings]


def _since(events: pd.DataFrame, span: timedelta) -> "pd.Series[bool]":
    return events["occurred_at"] >= _END - span


def _thinned(span: timedelta, keep: float) -> Break:
    def thin(events: pd.DataFrame) -> pd.DataFrame:
        stays = np.random.default_rng(0).random(len(events)) < keep
        return events[~_since(events, span) | stays]

    return thin


def _without(span: timedelta, *types: str) -> Break:
    return lambda events: events[~(_since(events, span) & events["event_type"].isin(types))]


def test_a_healthy_company_gives_no_cause_for_anything(healthy: Material) -> None:
    events = healthy.dataset["events"]
    for days in range(8):
        until = _END - days * _DAY
        assert check(replace(healthy, until=until, dataset=_with(
            healthy.dataset, "events", events[events["occurred_at"] < until]
        )), until) == (), until  # fmt: skip


def test_a_day_with_few_events_may_be_a_holiday(healthy: Material) -> None:
    findings = _broken(healthy, _thinned(_DAY, 0.05))
    assert _told(findings) == [("volume", "inform")], "no kind of event is lost"
    assert "as on the same weekday of the last 6 weeks; if it was no holiday" in (
        findings[0].sentence
    )


def test_a_week_with_few_events_is_kept(healthy: Material) -> None:
    assert ("volume", "degrade") in _told(_broken(healthy, _thinned(_WEEK, 0.15)))


def test_a_flood_of_events_is_told(healthy: Material) -> None:
    def flood(events: pd.DataFrame) -> pd.DataFrame:
        new = events[_since(events, _DAY)]
        copies = [
            new.assign(
                event_id=new["event_id"] + f"-{n}",
                occurred_at=new["occurred_at"] - timedelta(seconds=7 * n),
            )
            for n in range(1, 8)
        ]
        return pd.concat([events, *copies])

    assert ("volume", "inform") in _told(_broken(healthy, flood))


def test_a_log_that_stopped_is_told_but_no_long_weekend(healthy: Material) -> None:
    events = healthy.dataset["events"]
    last = events["occurred_at"].max().to_pydatetime()
    ended = replace(healthy, until=last + timedelta(microseconds=1))
    assert check(ended, last + timedelta(days=3, hours=12)) == ()
    findings = check(ended, last + timedelta(days=10))
    assert _told(findings) == [("freshness", "degrade")]
    assert findings[0].cause == "the newest event is 10 days old"
    assert check(healthy, last + timedelta(days=90)) == (), "an end that was asked for is no pause"


@pytest.mark.parametrize(("share", "effect"), [(0.2, "degrade"), (0.7, "stop")])
def test_unknown_contents(healthy: Material, share: float, effect: str) -> None:
    def rename(events: pd.DataFrame) -> pd.DataFrame:
        chosen = _since(events, _WEEK) & (np.random.default_rng(0).random(len(events)) < share)
        return events.assign(
            content_id=events["content_id"].mask(chosen, "no-" + events["content_id"])
        )

    assert _told(_broken(healthy, rename)) == [("unknown ids", effect)]


def test_unknown_employees_never_stop(healthy: Material) -> None:
    findings = _broken(healthy, lambda people: people.iloc[:10], "employees")
    assert _told(findings) == [("unknown ids", "degrade")]
    assert _told(_broken(healthy, lambda people: people.iloc[:0], "employees")) == []


@pytest.mark.parametrize(("share", "effect"), [(0.08, "degrade"), (1.0, "stop")])
def test_events_sent_twice(healthy: Material, share: float, effect: str) -> None:
    def repeat(events: pd.DataFrame) -> pd.DataFrame:
        new = events[_since(events, _WEEK)].sample(frac=share, random_state=0)
        return pd.concat([events, new.assign(event_id=new["event_id"] + "-again")])

    told = _told(_broken(healthy, repeat))
    assert ("duplicates", effect) in told
    same_id = _broken(healthy, lambda e: pd.concat([e, e[_since(e, _WEEK)].tail(200)]))
    assert _told(same_id) == [], "the first of an event id counts"


def test_a_robot_is_told_and_not_named(healthy: Material) -> None:
    contents = healthy.dataset["contents"]["content_id"].head(200).tolist()
    who = str(healthy.dataset["employees"]["employee_id"].iloc[3])

    def crawl(events: pd.DataFrame) -> pd.DataFrame:
        rows = pd.DataFrame(
            {
                "event_id": [f"bot-{n}" for n in range(len(contents))],
                "event_type": "open", "employee_id": who, "content_id": contents,
                "surface": "portal",
                "occurred_at": [_END - timedelta(seconds=n) for n in range(1, 201)],
            }
        )  # fmt: skip
        rows["occurred_at"] = rows["occurred_at"].astype(events["occurred_at"].dtype)
        return pd.concat([events, rows])

    findings = [f for f in _broken(healthy, crawl) if f.check == "bursts"]
    assert [f.effect for f in findings] == ["degrade"], "a tenth of the interactions is its"
    assert who not in findings[0].sentence
    assert findings[0].cause.startswith("1 of those active in the last 7 days")


def test_events_that_arrive_before_they_happen(healthy: Material) -> None:
    def early(events: pd.DataFrame) -> pd.DataFrame:
        return events.assign(received_at=events["occurred_at"] - timedelta(hours=9))

    assert _told(_broken(healthy, early)) == [("clock", "degrade")]
    late = _broken(healthy, lambda e: e.assign(received_at=e["occurred_at"] + timedelta(hours=9)))
    assert _told(late) == []


def test_a_few_events_in_the_future_stop_where_they_end_the_log(healthy: Material) -> None:
    events = healthy.dataset["events"].copy()
    far = _END + timedelta(days=400)
    events.loc[events.index[-3:], "occurred_at"] = far
    dataset = _with(healthy.dataset, "events", events)
    findings = check(replace(healthy, dataset=dataset, until=far + _DAY), _END)
    assert ("clock", "stop") in _told(findings)
    assert _told(check(replace(healthy, dataset=dataset), _END)) == [("clock", "inform")]
    earlier = check(healthy, _END - timedelta(days=20))
    assert ("clock", "degrade") in _told(earlier), "the clock is another one"


@pytest.mark.parametrize(("span", "effect"), [(_DAY, "degrade"), (_WEEK, "stop")])
def test_local_times_sent_as_utc(healthy: Material, span: timedelta, effect: str) -> None:
    def shift(events: pd.DataFrame) -> pd.DataFrame:
        moved = events["occurred_at"] + timedelta(hours=9)
        return events.assign(occurred_at=events["occurred_at"].mask(_since(events, span), moved))

    material = replace(healthy, until=_END + timedelta(hours=9))
    told = _told(_broken(material, shift))
    assert ("clock", effect) in told


def test_summer_time_is_no_wrong_zone(healthy: Material) -> None:
    def shift(events: pd.DataFrame) -> pd.DataFrame:
        moved = events["occurred_at"] - timedelta(hours=1)
        return events.assign(occurred_at=events["occurred_at"].mask(_since(events, _WEEK), moved))

    assert "clock" not in dict(_told(_broken(healthy, shift)))


def test_a_lost_type_is_told_by_day_and_stops_by_week(healthy: Material) -> None:
    findings = _broken(healthy, _without(_DAY, "impression"))
    assert ("lost events", "degrade") in _told(findings)
    assert "0 events of the type impression in the last 24 hours" in findings[0].sentence
    told = _told(_broken(healthy, _without(_WEEK, *INTERACTIONS)))
    assert told[0] == ("lost events", "stop")
    week = _broken(healthy, _without(_WEEK, "complete"))
    assert _told(week) == [("lost events", "degrade")], "opens and reads still come"


def test_a_lost_surface_is_told(healthy: Material) -> None:
    findings = _broken(
        healthy, lambda e: e[~(_since(e, _WEEK) & (e["surface"] == "mobile"))]
    )  # fmt: skip
    assert _told(findings) == [("lost events", "degrade")]
    assert "on the surface mobile" in findings[0].cause


def test_a_column_that_emptied(healthy: Material) -> None:
    def empty(events: pd.DataFrame) -> pd.DataFrame:
        column = events["rendition_propensity"].mask(_since(events, _DAY))
        return events.assign(rendition_propensity=column)

    findings = _broken(healthy, empty)
    assert _told(findings) == [("schema", "degrade")]
    assert findings[0].cause.startswith(
        "the column rendition_propensity of events has emptied: 0 values in the last 24 hours"
    )

    def without_topics(contents: pd.DataFrame) -> pd.DataFrame:
        return contents.assign(
            topics=contents["topics"].mask(contents["published_at"] > _END - _WEEK)
        )

    assert _told(_broken(healthy, without_topics, "contents")) == [("schema", "degrade")]

    def update(people: pd.DataFrame) -> pd.DataFrame:
        later = people.assign(department=None, valid_from=pd.Timestamp(_END - _DAY))
        return pd.concat([people, later.astype(people.dtypes)])

    findings = _broken(healthy, update, "employees")
    assert _told(findings) == [("schema", "degrade")]
    assert "department of employees" in findings[0].cause


def test_what_was_never_there_before_is_said(healthy: Material) -> None:
    def signage(events: pd.DataFrame) -> pd.DataFrame:
        new = _since(events, _WEEK) & (events.index % 20 == 0)
        return events.assign(
            surface=events["surface"].mask(new, "signage"),
            issue_id=events["issue_id"].mask(new, "issue"),
        )

    findings = _broken(healthy, signage)
    assert _told(findings) == [("schema", "inform")] * 2
    assert findings[0].cause.startswith("the surface signage is new")
    assert "the column issue_id of events" in findings[1].cause


@pytest.mark.parametrize(("share", "effects"), [(0.05, []), (0.3, ["degrade"]), (0.6, ["stop"])])
def test_rejected_rows(healthy: Material, share: float, effects: list[str]) -> None:
    n = sum(len(healthy.dataset[name]) for name in TABLES)
    findings = check(replace(healthy, n_rejected=int(n * share / (1 - share))), _END)
    assert [finding.effect for finding in findings] == effects


def test_a_short_log_is_said_to_be_short(healthy: Material) -> None:
    events = healthy.dataset["events"]
    short = events[events["occurred_at"] >= _END - timedelta(days=20)]
    dataset = _with(healthy.dataset, "events", short)
    findings = check(replace(healthy, dataset=dataset), _END)
    assert _told(findings) == [("volume", "inform")]
    assert findings[0].cause.startswith("the log is too short")


def test_every_sentence_says_what_was_expected_and_what_to_do(healthy: Material) -> None:
    finding = _broken(healthy, _thinned(_WEEK, 0.1))[0]
    assert finding.sentence == f"{finding.cause}; expected {finding.expected}; {finding.advice}"
    assert min(len(finding.cause), len(finding.expected), len(finding.advice)) > 10


def test_what_stops_is_raised_unless_it_is_to_go_on(healthy: Material) -> None:
    unreadable = replace(healthy, n_rejected=10**9)
    with pytest.raises(DatasetError, match=r"nothing was fit.*\n- 1,000,000,000 rows were ref"):
        checked(unreadable, _END, despite_data=False)
    assert _told(checked(unreadable, _END, despite_data=True)) == [("schema", "stop")]
    assert checked(healthy, _END, despite_data=False) == ()


def test_the_command_fits_nothing_from_a_broken_log(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = pd.read_parquet(company / "events.parquet")
    for table in ("employees", "contents", "renditions"):
        (tmp_path / f"{table}.parquet").write_bytes((company / f"{table}.parquet").read_bytes())
    events.assign(content_id="elsewhere").to_parquet(tmp_path / "events.parquet")
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(tmp_path / "models"))
    app = typer.Typer()
    app.command()(train)
    result = CliRunner().invoke(app, ["--data", str(tmp_path), "--test-days", "4"])
    assert result.exit_code == 1
    assert "100% of the events of the last 7 days are of contents" in str(result.exception)
    assert not (tmp_path / "models" / "versions").exists()


@given(
    st.lists(st.integers(0, 500), min_size=3, max_size=8),
    st.lists(st.integers(1, 5000), min_size=8, max_size=8),
    st.integers(1, 5000),
)
def test_a_usual_count_is_never_surprising(before: list[int], others: list[int], now: int) -> None:
    counts = np.array(before, np.float64)
    plain = usual(counts)
    assert plain.level == np.median(counts)
    assert plain.chance_of_fewer(plain.level) > 0.1
    assert plain.chance_of_fewer(0) <= plain.chance_of_fewer(plain.level)
    exposed = usual(counts, np.array(others[: len(before)], np.float64), now)
    assert exposed.level <= plain.level
