"""What may be interrupted may be repeated: runs, nested runs and registered versions."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from training.tracked import NestedRun, Reading, Table
from training.tracking import Tracking


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracked") / "models"


@pytest.fixture
def tracking(models_dir: Path) -> Tracking:
    return Tracking(models_dir)


@pytest.fixture
def client(tracking: Tracking) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking.uri, registry_uri=tracking.uri)


def _nested(client: Any, run_id: str) -> list[Any]:
    experiment = client.get_run(run_id).info.experiment_id
    return list(client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'"))


@pytest.mark.parametrize("status", [None, "FAILED", "KILLED"])
def test_an_interrupted_run_is_taken_up_again(
    tracking: Tracking, client: Any, status: str | None
) -> None:
    key = f"interrupted {status}"
    run_id = tracking.find_or_start("first", key)
    if status is not None:
        tracking.finish(run_id, status)
    assert tracking.find_or_start("second", key) == run_id
    assert client.get_run(run_id).info.status == "RUNNING"
    assert client.get_run(run_id).info.run_name == "second"
    assert tracking.find_or_start("other", f"{key} of another") != run_id


def test_a_finished_run_is_left_alone(tracking: Tracking, client: Any) -> None:
    run_id = tracking.find_or_start("once", "finished")
    tracking.finish(run_id, "FINISHED")
    assert tracking.find_or_start("again", "finished") != run_id
    assert client.get_run(run_id).info.status == "FINISHED"
    assert client.get_run(run_id).info.run_name == "once"


def test_of_several_only_the_newest_stays_open(tracking: Tracking, client: Any) -> None:
    key = "two processes"
    older = tracking.find_or_start("older", key)
    newer = client.create_run(
        client.get_run(older).info.experiment_id, tags={"run_key": key},
        start_time=client.get_run(older).info.start_time + 1_000,
    ).info.run_id  # fmt: skip
    assert tracking.find_or_start("again", key) == newer
    assert client.get_run(older).info.status == "KILLED"


_BEGIN = """
import os, sys
from pathlib import Path
from training.tracking import Tracking
print(Tracking(Path(sys.argv[1])).find_or_start("begun", "killed"), flush=True)
os._exit(9)
"""


@pytest.mark.slow
def test_the_run_of_a_killed_process_does_not_stay_running(
    models_dir: Path, tracking: Tracking, client: Any
) -> None:
    arguments = [sys.executable, "-c", _BEGIN, str(models_dir)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 9, done.stderr
    run_id = done.stdout.strip()
    assert client.get_run(run_id).info.status == "RUNNING"
    assert tracking.find_or_start("again", "killed") == run_id
    tracking.finish(run_id, "FINISHED")
    assert client.get_run(run_id).info.status == "FINISHED"


def test_a_run_has_one_version_however_often_it_is_registered(
    tracking: Tracking, client: Any
) -> None:
    first, second = tracking.start_run("one"), tracking.start_run("two")
    number = tracking.register(first, "v1")
    assert tracking.register(first, "v1") == number
    assert tracking.alias("challenger") == number
    client.delete_registered_model_alias("recsys", "challenger")  # killed just before it
    assert tracking.register(first, "v1") == number
    assert tracking.alias("challenger") == number
    assert tracking.register(second, "v2") == number + 1
    assert tracking.register(first, "v1") == number
    assert tracking.alias("challenger") == number + 1, "the later one stays challenger"
    assert tracking.version(number) == (first, "v1")


_AT = datetime(2026, 5, 1, tzinfo=UTC)
_CHILD = NestedRun(
    "week 1", {"n": 3}, [Reading("ndcg", 0.25, 0, _AT), Reading("ndcg", 0.5, 1, _AT)],
    {"kind": "week"},
)  # fmt: skip


def test_nested_runs_have_figures_by_step_and_moment(tracking: Tracking, client: Any) -> None:
    run_id = tracking.start_run("parent")
    for _ in range(2):
        tracking.log_nested(run_id, [_CHILD])
    (child,) = _nested(client, run_id)
    assert (child.info.run_name, child.info.status) == ("week 1", "FINISHED")
    assert child.data.params == {"n": "3"}
    assert child.data.tags["kind"] == "week"
    history = client.get_metric_history(child.info.run_id, "ndcg")
    assert [(m.step, m.value) for m in history] == [(0, 0.25), (1, 0.5)]
    assert {m.timestamp for m in history} == {int(_AT.timestamp() * 1_000)}


def test_a_nested_run_that_was_interrupted_is_completed(tracking: Tracking, client: Any) -> None:
    run_id = tracking.start_run("parent")
    experiment = client.get_run(run_id).info.experiment_id
    client.create_run(experiment, run_name="week 1", tags={"mlflow.parentRunId": run_id})
    tracking.log_nested(run_id, [_CHILD])
    (child,) = _nested(client, run_id)
    assert child.info.status == "FINISHED"
    assert child.data.metrics == {"ndcg": 0.5}


def test_tables_are_logged_once(tracking: Tracking, client: Any) -> None:
    run_id = tracking.start_run("parent")
    table = Table("events", "d" * 32, {"employee_id": "string", "value": "double"}, 7)
    for _ in range(2):
        tracking.log_tables(run_id, [table])
    (found,) = client.get_run(run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("events", "d" * 32)
    assert {tag.key: tag.value for tag in found.tags} == {"mlflow.data.context": "training"}
