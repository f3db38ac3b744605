"""Tuning looks only at the past, is the same twice, and claims nothing that luck explains."""

import json
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from recsys.dataset.dataset import Dataset
from recsys.errors import ConfigurationError
from recsys.evaluation.origins import Window, windows_before
from recsys.features.matrix import FEATURE_NAMES
from recsys.fitting import Recipe
from recsys.ranker.choices import MEANINGFUL
from recsys.ranker.lambdarank import MIN_QUESTIONS, RankerRecipe, fit_ranker
from recsys.ranker.ranker import Ranker
from recsys.ranker.training_rows import TrainingRows
from training import search, tuning
from training.commands.tune import tune as command
from training.material import Material
from training.recipe import flatten, read_recipe
from training.search import RANKER_RANGES
from training.tuning import Budget, Tuned, past_windows, tune
from training.tuning_rows import Origin, collect_origin, known_before, latest, ndcg_of_each

_AT = datetime(2026, 1, 20, tzinfo=UTC)
_WEEK = timedelta(days=7)


def _rows(n: int, signal: float, seed: int) -> TrainingRows:
    """Eight candidates a question; the first column tells the chosen one apart by ``signal``.

    Five more are noise, all others constant: how many features there are changes nothing.
    """
    features = np.zeros((8 * n, len(FEATURE_NAMES)))
    features[:, :6] = np.random.default_rng(seed).normal(size=(8 * n, 6))
    features[::8, 0] += signal
    return TrainingRows(
        features.astype(np.float32), np.full(n, 8, np.int32), np.full(n, MEANINGFUL, np.int8),
        np.zeros(n, np.int16), np.ones(8 * n, np.float32),
    )  # fmt: skip


def _origin(n: int = 200, signal: float = 1.5, n_missed: int = 0, seed: int = 0) -> Origin:
    window = Window(_AT, _AT + _WEEK)
    people = tuple(f"e{i % 40}" for i in range(n + n_missed))
    test = _rows(n, signal, seed + 1)
    return Origin(window, _rows(n, signal, seed), test.features, test.group_sizes, n_missed, people)


@pytest.fixture
def of_rows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tuned]:
    """Return a function that tunes on made-up rows instead of those of a log."""

    def run(
        *origins: Origin, recipe: Recipe, n_trials: int = 4, seed: int = 0,
        database: Path | None = None, budget: Budget | None = None,
    ) -> Tuned:  # fmt: skip
        given = iter(origins)
        monkeypatch.setattr(tuning, "collect_origin", lambda *_, **__: next(given))
        monkeypatch.setattr(tuning, "check_history", lambda *_: None)
        windows = tuple(origin.window for origin in origins)
        return tune(
            Dataset(), windows, recipe=recipe, budget=budget or Budget(n_trials), seed=seed,
            progress=lambda *_: None, database=database,
        )  # fmt: skip

    return run


_POOR = Recipe(ranker=RankerRecipe(n_trees=1, n_leaves=2, feature_share=0.02, min_rows_in_leaf=900))
_FAIR = Recipe(ranker=RankerRecipe(n_trees=60, n_leaves=7))


def test_a_poor_recipe_is_bettered_beyond_luck(of_rows: Callable[..., Tuned]) -> None:
    tuned = of_rows(_origin(), _origin(seed=5), recipe=_POOR)
    assert tuned.is_better
    assert tuned.attempts[0].recipe == _POOR
    assert tuned.best.ndcg == max(attempt.ndcg for attempt in tuned.attempts)
    gain = tuned.best.ndcg - tuned.attempts[0].ndcg
    assert tuned.difference.value[0] == pytest.approx(gain)
    assert 0 < tuned.luck < gain
    assert tuned.n_choices == (200, 200)


def test_where_nothing_can_be_learned_nothing_is_better(of_rows: Callable[..., Tuned]) -> None:
    """The best of six is ahead by luck, so much that its own interval would believe it."""
    tuned = of_rows(_origin(signal=0.0, seed=39), recipe=_FAIR, n_trials=6)
    assert tuned.difference.low[0] > 0
    assert not tuned.is_better


def test_the_same_seed_tries_the_same_and_another_one_does_not(
    of_rows: Callable[..., Tuned],
) -> None:
    first, again, other = (of_rows(_origin(), recipe=_FAIR, n_trials=2, seed=s) for s in (1, 1, 2))
    assert first.attempts == again.attempts
    assert first.luck == again.luck
    assert first.attempts[1:] != other.attempts[1:]


