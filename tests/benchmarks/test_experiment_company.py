"""Whole experiments in a simulated company: drawn, served, seen, watched, stopped and judged."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.experiment_company import PLAN, Outcome, claims_without_effect, run, trained
from benchmarks.experiment_serving import measure
from benchmarks.slate import QUICK_RECIPE
from experiments.running.definition import UnitType
from recsys.dataset.dataset import Dataset

Company = tuple[Any, Path, Dataset, Path]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("company")
    return PLAN, *trained(PLAN, folder, QUICK_RECIPE), folder


@pytest.mark.slow
def test_a_short_experiment_runs_from_its_draw_to_its_look(tmp_path: Path) -> None:
    plan = replace(PLAN, employees=80, trained_days=8, lived_days=8)
    bundle, dataset = trained(plan, tmp_path, QUICK_RECIPE)
    outcome = run(plan, bundle, dataset, tmp_path, unit="team", planted="lift")
    assert outcome.status["status"] == "running"
    assert outcome.entry is not None
    assert outcome.entry["n_clusters"] >= 8
    assert sum(outcome.status["exposed"].values()) > 20
    assert outcome.entry["computable"]
    low, high = _shown(outcome)
    assert low <= outcome.entry["effect"] <= high


def _shown(outcome: Outcome) -> tuple[float, float]:
    assert outcome.entry is not None, outcome.status
    low, high = outcome.entry["decision_ci"]
    return low, high


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["employee", "team"])
def test_a_planted_lift_lies_in_its_interval(company: Company, unit: UnitType) -> None:
    plan, bundle, dataset, folder = company
    outcome = run(plan, bundle, dataset, folder, unit=unit, planted="lift", with_truth=True)
    low, high = _shown(outcome)
    assert outcome.truth is not None
    assert low <= outcome.truth <= high
    assert low > 0


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["employee", "team"])
def test_a_harmful_variant_is_paused_by_its_guardrail(company: Company, unit: UnitType) -> None:
    plan, bundle, dataset, folder = company
    outcome = run(plan, bundle, dataset, folder, unit=unit, planted="harm")
    assert outcome.status["status"] == "paused"
    assert outcome.days < plan.lived_days


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["employee", "team"])
def test_without_a_difference_nothing_is_shown(company: Company, unit: UnitType) -> None:
    plan, bundle, dataset, folder = company
    outcome = run(plan, bundle, dataset, folder, unit=unit, planted="none")
    assert outcome.status["status"] == "running"
    # Of 100 draws 5 are expected to claim something, and more than 12 with a chance of 0.2 %.
    assert claims_without_effect(plan, bundle, dataset, unit=unit, n=100) <= 0.12


def test_arms_are_found_in_a_fraction_of_a_millisecond() -> None:
    median, tail, _ = measure(20, 1_200, 2_000)
    assert median < 50  # µs; 200 is the promise, and a crowded machine takes some
    assert tail < 5_000
