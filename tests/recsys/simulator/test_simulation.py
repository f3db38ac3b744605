"""What comes out of a run: valid, repeatable, ordered, and without the truth."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recsys.dataset.reading import read_dataset
from recsys.errors import ConfigurationError
from recsys.schema import TABLES
from recsys.simulator import simulation
from recsys.simulator.config import Scenario
from recsys.simulator.simulated import Simulated
from recsys.simulator.simulation import EXPERIMENT_FILE, simulate_company

SMALL = Scenario(employees=60, days=10, seed=7)


def _bytes(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_one_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        scenario = Scenario(employees=60, days=10, seed=seed)
        simulate_company(scenario, tmp_path / name, tmp_path / f"{name}-truth", file_format="csv")
    first, again, other = (_bytes(tmp_path / name) for name in "abc")
    assert first == again
    assert _bytes(tmp_path / "a-truth") == _bytes(tmp_path / "b-truth")
    assert first["events.csv"] != other["events.csv"]


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    frames: dict[str, Any] = {}
    for kind in ("csv", "parquet"):
        simulate_company(SMALL, tmp_path / kind, tmp_path / f"{kind}-truth", file_format=kind)
        result = read_dataset(tmp_path / kind)
        assert result.rejects == ()
        frames[kind] = result.dataset
    for table in ("employees", "preferences", "contents", "renditions", "events", "kpis"):
        assert len(frames["csv"][table]) > 0
        pd.testing.assert_frame_equal(frames["csv"][table], frames["parquet"][table])


def test_writing_in_pieces_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate_company(SMALL, tmp_path / "whole", tmp_path / "whole-truth")
    monkeypatch.setattr(simulation, "_PIECE_ROWS", 500)
    simulate_company(SMALL, tmp_path / "pieces", tmp_path / "pieces-truth")
    whole, pieces = (
        pd.read_parquet(tmp_path / name / "events.parquet") for name in ("whole", "pieces")
    )
    pd.testing.assert_frame_equal(whole, pieces)
    assert whole["occurred_at"].is_monotonic_increasing
    assert whole["event_id"].is_unique


def test_the_other_format_of_an_earlier_run_goes(tmp_path: Path) -> None:
    for kind in ("csv", "parquet"):
        simulate_company(SMALL, tmp_path / "d", tmp_path / "t", file_format=kind)
    assert not list((tmp_path / "d").glob("*.csv"))


def test_truth_inside_the_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="beside it"):
        simulate_company(SMALL, tmp_path / "d", tmp_path / "d" / "truth")


def test_too_small_a_company_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="too small"):
        Scenario(employees=5)


def test_only_media_are_described_beyond_the_declared_columns(strong: Simulated) -> None:
    media = {"captions_url", "poster_url", "alt_text", "summary", "text"}
    for path in strong.directory.glob("*.parquet"):
        own = set(pd.read_parquet(path).columns) - set(TABLES[path.stem].column_names)
        assert own == (media if path.stem == "renditions" else set()), path.name
    names = {path.stem for path in strong.directory.iterdir()}
    assert names == set(strong.dataset.frames) | {Path(EXPERIMENT_FILE).stem}


def test_references_hold(strong: Simulated) -> None:
    dataset = strong.dataset
    events, contents = dataset["events"], dataset["contents"]
    employees = set(dataset["employees"]["employee_id"])
    assert set(events["employee_id"]) <= employees
    assert set(events["content_id"]) <= set(contents["content_id"])
    assert set(contents["author_id"]) <= employees
    assert set(dataset["employees"]["manager_id"].dropna()) <= employees
    renditions = dataset["renditions"].set_index("rendition_id")["content_id"]
    assert (renditions[events["rendition_id"]].to_numpy() == events["content_id"]).all()
    published = contents.set_index("content_id")["published_at"]
    assert (events["occurred_at"].to_numpy() >= published[events["content_id"]].to_numpy()).all()


def test_reporting_lines_end_at_one_person(strong: Simulated) -> None:
    manager = strong.dataset["employees"].set_index("employee_id")["manager_id"]
    assert manager.isna().sum() == 1
    for employee in manager.index:
        steps, boss = 0, employee
        while isinstance(boss, str):
            boss, steps = manager[boss], steps + 1
        assert steps <= 4  # member, lead, head, top


def test_nobody_without_a_device_leaves_a_trace(strong: Simulated) -> None:
    employees, events = strong.dataset["employees"], strong.dataset["events"]
    offline = employees[~employees["has_pc"] & ~employees["has_mobile"]]["employee_id"]
    assert len(offline) > 10
    assert not events["employee_id"].isin(offline).any()
    no_phone = employees[~employees["has_mobile"]]["employee_id"]
    assert (events[events["employee_id"].isin(no_phone)]["device"] == "desktop").all()


def test_nobody_reads_before_being_hired_or_while_away(strong: Simulated) -> None:
    employees = strong.dataset["employees"].set_index("employee_id")
    events = strong.dataset["events"]
    person = employees.loc[events["employee_id"]]
    at = events["occurred_at"].to_numpy()
    assert (at >= person["valid_from"].to_numpy()).all()
    # A local day begins up to nine hours before the UTC day and a night shift ends after it.
    slack = pd.Timedelta(hours=10)
    left, back = person["leave_from"] + slack, person["leave_until"] - slack
    assert not ((at > left.to_numpy()) & (at < back.to_numpy())).any()
    assert person["leave_from"].notna().any()


def test_mandatory_contents_take_the_first_slot_for_certain(strong: Simulated) -> None:
    shown = strong.impressions()
    contents = strong.dataset["contents"].set_index("content_id")
    mandatory = contents.loc[shown["content_id"], "mandatory"].to_numpy(bool)
    certain = shown["propensity"].to_numpy() == 1.0
    assert certain.sum() > 50
    assert (shown["position"].to_numpy()[certain] == 1).all()
    assert mandatory[certain].all()
    acknowledged = strong.dataset["events"].query("event_type == 'acknowledge'")
    assert contents.loc[acknowledged["content_id"], "mandatory"].all()
