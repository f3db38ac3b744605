"""One training run on a real local MLflow store, looked at from all sides."""

import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from recsys.evaluation.metrics import ndcg
from recsys.model import Model
from recsys.registry import champion_bundle, read_champion
from recsys.times import to_micros
from training.commands.train import train
from training.digests import tables_of
from training.pipeline import Outcome, Plan
from training.recipe import flatten
from training.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture
def models_dir(outcome: Outcome, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models folder after the run, from inside its checkout."""
    assert outcome.run_id
    monkeypatch.chdir(checkout)
    return checkout / "models"


def _client(models_dir: Path) -> "MlflowClient":
    """Open the store as anybody would, without a line of this project."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient

        uri = f"sqlite:///{models_dir.as_posix()}/mlflow.db"
        return MlflowClient(uri, registry_uri=uri)


def _artifacts(client: "MlflowClient", run_id: str, folder: str | None = None) -> set[str]:
    found = set()
    for entry in client.list_artifacts(run_id, folder):
        found |= _artifacts(client, run_id, entry.path) if entry.is_dir else {entry.path}
    return found


def test_the_run_has_figures_of_every_model_and_all_parameters(
    models_dir: Path, outcome: Outcome, plan: Plan
) -> None:
    run = _client(models_dir).get_run(outcome.run_id)
    assert run.info.status == "FINISHED"
    summary = outcome.trial.evaluation.summary
    for model in summary.models:
        prefix = "" if model == "recsys" else f"{model}/"
        for metric in ("ndcg_at_10", "hr_at_10", "mrr"):
            assert 0.0 <= run.data.metrics[prefix + metric] <= 1.0
    column = summary.metrics.index("ndcg@10")
    assert summary.overall.estimates is not None
    assert run.data.metrics["ndcg_at_10"] == summary.overall.estimates.value[0, column]
    for key, value in flatten(plan.recipe).items():
        assert run.data.params[key] == str(value)
    assert run.data.params["rows.employees"] == "70"


def test_the_run_has_table_plots_card_and_model(models_dir: Path, outcome: Outcome) -> None:
    client = _client(models_dir)
    run_id = outcome.run_id
    files = f"model/artifacts/{outcome.model.version}"
    assert _artifacts(client, run_id) >= {
        "data.json", "verdict.json", "model_card.md", "evaluation/table.json",
        "evaluation/table.md", "evaluation/reliability.json", "importance/importance.json",
        "model/MLmodel", f"{files}/model.json", f"{files}/ranker.txt", f"{files}/checksums.json",
    }  # fmt: skip
    folder = Path(client.download_artifacts(run_id, ""))
    plots = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert plots == [
        "evaluation/ndcg_at_10.png", "evaluation/reliability.png", "evaluation/slices.png",
        "evaluation/weeks.png", "importance/groups.png", "importance/importance.png",
    ]  # fmt: skip
    for name in plots:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert outcome.trial.verdict.personalisation[1:] in card
    assert "| popularity_1h |" in card
    assert "$" not in card


def test_the_run_names_its_tables_without_a_row(
    models_dir: Path, outcome: Outcome, plan: Plan
) -> None:
    run: Any = _client(models_dir).get_run(outcome.run_id)
    found = {each.dataset.name: each.dataset for each in run.inputs.dataset_inputs}
    expected = {table.name: table for table in tables_of(plan.material)}
    assert found.keys() == expected.keys() >= {"employees", "contents", "events"}
    for name, table in expected.items():
        assert found[name].digest == table.digest
        assert json.loads(found[name].profile) == {"num_rows": table.n_rows}
        columns = json.loads(found[name].schema)["mlflow_colspec"]
        assert [column["name"] for column in columns] == list(plan.material.dataset[name].columns)


def test_every_week_of_the_test_window_is_a_nested_run(models_dir: Path, outcome: Outcome) -> None:
    client = _client(models_dir)
    run = client.get_run(outcome.run_id)
    weeks = client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{outcome.run_id}'"
    )
    (week,) = weeks  # four days
    assert week.info.status == "FINISHED"
    ranks = outcome.trial.evaluation.ranks
    assert week.data.params["n_targets"] == str(len(ranks.targets))
    for row, model in enumerate(ranks.models):
        name = f"{model}/ndcg_at_10" if row else "ndcg_at_10"
        expected = pytest.approx(ndcg(ranks.rank[:, row], 10).mean())
        assert week.data.metrics[name] == expected
        assert client.get_metric_history(outcome.run_id, f"weeks/{name}")[0].value == expected
    days = client.get_metric_history(week.info.run_id, "days/ndcg_at_10")
    assert len(days) > 1
    assert days[-1].step == 4
    assert days[-1].timestamp == _end(outcome)


