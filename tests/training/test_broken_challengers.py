"""Challengers broken for real, walked through a simulated company beside a healthy champion.

Each is refused, and the check that refuses it is the one made for that.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from recsys.affinity.snapshots import SnapshotRecipe
from recsys.engine import Engine
from recsys.features.moment import Sources
from recsys.fitting import Recipe
from recsys.interactions import Targets
from recsys.model import Model
from recsys.ranker.choice_rows import ChoiceRows
from recsys.ranker.lambdarank import RankerRecipe, fit_ranker
from recsys.ranker.training_rows import Candidates, Sampling, TrainingRows, take_rows
from recsys.scoring import LiveScorer
from recsys.simulator.config import WORLDS, Scenario
from recsys.simulator.simulation import simulate_company
from training.gate_checks import Check
from training.leaks import check_provenance, held_back_ndcg
from training.material import Material, from_directory
from training.trial import Challenger, Rival, Trial, judged, walk

pytestmark = pytest.mark.slow

_RECIPE = Recipe(
    text_size=16,
    sampling=Sampling(max_targets=1_500),
    ranker=RankerRecipe(n_trees=60, min_rows_in_leaf=30),
    snapshots=SnapshotRecipe(n_snapshots=2),
)
_WEAK = RankerRecipe(n_trees=2, min_rows_in_leaf=300)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("challengers")
    scenario = Scenario(employees=300, days=42, seed=4, world=WORLDS["strong"])
    simulate_company(scenario, folder / "data", folder / "truth")
    return from_directory(folder / "data", until=None, test_days=10)


Fitted = tuple[Engine, TrainingRows]


@pytest.fixture
def fitted(company: Material) -> Fitted:
    """A healthy engine as it is at the split, and all its rows; a walk uses it up."""
    seen: list[TrainingRows] = []
    engine = Engine.fit(company.dataset, company.split, recipe=_RECIPE, inspect=seen.append)
    return engine, seen[0]


def _walk(fitted: Fitted, material: Material, *, champion: RankerRecipe = _RECIPE.ranker) -> Trial:
    engine, rows = fitted
    honest = fit_ranker(rows, recipe=champion, seed=7)
    model = replace(engine.model, ranker=honest).named()
    return _judged(_challenger(engine, rows), material, model)


def _judged(challenger: Challenger, material: Material, model: Model) -> Trial:
    walked = walk(material, challenger, Rival(model), seed=0, progress=lambda *_: None)
    return judged(walked, 0)


def _challenger(engine: Engine, rows: TrainingRows) -> Challenger:
    held_back = held_back_ndcg(rows, _RECIPE.ranker, seed=0)
    return Challenger(engine, None, rows.last_at, held_back)


def _checks(found: Trial) -> dict[str, Check]:
    return {check.name: check for check in found.verdict.checks}


def _failed(found: Trial) -> set[str]:
    return {check.name for check in found.verdict.checks if check.passed is False}


def _with_ranker(engine: Engine, rows: TrainingRows) -> Engine:
    ranker = fit_ranker(rows, recipe=_RECIPE.ranker, seed=0)
    return Engine(replace(engine.model, ranker=ranker).named(), engine.state, [])


def test_a_healthy_challenger_that_is_better_is_promoted(fitted: Fitted, company: Material) -> None:
    found = _walk(fitted, company, champion=_WEAK)
    assert found.verdict.decision == "promote", found.verdict
    assert {name for name, check in _checks(found).items() if check.passed} >= {
        "baseline", "champion", "provenance", "generalisation", "slices", "fairness",
        "calibration", "latency",
    }  # fmt: skip


def test_shuffled_labels_are_worse_than_the_champion(fitted: Fitted, company: Material) -> None:
    engine, rows = fitted
    starts = np.cumsum(rows.group_sizes) - rows.group_sizes
    features, rng = rows.features.copy(), np.random.default_rng(0)
    other = starts + rng.integers(0, rows.group_sizes)  # somebody else is called the chosen one
    features[starts], features[other] = rows.features[other], rows.features[starts]
    challenger = _with_ranker(engine, replace(rows, features=features))
    found = _judged(_challenger(challenger, rows), company, engine.model)
    assert found.verdict.decision == "keep"
    assert {"champion", "slices"} <= _failed(found)
    assert _checks(found)["champion"].sentence.startswith("worse than champion")
    assert "provenance" not in _failed(found)


def test_a_model_that_knows_the_test_is_refused_for_its_provenance(company: Material) -> None:
    ahead = replace(company, split=company.split + timedelta(days=5))
    challenger = Challenger.fit(ahead, recipe=_RECIPE, seed=0, progress=lambda *_: None)
    checks = check_provenance(challenger.engine.model, challenger.last_question_at, company.split)
    assert checks.passed is False
    for part in ("the model", "its affinities", "the ranker's last question"):
        assert part in checks.sentence


def test_rows_that_know_the_future_are_refused_for_generalisation(
    fitted: Fitted, company: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features are taken two hours after each choice: the choice itself is among them."""
    engine, _ = fitted
    seen: list[TrainingRows] = []
    monkeypatch.setattr("recsys.fitting.take_rows", _two_hours_late)
    leaking = Engine.fit(company.dataset, company.split, recipe=_RECIPE, inspect=seen.append)
    found = _judged(_challenger(leaking, seen[0]), company, engine.model)
    assert found.verdict.decision == "keep"
    assert "generalisation" in _failed(found), _checks(found)["generalisation"]
    assert "the rows hold something of the future" in _checks(found)["generalisation"].sentence


def _two_hours_late(
    sources: Sources, targets: Targets, candidates_of: Candidates, **options: Any
) -> ChoiceRows:
    late = targets.occurred_at + _micros(hours=2)
    chosen = {
        (int(e), int(t)): int(c)
        for e, t, c in zip(targets.employee, late, targets.content, strict=True)
    }

    def with_the_chosen(employee: int, at: int) -> npt.NDArray[np.int32]:
        known = candidates_of(employee, at)
        return np.union1d(known, [chosen[employee, at]]).astype(np.int32)

    return take_rows(sources, replace(targets, occurred_at=late), with_the_chosen, **options)


def _micros(*, hours: int) -> int:
    return hours * 3_600_000_000


class _Ruined:
    """A scorer that turns the order upside down for some employees."""

    def __init__(self, scorer: LiveScorer, whom: set[int]) -> None:
        self._scorer, self._whom = scorer, whom

    def __getattr__(self, name: str) -> object:
        return getattr(self._scorer, name)

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        scores = self._scorer.score(employee, candidates, at)
        return -scores if employee in self._whom else scores


def test_a_ruined_department_is_refused_by_its_name(fitted: Fitted, company: Material) -> None:
    engine, _ = fitted
    people = company.dataset["employees"]
    name = people["department"].value_counts().index[0]
    ids = people["employee_id"][people["department"] == name]
    whom = set(engine.state.catalogue.employees.ids.indices(ids).tolist())
    engine.scorer = _Ruined(engine.scorer, whom)  # type: ignore[assignment]
    found = _walk(fitted, company, champion=_WEAK)
    assert found.verdict.decision == "keep"
    assert "slices" in _failed(found)
    assert f"department {name} -" in _checks(found)["slices"].sentence
    assert not {"provenance", "generalisation"} & _failed(found)
