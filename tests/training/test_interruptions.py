"""A run that is killed at any step is finished by the next one: one version, the same model."""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys.registry import (
    Champion,
    check_model,
    move_champion,
    read_champion,
    version_directory,
)
from training import releases
from training.pipeline import Outcome, Plan, train
from training.tracking import Tracking
from training.work import Work

_STEPS = (
    "load", "validate", "affinities", "replay", "ranker", "formats", "evaluate", "gate", "card",
    "register", "promote",
)  # fmt: skip
_MOMENTS = [f"{step}:{moment}" for step in _STEPS for moment in ("begin", "end")] + [
    "start_run:end", "log:end", "create_version:end", "register:inside", "set_alias:end",
    "move_champion:begin", "move_champion:end", "keep_rows:end",
]  # fmt: skip
_NOW = datetime(2026, 6, 1, tzinfo=UTC)

_CHILD = """
import os, sys
from pathlib import Path

from recsys.logs import configure_logging
from tests.training.conftest import SMALL
from training import pipeline, releases
from training.material import from_directory
from training.tracking import Tracking
from tests.training.test_interruptions import _NOW

data, models_dir, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
configure_logging("error")


def progress(step, done, total):
    if total == 1 and moment == f"{step}:{('begin', 'end')[done]}":
        os._exit(9)


def dies(owner, name, label):
    call = getattr(owner, name)

    def wrapped(*arguments, **options):
        if moment == f"{label}:begin":
            os._exit(9)
        found = call(*arguments, **options)
        if moment == f"{label}:end":
            os._exit(9)
        return found

    setattr(owner, name, wrapped)


dies(Tracking, "find_or_start", "start_run")
dies(Tracking, "log", "log")
dies(Tracking, "set_alias", "set_alias")
dies(releases, "move_champion", "move_champion")
dies(pipeline, "_keep_rows", "keep_rows")
from mlflow import MlflowClient

dies(MlflowClient, "create_model_version", "create_version")
if moment == "register:inside":
    MlflowClient.set_registered_model_alias = lambda *_: os._exit(9)
plan = pipeline.Plan(from_directory(data, until=None, test_days=4), SMALL, models_dir)
pipeline.train(plan, at=_NOW, progress=progress)
"""


def _run(company: Path, models_dir: Path, moment: str) -> int:
    child = [sys.executable, "-c", _CHILD, str(company), str(models_dir), moment]
    done = subprocess.run(child, check=False, capture_output=True, text=True)
    assert done.returncode in {0, 9}, done.stderr
    return done.returncode


def _assert_consistent(models_dir: Path) -> None:
    """Whatever is registered or in use is there, whole."""
    champion = read_champion(models_dir)
    if champion is not None:
        check_model(models_dir / champion.release.model_dir)
    if not (models_dir / "mlflow.db").exists():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient

        uri = f"sqlite:///{models_dir.as_posix()}/mlflow.db"
        client = MlflowClient(uri, registry_uri=uri)
        versions = client.search_model_versions("name = 'recsys'")
    assert len(versions) <= 1
    for version in versions:
        check_model(version_directory(models_dir, version.tags["model_version"]))
        assert version.run_id is not None
        client.download_artifacts(version.run_id, "model/MLmodel")
        client.download_artifacts(version.run_id, "verdict.json")
    if champion is not None:
        assert client.get_model_version_by_alias("recsys", "champion").version in {1, "1"}


@pytest.mark.slow
@pytest.mark.parametrize("moment", _MOMENTS)
def test_a_killed_run_is_finished_by_the_next(
    moment: str, company: Path, plan: Plan, outcome: Outcome, tmp_path: Path
) -> None:
    assert outcome.is_champion
    models_dir = tmp_path / "models"
    assert _run(company, models_dir, moment) == 9
    _assert_consistent(models_dir)
    began: set[str] = set()

    def follow(step: str, *_: int) -> None:
        began.add(step)

    again = Plan(plan.material, plan.recipe, models_dir)
    second = train(again, at=_NOW, progress=follow)
    assert second.registered_version == 1
    assert second.model.version == outcome.model.version
    assert second.is_champion
    assert second.trial.verdict == outcome.trial.verdict
    _assert_consistent(models_dir)
    champion = read_champion(models_dir)
    assert champion is not None
    assert champion.release.registered_version == 1
    assert champion.history == ()
    assert not (models_dir / "work").exists()
    assert (models_dir / "rows" / "rows.npz").is_file()
    is_learned = moment.partition(":")[0] not in {"load", "validate", *_STEPS[2:6]}
    assert ("ranker" in began) == (not is_learned and moment != "formats:end")


class _Killed(BaseException):
    """What no program survives."""


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("challenger", marks=pytest.mark.slow),
        pytest.param("champion", marks=pytest.mark.slow),
        "pointer",
    ],
)
def test_a_run_that_stops_between_registry_and_pointer_is_finished_by_the_next(
    where: str, run_again: Callable[[Path], Outcome], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stops(_: object, alias: str, number: int) -> None:
        if where == alias:
            raise _Killed
        set_alias(tracking, alias, number)

    def stops_after(models_dir: Path, champion: Champion) -> None:
        move_champion(models_dir, champion)
        raise _Killed

    models_dir = tmp_path / "models"
    tracking, set_alias = Tracking(models_dir), Tracking.set_alias
    with monkeypatch.context() as patch:
        patch.setattr(Tracking, "set_alias", stops)
        if where == "pointer":
            patch.setattr(releases, "move_champion", stops_after)
        with pytest.raises(_Killed):
            run_again(models_dir)
    _assert_consistent(models_dir)
    assert run_again(models_dir).registered_version == 1
    _assert_consistent(models_dir)
    assert tracking.alias("challenger") == tracking.alias("champion") == 1
    champion = read_champion(models_dir)
    assert champion is not None
    assert champion.history == ()


def test_a_work_folder_holds_only_what_is_whole(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        (folder / "half").write_text("x", encoding="utf-8")
        raise KeyboardInterrupt

    work = Work.open(tmp_path, "a")
    work.note(run_id="r")
    with pytest.raises(KeyboardInterrupt):
        work.write("rows", fails)
    again = Work.open(tmp_path, "a")
    assert again.notes() == {"run_id": "r"}
    assert again.holds("rows") is None
    assert [path.name for path in again.folder.iterdir()] == ["notes.json"]
    other = Work.open(tmp_path, "b")
    assert not again.folder.exists()
    assert json.dumps(other.notes()) == "{}"
    other.close()
    assert list(tmp_path.iterdir()) == []
