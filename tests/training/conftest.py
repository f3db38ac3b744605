"""A tiny company, and one training run on it that the tests look at from all sides."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys.affinity.snapshots import SnapshotRecipe
from recsys.fitting import Recipe
from recsys.logs import configure_logging
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import Sampling
from recsys.simulator.config import WORLDS, Scenario
from recsys.simulator.simulation import simulate_company
from training import pipeline
from training.material import Material, from_directory
from training.pipeline import Outcome, Plan

SMALL = Recipe(
    text_size=8,
    sampling=Sampling(max_targets=400),
    ranker=RankerRecipe(n_trees=20, min_rows_in_leaf=20),
    snapshots=SnapshotRecipe(n_snapshots=2),
)
_NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_tracking_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    configure_logging("error")  # standard output is for answers


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventy employees over four weeks."""
    folder = tmp_path_factory.mktemp("company")
    scenario = Scenario(employees=70, days=28, seed=3, world=WORLDS["strong"])
    simulate_company(scenario, folder / "data", folder / "truth", file_format="parquet")
    return folder / "data"


@pytest.fixture(scope="session")
def material(company: Path) -> Material:
    return from_directory(company, until=None, test_days=4)


@pytest.fixture(scope="session")
def plan(material: Material) -> Plan:
    """A run into the default models folder, which is relative to the checkout."""
    return Plan(material, SMALL, Path("models"))


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkout")


@pytest.fixture(scope="session")
def outcome(plan: Plan, checkout: Path) -> Outcome:
    """What the run in the checkout returned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(checkout)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return pipeline.train(plan, at=_NOW, progress=lambda *_: None)


@pytest.fixture
def run_again(
    plan: Plan, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], Outcome]:
    """Return a function that runs all but the two long steps, into another models folder."""
    learned = pipeline.Learned(
        outcome.model, None, outcome.model, None, None, None, is_incremental=False
    )
    monkeypatch.setattr(pipeline, "_learn", lambda _: learned)
    monkeypatch.setattr(pipeline, "walk", lambda *_, **__: None)
    monkeypatch.setattr(pipeline, "judged", lambda *_: outcome.trial)

    def run(models_dir: Path) -> Outcome:
        elsewhere = replace(plan, models_dir=models_dir)
        return pipeline.train(elsewhere, at=_NOW, progress=lambda *_: None)

    return run
