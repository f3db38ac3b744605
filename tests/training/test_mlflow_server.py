"""MLflow's own server on the local store shows everything, as its REST API tells."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from training.pipeline import Outcome

pytestmark = pytest.mark.slow

Ask = Callable[..., Any]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        body: bytes = answer.read()
        return body


@pytest.fixture(scope="module")
def server(
    outcome: Outcome, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Yield the address of `mlflow ui`, started in a checkout as the README says."""
    assert outcome.run_id
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(checkout / "models", folder / "models")
    address = f"http://127.0.0.1:{_free_port()}"
    command = [
        sys.executable, "-W", "ignore", "-m", "mlflow", "ui", "--workers", "1",
        "--backend-store-uri", "sqlite:///models/mlflow.db",
        "--host", "127.0.0.1", "--port", address.rpartition(":")[2],
    ]  # fmt: skip
    env = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # jobs have workers that start slowly
    }
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _await(address, process, folder / "server.log")
            yield address
        finally:
            os.killpg(process.pid, 15)  # its workers too
            process.wait(30)


def _await(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):  # it takes seconds on a free machine, minutes on a busy one
        try:
            _get(f"{address}/health")
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"no answer: {log.read_text(encoding='utf-8')}")


@pytest.fixture
def ask(server: str) -> Ask:
    """Return a function that calls the API, with a body as POST and without one as GET."""

    def call(route: str, body: dict[str, Any] | None = None, **query: str) -> Any:
        url = f"{server}/api/2.0/mlflow/{route}?{urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # an address of our own
            url, data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    return call


def _metrics(run: dict[str, Any]) -> dict[str, float]:
    return {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}


def test_runs_and_their_nested_weeks_are_shown(ask: Ask, outcome: Outcome) -> None:
    experiment = ask("experiments/get-by-name", experiment_name="recsys")["experiment"]
    search = {"experiment_ids": [experiment["experiment_id"]]}
    runs = {run["info"]["run_id"]: run for run in ask("runs/search", search)["runs"]}
    run = runs[outcome.run_id]
    assert run["info"]["status"] == "FINISHED"
    tables = {each["dataset"]["name"] for each in run["inputs"]["dataset_inputs"]}
    assert {"employees", "contents", "events"} <= tables
    search["filter"] = f"tags.`mlflow.parentRunId` = '{outcome.run_id}'"  # type: ignore[assignment]
    (week,) = ask("runs/search", search)["runs"]
    assert _metrics(week)["ndcg_at_10"] == pytest.approx(_metrics(run)["weeks/ndcg_at_10"])
    history = ask(
        "metrics/get-history", run_id=week["info"]["run_id"], metric_key="days/ndcg_at_10"
    )["metrics"]
    assert len({metric["step"] for metric in history}) > 1


def test_versions_and_aliases_are_shown(ask: Ask, outcome: Outcome) -> None:
    model = ask("registered-models/get", name="recsys")["registered_model"]
    assert {a["alias"]: a["version"] for a in model["aliases"]} == {
        "challenger": "1", "champion": "1",
    }  # fmt: skip
    champion = ask("registered-models/alias", name="recsys", alias="champion")["model_version"]
    assert champion["run_id"] == outcome.run_id
    assert champion["status"] == "READY"
    assert champion["source"] == f"models/artifacts/{outcome.run_id}/artifacts/model"


def test_a_picture_and_the_signature_are_served(ask: Ask, server: str, outcome: Outcome) -> None:
    files = ask("artifacts/list", run_id=outcome.run_id, path="evaluation")["files"]
    assert "evaluation/slices.png" in {file["path"] for file in files}
    query = {"run_id": outcome.run_id, "run_uuid": outcome.run_id}
    for name in ("evaluation/slices.png", "evaluation/weeks.png", "importance/groups.png"):
        picture = _get(f"{server}/get-artifact?{urlencode(query | {'path': name})}")
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5_000
    about = _get(f"{server}/get-artifact?{urlencode(query | {'path': 'model/MLmodel'})}").decode()
    assert "code_model" in about
    assert "log_age" in about
    assert b"<html" in _get(server)
