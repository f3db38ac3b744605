"""The trial tells a company where taste matters from one where it does not."""

from pathlib import Path

import numpy as np
import pytest

from recsys.errors import ConfigurationError, DatasetError
from recsys.features.groups import GROUPS
from recsys.features.matrix import FEATURE_NAMES
from recsys.fitting import Recipe
from recsys.ranker.choices import MEANINGFUL
from recsys.ranker.lambdarank import MIN_QUESTIONS, RankerRecipe
from recsys.ranker.training_rows import Sampling, TrainingRows
from recsys.simulator.config import WORLDS, Scenario, WorldName
from recsys.simulator.simulation import simulate_company
from training.gate import WITHOUT_TASTE
from training.material import from_directory
from training.trial import TASTE_GROUPS, run_trial, without_taste


def _rows(n_questions: int) -> TrainingRows:
    """Two candidates a question; taste tells the chosen one for sure, the rest is noise."""
    features = np.random.default_rng(0).normal(size=(2 * n_questions, len(FEATURE_NAMES)))
    taste = [c for group in GROUPS if group.name in TASTE_GROUPS for c in group.columns]
    chosen = np.tile([1.0, 0.0], n_questions)
    features[:, [FEATURE_NAMES.index(column) for column in taste]] = chosen[:, None]
    return TrainingRows(
        features.astype(np.float32), np.full(n_questions, 2, np.int32),
        np.full(n_questions, MEANINGFUL, np.int8), np.zeros(n_questions, np.int16),
        np.ones(2 * n_questions, np.float32),
    )  # fmt: skip


def test_the_ranker_without_taste_looks_at_no_taste() -> None:
    rows = _rows(MIN_QUESTIONS)
    ranker = without_taste(rows, RankerRecipe(n_trees=30, min_rows_in_leaf=5), seed=0)
    assert ranker is not None
    importances = ranker.importances()
    assert sum(importances.values()) == pytest.approx(1.0)
    for group in GROUPS:
        if group.name in TASTE_GROUPS:
            assert sum(importances[column] for column in group.columns) == 0.0
    assert not np.isnan(rows.features).any(), "the rows themselves stay as they were"
    assert without_taste(_rows(MIN_QUESTIONS - 1), RankerRecipe(), seed=0) is None


def test_taste_groups_exist() -> None:
    assert set(TASTE_GROUPS) < {group.name for group in GROUPS}


def test_a_log_shorter_than_the_test_is_refused(company: Path) -> None:
    with pytest.raises(ConfigurationError, match="test of 60 days; pass fewer --test-days"):
        from_directory(company, until=None, test_days=60)


def test_an_empty_log_is_refused(company: Path, tmp_path: Path) -> None:
    for table in ("employees", "contents"):
        (tmp_path / f"{table}.parquet").write_bytes((company / f"{table}.parquet").read_bytes())
    (tmp_path / "events.csv").write_text("event_id,event_type,employee_id,occurred_at\n")
    with pytest.raises(DatasetError, match="no events to learn from"):
        from_directory(tmp_path, until=None, test_days=7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "said"),
    [("strong", "personalisation adds 0."), ("none", "personalisation adds nothing here: the")],
)
def test_it_says_whether_taste_adds_anything(world: WorldName, said: str, tmp_path: Path) -> None:
    scenario = Scenario(employees=300, days=42, seed=3, world=WORLDS[world])
    simulate_company(scenario, tmp_path / "data", tmp_path / "truth")
    trial = run_trial(
        from_directory(tmp_path / "data", until=None, test_days=14),
        recipe=Recipe(sampling=Sampling(max_targets=6_000)),
        models_dir=tmp_path, seed=0, progress=lambda *_: None,
    )  # fmt: skip
    verdict = trial.verdict
    assert verdict.personalisation.startswith(said), verdict
    assert WITHOUT_TASTE in verdict.personalisation
    summary = trial.evaluation.summary
    differences = summary.differences.low[:, summary.metrics.index("ndcg@10")]
    beaten = dict(zip(summary.models[1:], differences > 0, strict=True))
    assert all(is_beaten for model, is_beaten in beaten.items() if model != WITHOUT_TASTE)
