"""MLflow: runs, registered versions and aliases, on the local store or a tracking server.

Together with :mod:`training.packing` and the code that is packed, the only module that touches
MLflow; it imports it when it is first used.
"""

import json
import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from recsys.errors import ConfigurationError
from recsys.times import to_micros
from training.local_store import artifacts_place, local_uri, move_places
from training.packing import pack_model
from training.tracked import NestedRun, Reading, Table

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Metric, Run
    from mlflow.exceptions import MlflowException

__all__ = ["REGISTERED_MODEL", "Tracking"]

REGISTERED_MODEL = "recsys"
_EXPERIMENT = "recsys"
_MODEL_VERSION, _MODEL = "model_version", "model"
_KEY, _PARENT = "run_key", "mlflow.parentRunId"
_VERDICT = "verdict.json"

_MLFLOW_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # read when MLflow is imported
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


class Tracking:
    """The experiment and the registered model ``recsys``.

    The store is ``mlflow.db`` and ``artifacts/`` in the models folder unless the environment has
    ``MLFLOW_TRACKING_URI``. Created on first use; a local store that was moved is put right.

    All but :meth:`start_run` may be repeated after an interruption: what is there is found again.
    """

    def __init__(self, models_dir: Path) -> None:
        remote = os.environ.get("MLFLOW_TRACKING_URI")
        self.uri = remote or local_uri(models_dir)
        with _quiet():
            self._client = _client(self.uri)
            self._experiment_id = self._experiment(None if remote else models_dir)

    def start_run(self, name: str) -> str:
        """Open a run and return its id."""
        return self._create_run(name, {})

    def find_or_start(self, name: str, key: str) -> str:
        """Return the id of the run that ``key`` stands for, open, under this name.

        A run of this key that was interrupted, or failed, is taken up again: one training is one
        run, however often it was begun. Should there be several, the older ones are closed as
        ``KILLED``. A finished run is not touched: doing the same once more is another run.
        """
        with _quiet():
            found = self._search(f"tags.`{_KEY}` = '{key}' AND attributes.status != 'FINISHED'")
            for older in found[1:]:
                if older.info.status == "RUNNING":
                    self._client.set_terminated(older.info.run_id, "KILLED")
            if not found:
                return self._create_run(name, {_KEY: key})
            run_id = str(found[0].info.run_id)
            self._client.update_run(run_id, "RUNNING", name)
            return run_id

    def log(
        self, run_id: str, *, parameters: Mapping[str, object], metrics: Mapping[str, float],
        artifacts: Path, model: Path | None = None, readings: Sequence[Reading] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Log a run's figures, the files below ``artifacts`` and the model of a directory.

        The model becomes the artifact ``model``, which ``mlflow.pyfunc.load_model`` loads.
        """
        figures = [*(Reading(name, value) for name, value in metrics.items()), *readings]
        with _quiet():
            self._log_batch(run_id, parameters, figures, tags or {})
            self._client.log_artifacts(run_id, str(artifacts))
            if model is None:
                return
            with TemporaryDirectory() as folder:
                packed = Path(folder) / _MODEL
                pack_model(model, packed)
                self._client.log_artifacts(run_id, str(packed), _MODEL)

    def log_tables(self, run_id: str, tables: Sequence[Table]) -> None:
        """Name the tables a run learned from as its inputs: digest, columns and size, no rows."""
        with _quiet():
            self._client.log_inputs(run_id, [_dataset_input(table) for table in tables])

    def log_nested(self, run_id: str, nested: Sequence[NestedRun]) -> None:
        """Log finished runs below a run; one that is finished there already is left alone."""
        with _quiet():
            there = {
                run.info.run_name: run for run in self._search(f"tags.`{_PARENT}` = '{run_id}'")
            }
            for child in nested:
                found = there.get(child.name)
                if found is not None and found.info.status == "FINISHED":
                    continue
                child_id = (
                    self._create_run(child.name, {_PARENT: run_id})
                    if found is None
                    else str(found.info.run_id)
                )
                self._log_batch(child_id, child.parameters, child.readings, child.tags)
                self._client.set_terminated(child_id, "FINISHED")

    def finish(self, run_id: str, status: str) -> None:
        """Close a run as ``FINISHED`` or ``FAILED``."""
        with _quiet():
            self._client.set_terminated(run_id, status)

    def register(self, run_id: str, model_version: str) -> int:
        """Register the run's model as the next version, alias ``challenger``; return its number.

        Comes last: a version is there only when everything of it is. A run has one version; asked
        again, that one is returned, and becomes challenger unless a later one is.
        """
        from mlflow.exceptions import MlflowException

        with _quiet():
            try:
                self._client.get_registered_model(REGISTERED_MODEL)
            except MlflowException as error:
                _raise_unless_missing(error)
                self._client.create_registered_model(REGISTERED_MODEL)
            number = self._version_of(run_id)
            if number is None:
                source = f"{self._client.get_run(run_id).info.artifact_uri}/{_MODEL}"
                created = self._client.create_model_version(
                    REGISTERED_MODEL, source, run_id, tags={_MODEL_VERSION: model_version}
                )
                number = int(created.version)
        if number > (self.alias("challenger") or 0):
            self.set_alias("challenger", number)
        return number

    def set_alias(self, alias: str, number: int) -> None:
        """Let an alias name a registered version."""
        with _quiet():
            self._client.set_registered_model_alias(REGISTERED_MODEL, alias, str(number))

    def alias(self, alias: str) -> int | None:
        """Return the registered version an alias names, or None."""
        from mlflow.exceptions import MlflowException

        with _quiet():
            try:
                found = self._client.get_model_version_by_alias(REGISTERED_MODEL, alias)
            except MlflowException as error:
                _raise_unless_missing(error)
                return None
        return int(found.version)

    def version(self, number: int) -> tuple[str, str]:
        """Return the run id and the model version of a registered version."""
        from mlflow.exceptions import MlflowException

        with _quiet():
            try:
                found = self._client.get_model_version(REGISTERED_MODEL, str(number))
            except MlflowException as error:
                _raise_unless_missing(error)
                raise ConfigurationError(
                    f"there is no registered version {number} in {self.uri}; "
                    "`recsys train` registers one"
                ) from None
        return str(found.run_id), str(found.tags[_MODEL_VERSION])

    def latest_runs(self, at_most: int) -> list[dict[str, Any]]:
        """Return what is remembered of the latest runs, the latest first; no nested ones.

        Each has ``status``, ``until`` (the parameter, None if it was never logged) and ``verdict``
        (its ``verdict.json``, None without one).
        """
        with _quiet():
            found = self._client.search_runs(
                [self._experiment_id], order_by=["attributes.start_time DESC"], max_results=at_most
            )
            return [
                {
                    "status": run.info.status,
                    "until": run.data.params.get("until"),
                    "verdict": self._verdict(run.info.run_id),
                }
                for run in found
                if _PARENT not in run.data.tags
            ]

    def failed_checks(self, run_id: str) -> list[str] | None:
        """Return what the gate said against a run's model, sentences; None if it was not asked."""
        with _quiet():
            verdict = self._verdict(run_id)
        if verdict is None:
            return None
        checks = verdict.get("checks", [])
        return [f"{c['name']}: {c['sentence']}" for c in checks if c["passed"] is False]

    def _verdict(self, run_id: str) -> dict[str, Any] | None:
        names = {entry.path for entry in self._client.list_artifacts(run_id)}
        if _VERDICT not in names:
            return None
        with TemporaryDirectory() as folder:
            path = self._client.download_artifacts(run_id, _VERDICT, folder)
            read: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return read

    def _create_run(self, name: str, tags: Mapping[str, str]) -> str:
        with _quiet():
            run = self._client.create_run(self._experiment_id, run_name=name, tags=dict(tags))
            return str(run.info.run_id)

    def _search(self, condition: str) -> "list[Run]":
        """Return all runs of the experiment that meet a condition, newest first."""
        found: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id], condition, order_by=["attributes.start_time DESC"],
                page_token=token,
            )  # fmt: skip
            found += page
            token = page.token
            if not token:
                return found

    def _log_batch(
        self, run_id: str, parameters: Mapping[str, object], readings: Sequence[Reading],
        tags: Mapping[str, str],
    ) -> None:  # fmt: skip
        from mlflow.entities import Param, RunTag

        self._client.log_batch(
            run_id,
            metrics=_metrics(readings),
            params=[Param(name, str(value)) for name, value in parameters.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )

    def _version_of(self, run_id: str) -> int | None:
        """Return the version that is registered for a run, or None."""
        found = self._client.search_model_versions(f"run_id = '{run_id}'")
        numbers = [int(v.version) for v in found if v.name == REGISTERED_MODEL]
        return max(numbers, default=None)

    def _experiment(self, models_dir: Path | None) -> str:
        """Return the experiment's id; ``models_dir`` is None on a tracking server."""
        wanted = None if models_dir is None else artifacts_place(models_dir)
        found = self._client.get_experiment_by_name(_EXPERIMENT)
        if found is None:
            created = self._client.create_experiment(_EXPERIMENT, artifact_location=wanted)
            found = self._client.get_experiment(created)
        if models_dir is not None and found.artifact_location != wanted:
            move_places(models_dir, found.artifact_location)
        return str(found.experiment_id)


def _client(uri: str) -> "MlflowClient":
    for name, value in _MLFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):  # tables being created is no news
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(uri, registry_uri=uri)


def _metrics(readings: Sequence[Reading]) -> "list[Metric]":
    from mlflow.entities import Metric

    now = time.time_ns() // 1_000_000
    return [
        Metric(
            reading.name, reading.value,
            now if reading.at is None else _milliseconds(reading.at), reading.step,
        )
        for reading in readings
    ]  # fmt: skip


def _milliseconds(at: datetime) -> int:
    return to_micros(at) // 1_000


def _dataset_input(table: Table) -> "DatasetInput":
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.types import ColSpec, Schema

    schema = Schema([ColSpec(kind, name) for name, kind in table.columns.items()])
    dataset = Dataset(
        table.name, table.digest, source_type="code",
        source=json.dumps({"tags": {"mlflow.source.name": "recsys train"}}),
        schema=json.dumps({"mlflow_colspec": schema.to_dict()}),
        profile=json.dumps({"num_rows": table.n_rows}),
    )  # fmt: skip
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _raise_unless_missing(error: "MlflowException") -> None:
    """Let pass what MLflow raises for a name it does not know; an alias is a parameter to it."""
    if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
        raise error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow's warnings about its own use of other libraries from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
