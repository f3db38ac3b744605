"""`recsys report` finds its reports; `recsys report segments` shows numbers of people only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from recsys import cli
from recsys.catalogue.catalogue import Catalogue
from recsys.commands import report, report_segments
from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.fitting import learnable
from recsys.segments.fitting import fit_segments
from recsys.segments.groups import CODES
from recsys.segments.model import SegmentModel
from recsys.segments.segments import Segments
from recsys.simulator.config import DEFAULT_START, Scenario
from recsys.simulator.simulation import simulate_company
from recsys.state.live import LiveState
from recsys.state.marks import marks_of
from recsys.state.showings import showings_of
from recsys.times import HOUR_US, to_micros

Run = Callable[..., Any]


@dataclass(frozen=True)
class Observer:
    """What the report asks of an engine."""

    dataset: Dataset
    model: SegmentModel | None
    now: datetime

    @property
    def state(self) -> LiveState:
        catalogue = Catalogue.of(self.dataset)
        state = LiveState(catalogue, lateness_us=48 * HOUR_US)
        state.observe(catalogue.encode(self.dataset["events"]))
        state.advance(to_micros(self.now))
        return state

    @property
    def segments(self) -> Segments | None:
        return Segments(self.model, self.state) if self.model else None

    def as_of(self, at: datetime) -> "Observer":
        return Observer(self.dataset, self.model, at)


@pytest.fixture(scope="module")
def observer(tmp_path_factory: pytest.TempPathFactory) -> Observer:
    folder: Path = tmp_path_factory.mktemp("report")
    simulate_company(Scenario(employees=150, days=40, seed=8), folder / "data", folder / "truth")
    dataset = read_dataset(folder / "data").dataset
    catalogue, now = Catalogue.of(dataset), DEFAULT_START + timedelta(days=40)
    log = learnable(catalogue.encode(dataset["events"]), catalogue)
    seconds = catalogue.renditions.seconds_by_format(len(catalogue.contents))
    model = fit_segments(showings_of(*marks_of(log, catalogue)), seconds, to_micros(now))
    assert model is not None
    return Observer(dataset, model, now)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the group with one report that works and one that cannot be imported."""
    here = "recsys.commands.report_segments:report_segments"
    points = [
        EntryPoint("segments", here, "recsys.reports"),
        EntryPoint("broken", "no_such_module:command", "recsys.reports"),
    ]
    monkeypatch.setattr(report, "entry_points", lambda **_: points)
    monkeypatch.setattr(report, "report_app", report.build_reports())
    group = EntryPoint("report", "recsys.commands.report:report_app", "recsys.commands")
    monkeypatch.setattr(cli, "command_points", lambda: [group])


def test_sizes_and_movement_as_json(
    recsys: Run, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_segments, "open_engine", lambda *_: observer)
    outcome = recsys("report", "segments", "--days", 20, "--json")
    assert outcome.exit_code == 0
    answer = outcome.answer()
    assert answer["at"] == observer.now.isoformat()
    assert answer["since"] == (observer.now - timedelta(days=20)).isoformat()
    assert answer["employees"] == 150
    codes = [row["code"] for row in answer["segments"]]
    assert codes == [code for code in CODES if code in codes]
    assert len(answer["migration"]) == len(codes)
    told = [row["employees"] for row in answer["segments"]]
    told += [n for row in answer["migration"] for n in row]
    shown = [n for n in told if n is not None]
    assert 2 <= len(shown) < len(told)
    assert min(shown) >= 10


def test_people_read_names_and_rules(
    recsys: Run, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_segments, "open_engine", lambda *_: observer)
    outcome = recsys("report", "segments", "--days", 20)
    assert outcome.exit_code == 0
    assert "計測不能" in outcome.stdout
    assert "unmeasurable: Has neither a PC nor a mobile device" in outcome.stdout
    assert "sim-0" not in outcome.stdout


def test_a_model_without_segments_says_what_to_do(
    recsys: Run, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = Observer(observer.dataset, None, observer.now)
    monkeypatch.setattr(report_segments, "open_engine", lambda *_: without)
    outcome = recsys("report", "segments")
    assert outcome.exit_code == 1
    assert "train again with a longer log" in outcome.stderr


def test_without_a_champion_there_is_no_report(recsys: Run, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'new.db'}"
    outcome = recsys("report", "segments", "--database", database, "--models-dir", tmp_path)
    assert outcome.exit_code == 1
    assert "recsys train" in outcome.stderr


def test_reports_are_listed_and_a_broken_one_stops_no_other(recsys: Run) -> None:
    helped = recsys("report", "--help")
    assert helped.exit_code == 0
    assert "segments" in helped.stdout
    assert "groups below ten are hidden" in helped.stdout
    assert "Not available: ModuleNotFoundError" in helped.stdout
    assert recsys("report", "broken").exit_code == 1
    assert recsys("report", "segments", "--help").exit_code == 0