def test_what_is_tried_stays_in_range_and_starts_from_what_is_given(
    of_rows: Callable[..., Tuned],
) -> None:
    tuned = of_rows(_origin(), recipe=_POOR, n_trials=5)
    tried = [flatten(attempt.recipe) for attempt in tuned.attempts]
    for name, ends in RANKER_RANGES.items():
        low, high = min(ends.low, tried[0][name]), max(ends.high, tried[0][name])
        assert all(low <= recipe[name] <= high for recipe in tried), name
    searched = {*RANKER_RANGES, "sampling.max_targets"}
    for name in flatten(_POOR).keys() - searched:
        assert all(recipe[name] == tried[0][name] for recipe in tried), name


def test_every_origin_counts_the_same(of_rows: Callable[..., Tuned]) -> None:
    """However many choices it has: 300 that are easy, 200 of which most cannot be found."""
    easy, hard = _origin(300, signal=9.0), _origin(200, signal=9.0, n_missed=600)
    tuned = of_rows(easy, hard, recipe=_FAIR, n_trials=1)
    means = []
    for origin in (easy, hard):
        ranker = fit_ranker(origin.train, recipe=_FAIR.ranker, seed=0)
        assert ranker is not None
        means.append(ndcg_of_each(origin, ranker).mean())
    assert means[1] < 0.26
    assert tuned.attempts[0].ndcg == pytest.approx(sum(means) / 2)


def test_too_few_choices_are_named(of_rows: Callable[..., Tuned]) -> None:
    with pytest.raises(ConfigurationError, match="2026-01-20 there are 199 choices"):
        of_rows(_origin(MIN_QUESTIONS - 1), recipe=_FAIR)
    empty = _rows(0, 0.0, 0)
    nobody = replace(_origin(), test=empty.features, test_sizes=empty.group_sizes, employee_ids=())
    with pytest.raises(ConfigurationError, match="nobody chose anything from 2026-01-20 00:00"):
        of_rows(nobody, recipe=_FAIR)


def _made_up(origins: list[Origin], recipe: Recipe) -> npt.NDArray[np.float64]:
    """Return values that follow from the recipe, without a fit."""
    n = sum(len(origin.employee_ids) for origin in origins)
    seed = [recipe.ranker.n_trees, recipe.ranker.truncation_level]
    return np.random.default_rng(seed).random(n)


class _Killed(BaseException):
    """As when the process ends: nothing after it is done."""


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Recipe]]:
    """Return a function that lists the recipes tried from now on, and kills at the n-th.

    What a recipe reaches is made up, at once.
    """

    def begin(kill_at: int | None = None) -> list[Recipe]:
        tried: list[Recipe] = []

        def values(origins: list[Origin], recipe: Recipe, _seed: int) -> Any:
            tried.append(recipe)
            if len(tried) == kill_at:
                raise _Killed
            return _made_up(origins, recipe)

        monkeypatch.setattr(tuning, "_values", values)
        return tried

    return begin


def test_a_killed_search_goes_on_and_ends_as_an_undisturbed_one(
    of_rows: Callable[..., Tuned], counting: Callable[..., list[Recipe]], tmp_path: Path
) -> None:
    origins = _origin(), _origin(seed=5)
    database = tmp_path / "models" / "tuning.db"
    before = counting(kill_at=3)
    with pytest.raises(_Killed):
        of_rows(*origins, recipe=_FAIR, database=database)
    after = counting()
    resumed = of_rows(*origins, recipe=_FAIR, database=database)
    assert len(after) == 3
    assert after[0] == before[2], "what was being tried is tried again"
    assert not set(after) & set(before[:2]), "what was finished is not"
    again = counting()
    undisturbed = of_rows(*origins, recipe=_FAIR)
    assert len(again) == 5
    assert resumed.attempts == undisturbed.attempts
    assert resumed.luck == undisturbed.luck
    assert resumed.difference.value == undisturbed.difference.value


def test_a_finished_search_needs_no_rows_and_a_longer_one_goes_on(
    of_rows: Callable[..., Tuned], counting: Callable[..., list[Recipe]], tmp_path: Path
) -> None:
    database = tmp_path / "tuning.db"
    counting()
    first = of_rows(_origin(), recipe=_FAIR, n_trials=2, database=database)
    tried = counting()
    no_rows = SimpleNamespace(window=_origin().window)
    again = of_rows(no_rows, recipe=_FAIR, n_trials=2, database=database)
    assert tried == []
    assert again == replace(first, difference=again.difference)
    longer = of_rows(_origin(), recipe=_FAIR, n_trials=3, database=database)
    assert len(tried) == 1
    assert longer.attempts[:3] == first.attempts