def _end(outcome: Outcome) -> int:
    """Return the end of the test window as MLflow's milliseconds."""
    return to_micros(outcome.model.trained_until) // 1_000


def test_the_model_is_registered_and_both_aliases_name_it(
    models_dir: Path, outcome: Outcome
) -> None:
    client = _client(models_dir)
    assert outcome.is_champion
    for alias in ("challenger", "champion"):
        version = client.get_model_version_by_alias("recsys", alias)
        assert int(version.version) == outcome.registered_version == 1
        assert version.run_id == outcome.run_id
        assert version.tags == {"model_version": outcome.model.version}
    champion = read_champion(models_dir)
    assert champion is not None
    assert champion.release.run_id == outcome.run_id


def test_no_employee_is_named_anywhere_and_nothing_is_pickled(models_dir: Path, plan: Plan) -> None:
    dataset = plan.material.dataset
    ids = {*dataset["employees"]["employee_id"], *dataset["events"]["employee_id"]}
    pattern = re.compile("|".join(map(re.escape, sorted(ids))).encode())
    files = [path for path in models_dir.rglob("*") if path.is_file()]
    assert len(files) > 15
    for path in files:
        assert not pattern.search(path.read_bytes()), path
        assert path.suffix in {".db", ".json", ".txt", ".npz", ".md", ".png", ".yaml", ".py", ""}


def test_a_moved_checkout_still_loads_and_mlflow_still_finds_its_files(
    models_dir: Path, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(models_dir, moved / "models")
    directory = champion_bundle(moved / "models")
    assert directory is not None
    assert directory.is_relative_to(moved)
    assert Model.read(directory).version == outcome.model.version
    monkeypatch.chdir(moved)
    card = next((moved / "models" / "artifacts").rglob("model_card.md"))
    card.write_text("the moved one", encoding="utf-8")
    client = _client(moved / "models")
    downloaded = client.download_artifacts(outcome.run_id, "model_card.md")
    assert Path(downloaded).read_text(encoding="utf-8") == "the moved one"


def test_an_absolute_models_folder_is_put_right_when_it_is_next_used(
    models_dir: Path, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "models"
    shutil.copytree(models_dir, moved)
    monkeypatch.chdir(tmp_path)
    Tracking(moved)
    client = _client(moved)
    run_id = outcome.run_id
    assert client.get_run(run_id).info.artifact_uri.startswith(f"{moved.as_posix()}/artifacts/")
    source = client.get_model_version("recsys", "1").source
    assert source is not None
    assert Path(source, "MLmodel").is_file()
    assert "model_card.md" in _artifacts(client, run_id)


def test_a_failure_before_registering_leaves_no_version_and_a_rerun_is_clean(
    run_again: Callable[[Path], Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models_dir = tmp_path / "models"
    with monkeypatch.context() as patch:
        patch.setattr(Tracking, "register", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_again(models_dir)
    client = _client(models_dir)
    assert client.search_registered_models() == []
    assert read_champion(models_dir) is None
    experiment = client.get_experiment_by_name("recsys")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert {run.data.tags.get("kind"): run.info.status for run in runs} == {
        None: "FAILED", "week": "FINISHED",
    }  # fmt: skip
    outcome = run_again(models_dir)
    assert outcome.registered_version == 1
    assert champion_bundle(models_dir) is not None
    assert len(list((models_dir / "versions").iterdir())) == 1
    again = client.search_runs([experiment.experiment_id])
    assert {run.info.run_id for run in again} == {run.info.run_id for run in runs}
    assert {run.info.status for run in again} == {"FINISHED"}


def _interrupted(*_: object) -> int:
    raise KeyboardInterrupt


def test_the_command_answers_and_then_keeps_the_champion(
    company: Path, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models_dir, tmp_path / "models")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        "text_size = 8\n[sampling]\nmax_targets = 400\n[ranker]\nn_trees = 10\n", encoding="utf-8"
    )
    arguments = ["--data", company, "--test-days", "3", "--recipe", recipe, "--json"]
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(tmp_path / "models"))
    app = typer.Typer()
    app.command()(train)
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    answer = json.loads(result.stdout)
    assert answer["registered_version"] == 2
    assert answer["verdict"]["decision"] == "keep", "the champion knows the whole window"
    assert not answer["is_champion"]
    client = _client(tmp_path / "models")
    assert client.get_model_version_by_alias("recsys", "challenger").version in {2, "2"}
    assert client.get_model_version_by_alias("recsys", "champion").version in {1, "1"}
