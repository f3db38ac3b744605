"""The smallest company in which a night promotes something, and its loop of one night."""

from pathlib import Path

import pytest

from recsys.affinity.snapshots import SnapshotRecipe
from recsys.fitting import Recipe
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import Sampling
from training.loop.plan import LoopPlan
from training.loop.results import LoopResult, result_of
from training.loop.run import Lives, live_through

RECIPE = Recipe(
    text_size=8,
    sampling=Sampling(max_targets=250, n_likely=10, n_any=5),
    ranker=RankerRecipe(n_trees=5, min_rows_in_leaf=20),
    snapshots=SnapshotRecipe(n_snapshots=1),
)


@pytest.fixture(scope="session")
def plan() -> LoopPlan:
    return LoopPlan(
        RECIPE, "strong", weeks=1, employees=40, seed=13, history_weeks=2, nights_apart=7,
        test_days=3,
    )  # fmt: skip


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loop") / "models"


@pytest.fixture(scope="session")
def lives(plan: LoopPlan, models_dir: Path) -> Lives:
    days: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        # A server of the company's: simulated models have no business there.
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        found = live_through(plan, models_dir, progress=days.append, is_parallel=False)
    assert days == [7]
    return found


@pytest.fixture(scope="session")
def result(plan: LoopPlan, lives: Lives) -> LoopResult:
    return result_of(plan, lives)