_DYING = """
import os, sys
from pathlib import Path
from tests.training import test_tuning
from training import tuning

origin, n = test_tuning._origin(), [0]

def values(origins, recipe, seed):
    n[0] += 1
    if n[0] == 4:
        os._exit(9)
    return test_tuning._made_up(origins, recipe)

tuning._values = values
tuning.check_history = lambda *_: None
tuning.collect_origin = lambda *_, **__: origin
tuning.tune(
    test_tuning.Dataset(), (origin.window,), recipe=test_tuning._FAIR, budget=tuning.Budget(4),
    seed=0, progress=lambda *_: None, database=Path(sys.argv[1]),
)
"""


@pytest.mark.slow
def test_a_process_that_dies_loses_nothing_it_finished(
    of_rows: Callable[..., Tuned], counting: Callable[..., list[Recipe]], tmp_path: Path
) -> None:
    database = tmp_path / "tuning.db"
    root = Path(__file__).parents[2]
    arguments = [sys.executable, "-c", _DYING, str(database)]
    done = subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    tried = counting()
    resumed = of_rows(_origin(), recipe=_FAIR, database=database)
    assert len(tried) == 2
    assert resumed.attempts == of_rows(_origin(), recipe=_FAIR).attempts


@pytest.mark.parametrize("changed", [{"seed": 1}, {"recipe": _POOR}])
def test_another_search_does_not_take_over(
    of_rows: Callable[..., Tuned], counting: Callable[..., list[Recipe]], tmp_path: Path,
    changed: dict[str, Any],
) -> None:  # fmt: skip
    database = tmp_path / "tuning.db"
    of_rows(_origin(), recipe=_FAIR, n_trials=1, database=database)
    tried = counting()
    of_rows(_origin(), **({"recipe": _FAIR, "n_trials": 1, "database": database} | changed))
    assert len(tried) == 2


