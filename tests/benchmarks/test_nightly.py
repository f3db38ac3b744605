"""An incremental run costs less than a full one and gives an equal model."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.nightly import SMALL, Likeness, Night, likeness, night
from recsys.dataset.reading import read_dataset
from recsys.fitting import Recipe
from recsys.model import Model
from recsys.registry import version_directory
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company

_ALIKE = Likeness(400, 0.004, 0.003, 0.95, 0.9, 0.001)


def test_equal_means_no_further_apart_than_twice_two_seeds() -> None:
    assert _ALIKE.is_within(_ALIKE)
    for changed in (
        {"ndcg_difference": -0.009}, {"rank_correlation": 0.89}, {"top_ten": 0.79},
        {"belief_difference": 0.006},
    ):  # fmt: skip
        assert not replace(_ALIKE, **changed).is_within(_ALIKE)  # type: ignore[arg-type]  # by name
    same = replace(_ALIKE, ndcg_difference=0.0)
    assert replace(_ALIKE, ndcg_difference=0.005).is_within(same), "chance"


def _nights(
    folder: Path, scenario: Scenario, recipe: Recipe, test_days: int
) -> tuple[Night, Night, Likeness, Likeness]:
    """Return an incremental and a full run, their likeness, and that of two seeds."""
    simulate_company(scenario, folder / "data", folder / "truth", file_format="parquet")
    dataset = read_dataset(folder / "data").dataset
    end = dataset["events"]["occurred_at"].max().to_pydatetime() + timedelta(microseconds=1)
    data, then = folder / "data", end - timedelta(days=4)
    night(data, folder / "a", recipe, then - timedelta(days=1), test_days=test_days)
    added = night(data, folder / "a", recipe, then, incremental=True, test_days=test_days)
    full = night(data, folder / "b", recipe, then, test_days=test_days)
    other = night(data, folder / "c", recipe, then, seed=2, test_days=test_days)
    models = [
        Model.read(version_directory(folder / name, found.model_version))
        for name, found in (("a", added), ("b", full), ("c", other))
    ]
    apart = likeness(dataset, models[1], models[0], end)
    return added, full, apart, likeness(dataset, models[1], models[2], end)


@pytest.mark.slow
def test_a_small_company_gets_an_equal_model_for_less(tmp_path: Path) -> None:
    scenario = Scenario(employees=120, days=45, seed=5)
    added, full, apart, yardstick = _nights(tmp_path, scenario, SMALL, 10)
    assert added.is_incremental
    assert added.full_because is None
    assert not full.is_incremental
    assert apart.n_choices > 100
    assert apart.is_within(yardstick), (apart, yardstick)
    assert sum(added.processor.values()) < 0.8 * sum(full.processor.values())


@pytest.mark.slow
def test_a_million_events_get_an_equal_model_for_less(tmp_path: Path) -> None:
    added, full, apart, yardstick = _nights(tmp_path, Scenario(seed=5), Recipe(), 14)
    assert added.is_incremental
    assert apart.is_within(yardstick), (apart, yardstick)
    assert sum(added.processor.values()) < 0.6 * sum(full.processor.values())