def test_the_budget_of_seconds_is_respected(
    of_rows: Callable[..., Tuned], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Collecting takes 10 seconds of this clock and an attempt 4."""
    now = [0.0]

    def values(*_: object) -> Any:
        now[0] += 4.0
        return np.zeros(200)

    def check(*_: object) -> None:
        now[0] += 10.0

    monkeypatch.setattr(tuning, "_values", values)
    monkeypatch.setattr(tuning, "_check_choices", check)
    for seconds, attempts in ((1.0, 1), (17.9, 1), (18.0, 2), (23.0, 3), (1e9, 6)):
        now[0] = 0.0
        budget = Budget(5, seconds, clock=lambda: now[0])
        tuned = of_rows(_origin(), recipe=_FAIR, budget=budget)
        assert len(tuned.attempts) == attempts
        assert now[0] <= max(seconds, 14.0)
        assert [attempt.seconds for attempt in tuned.attempts] == [4.0] * attempts
    alone = of_rows(_origin(), recipe=_POOR, budget=Budget(5, 0.0))
    assert np.isnan(alone.luck)
    assert not alone.is_better
    assert alone.chosen == _POOR


def test_old_searches_are_forgotten(
    of_rows: Callable[..., Tuned], counting: Callable[..., list[Recipe]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    database = tmp_path / "tuning.db"
    monkeypatch.setattr(search, "_KEPT", 2)
    tried = counting()
    for seed in (0, 1, 2, 1):
        of_rows(_origin(), recipe=_FAIR, n_trials=1, seed=seed, database=database)
    assert len(tried) == 6, "the latest two are still there"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM studies").fetchall() == [(2,)]


def test_no_employee_is_named_in_the_database(
    of_rows: Callable[..., Tuned], counting: Callable[..., list[Recipe]], tmp_path: Path
) -> None:
    counting()
    origin = _origin(n_missed=3)
    named = replace(origin, employee_ids=tuple(f"person-{name}" for name in origin.employee_ids))
    database = tmp_path / "tuning.db"
    of_rows(named, recipe=_FAIR, n_trials=1, database=database)
    assert b"person-" not in database.read_bytes()


def test_past_windows_end_where_the_test_window_begins(material: Material) -> None:
    windows = past_windows(material)
    assert len(windows) == 2
    assert windows[-1].until == material.split
    length = material.until - material.split
    assert all(window.until - window.train_until == length for window in windows)
    late = replace(material, split=material.until - timedelta(days=7))
    assert len(past_windows(late)) == 1
    with pytest.raises(ConfigurationError, match="no room to tune in: 20 days before"):
        past_windows(replace(material, split=material.until - timedelta(days=20)))


def test_latest_keeps_whole_questions() -> None:
    rows = _rows(5, 0.0, 0)
    assert latest(rows, 2).group_sizes.tolist() == [8, 8]
    assert np.array_equal(latest(rows, 2).features, rows.features[-16:])
    assert np.array_equal(latest(rows, 9).features, rows.features)


def test_ndcg_by_hand() -> None:
    features = np.zeros((5, len(FEATURE_NAMES)), np.float32)
    features[:, 0] = [1, 3, 2, 7, 7]  # rank 3 of 3, then a tie of two: rank 1.5
    sizes = np.array([3, 2], np.int32)
    origin = Origin(Window(_AT, _AT), _rows(1, 0.0, 0), features, sizes, 1, ("a", "b", "c"))
    by_first_column = cast("Ranker", SimpleNamespace(score=lambda rows: rows[:, 0]))
    expected = [1 / np.log2(4), 1 / np.log2(2.5), 0.0]
    assert ndcg_of_each(origin, by_first_column).tolist() == pytest.approx(expected)


def _windows(material: Material) -> tuple[Window, ...]:
    """Two windows of two days that end three days before the log does."""
    return windows_before(material.until - timedelta(days=3), 2, timedelta(days=2))


def test_rows_of_an_origin_are_those_of_the_protocol(material: Material, plan: Any) -> None:
    window = _windows(material)[0]
    past = known_before(material.dataset, window.until)
    origin = collect_origin(past, window, recipe=plan.recipe, seed=0, progress=lambda *_: None)
    n_questions = len(origin.test_sizes)
    assert len(origin.employee_ids) == n_questions + origin.n_missed > 20
    assert set(origin.employee_ids) <= set(past["events"]["employee_id"])
    assert len(origin.test) == origin.test_sizes.sum()
    assert origin.test_sizes.min() > 1
    assert MIN_QUESTIONS <= len(origin.train.group_sizes) <= plan.recipe.sampling.max_targets


def _with_future(dataset: Dataset, until: datetime, reader: int) -> Dataset:
    """Return the data set with another future: other readers, titles and departments.

    Every third event of the two days before is part of it: it happened, but arrived too late.
    """
    events = dataset["events"].copy()
    is_recent = events["occurred_at"].between(until - timedelta(days=2), until, inclusive="left")
    is_late = is_recent & (np.arange(len(events)) % 3 == 0)
    events.loc[is_late, "received_at"] = until
    changed = is_late | (events["occurred_at"] >= until)
    events.loc[changed, "employee_id"] = dataset["employees"]["employee_id"].iloc[reader]
    contents = dataset["contents"].copy()
    contents.loc[contents["published_at"] >= until, ["title", "body"]] = f"read by {reader}"
    people = dataset["employees"].tail(9).assign(department=f"of {reader}", valid_from=until)
    employees = pd.concat([dataset["employees"], people], ignore_index=True)
    frames = {"events": events, "contents": contents, "employees": employees}
    return Dataset({**dataset.frames, **frames})


@pytest.mark.slow
def test_nothing_from_until_on_is_looked_at(material: Material, plan: Any) -> None:
    windows = _windows(material)[1:]
    one, other = (
        tune(
            _with_future(material.dataset, windows[-1].until, reader), windows,
            recipe=plan.recipe, budget=Budget(1), seed=0, progress=lambda *_: None,
        )
        for reader in (0, 1)
    )  # fmt: skip
    assert one.n_choices == other.n_choices
    assert one.attempts == other.attempts
    assert one.luck == other.luck


def _run(*arguments: object, of: Callable[..., None] = command) -> str:
    app = typer.Typer()
    app.command()(of)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and result.exit_code == 1:
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all commands: the second finds what the first has tried."""
    return tmp_path_factory.mktemp("tuned") / "models"


@pytest.fixture
def options(
    company: Path, material: Material, models_dir: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[object]:  # fmt: skip
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(models_dir))
    start = tmp_path / "start.toml"
    start.write_text(
        "text_size = 8\n[sampling]\nmax_targets = 400\n"
        "[ranker]\nn_trees = 1\nn_leaves = 2\nlearning_rate = 0.001\n",
        encoding="utf-8",
    )
    return [
        "--data", company, "--until", material.until.isoformat(), "--window-days", 4,
        "--origins", 1, "--trials", 2, "--recipe", start,
    ]  # fmt: skip


@pytest.mark.slow
def test_the_command_writes_a_recipe_with_its_evidence(
    options: list[object], models_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "tuned.toml"
    answer = json.loads(_run(*options, "--out", out, "--json"))
    assert answer["is_better"]
    assert answer["written"] == str(out)
    assert len(answer["attempts"]) == 2
    assert answer["best"]["ndcg@10"] > answer["default"]["ndcg@10"]
    assert flatten(read_recipe(out)) == answer["best"]["recipe"]
    attempts = _nested_runs(models_dir)
    assert sorted(attempts.values()) == sorted([answer["default"]["ndcg@10"], *answer["attempts"]])
    text = out.read_text(encoding="utf-8")
    assert tomllib.loads(text)["ranker"]["n_trees"] == answer["best"]["recipe"]["ranker.n_trees"]
    assert f"# NDCG@10, mean over windows: {answer['best']['ndcg@10']:.4f}; " in text
    assert f"on {answer['windows'][0]['n_targets']} choices" in text


def _client(models_dir: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{models_dir}/mlflow.db")


def _nested_runs(models_dir: Path) -> dict[str, float]:
    """Return NDCG@10 by name of the runs nested in the latest other run."""
    client = _client(models_dir)
    experiment: Any = client.get_experiment_by_name("recsys")
    runs = client.search_runs([experiment.experiment_id])
    parent = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["recipe"] == "tuned"
    of_parent = parent.info.run_id
    nested = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == of_parent]
    assert sum(run.data.tags["is_best"] == "true" for run in nested) == 1
    return {run.info.run_name: run.data.metrics["ndcg_at_10"] for run in nested}


@pytest.mark.slow
def test_the_command_writes_nothing_that_luck_explains(
    options: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "luck_of_the_best", lambda *_: 1.0)
    shown = _run(*options, "--out", tmp_path / "tuned.toml")
    assert "Not better beyond luck, so nothing was written." in shown
    assert "hyper-parameter" in shown
    assert not (tmp_path / "tuned.toml").exists()


def test_without_optuna_it_says_what_to_install(
    of_rows: Callable[..., Tuned], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'recsys\[tune\]'"):
        of_rows(_origin(), recipe=_FAIR)


def test_two_places_at_once_are_refused(options: list[object]) -> None:
    with pytest.raises(ConfigurationError, match="pass one of them"):
        _run(*options, "--database", "sqlite:///x.db")


@pytest.mark.slow
def test_training_uses_and_records_what_the_past_speaks_for(
    options: list[object], company: Path, models_dir: Path, material: Material
) -> None:
    from training.commands.train import train

    recipe = options[options.index("--recipe") + 1]
    arguments = ["--data", company, "--test-days", 4, "--recipe", recipe, "--tune", 3, "--json"]
    answer = json.loads(_run(*arguments, of=train))
    tuned = answer["tuned"]
    assert tuned["is_better"]
    assert [w["until"] for w in tuned["windows"]][-1] == answer["data"]["split"]
    assert len(tuned["attempts"]) == 3
    client = _client(models_dir)
    run = client.get_run(answer["run_id"])
    assert run.data.tags["recipe"] == "tuned"
    assert "by luck" in run.data.tags["tuning"]
    for name, value in tuned["best"]["recipe"].items():
        assert run.data.params[name] == str(value)
    nested = client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{answer['run_id']}'"
    )
    kinds = [each.data.tags["kind"] for each in nested]
    assert (kinds.count("attempt"), kinds.count("week")) == (4, 1)
    reached = client.get_metric_history(answer["run_id"], "tuning/ndcg_at_10")
    assert [m.value for m in reached] == [tuned["default"]["ndcg@10"], *tuned["attempts"]]


def test_seconds_without_attempts_are_refused(company: Path) -> None:
    from training.commands.train import train

    with pytest.raises(ConfigurationError, match="pass --tune N too"):
        _run("--data", company, "--test-days", 4, "--tune-seconds", 9, of=train)
