"""MLflow: runs, registered versions and aliases, on the local store or a tracking server.

This is the only module that touches MLflow; it imports it when it is first used.
"""

import json
import logging
import os
import sqlite3
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

__all__ = ["REGISTERED_MODEL", "Tracking"]

REGISTERED_MODEL = "recsys"
_EXPERIMENT = "recsys"
_MODEL_VERSION, _MODEL = "model_version", "model"

# MLflow keeps absolute places in its database. Those of the local store are rewritten so that they
# start with the models folder as the user named it: a relative one survives a move of the checkout.
_MOVES = (
    """UPDATE runs SET artifact_uri = :new || substr(artifact_uri, :n + 1)
    WHERE substr(artifact_uri, 1, :n + 1) = :old || '/'""",
    """UPDATE model_versions SET source = :new || substr(source, :n + 1)
    WHERE substr(source, 1, :n + 1) = :old || '/'""",
    """UPDATE model_versions SET storage_location = :new || substr(storage_location, :n + 1)
    WHERE substr(storage_location, 1, :n + 1) = :old || '/'""",
    "UPDATE experiments SET artifact_location = :new WHERE artifact_location = :old",
)


class Tracking:
    """The experiment and the registered model ``recsys``.

    The store is ``mlflow.db`` and ``artifacts/`` in the models folder unless the environment has
    ``MLFLOW_TRACKING_URI``. Created on first use; a local store that was moved is put right.
    """

    def __init__(self, models_dir: Path) -> None:
        remote = os.environ.get("MLFLOW_TRACKING_URI")
        self.uri = remote or _local_uri(models_dir)
        with _quiet():
            self._client = _client(self.uri)
            self._experiment_id = self._experiment(None if remote else models_dir)

    def start_run(self, name: str) -> str:
        """Open a run and return its id."""
        with _quiet():
            run = self._client.create_run(self._experiment_id, run_name=name)
            return str(run.info.run_id)

    def log(
        self, run_id: str, *, parameters: Mapping[str, object], metrics: Mapping[str, float],
        artifacts: Path, model: Path,
    ) -> None:  # fmt: skip
        """Log a run's figures, the files below ``artifacts`` and the model's directory."""
        from mlflow.entities import Metric, Param

        now = time.time_ns() // 1_000_000
        with _quiet():
            self._client.log_batch(
                run_id,
                metrics=[Metric(name, value, now, 0) for name, value in metrics.items()],
                params=[Param(name, str(value)) for name, value in parameters.items()],
            )
            self._client.log_artifacts(run_id, str(artifacts))
            self._client.log_artifacts(run_id, str(model), _MODEL)

    def finish(self, run_id: str, status: str) -> None:
        """Close a run as ``FINISHED`` or ``FAILED``."""
        with _quiet():
            self._client.set_terminated(run_id, status)

    def register(self, run_id: str, model_version: str) -> int:
        """Register the run's model as the next version, alias ``challenger``; return its number."""
        from mlflow.exceptions import MlflowException

        with _quiet():
            try:
                self._client.get_registered_model(REGISTERED_MODEL)
            except MlflowException as error:
                _raise_unless_missing(error)
                self._client.create_registered_model(REGISTERED_MODEL)
            source = f"{self._client.get_run(run_id).info.artifact_uri}/{_MODEL}"
            created = self._client.create_model_version(
                REGISTERED_MODEL, source, run_id, tags={_MODEL_VERSION: model_version}
            )
        number = int(created.version)
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

    def failed_checks(self, run_id: str) -> list[str] | None:
        """Return what the gate said against a run's model, sentences; None if it was not asked."""
        from mlflow.exceptions import MlflowException

        try:
            with _quiet(), TemporaryDirectory() as folder:
                path = self._client.download_artifacts(run_id, "verdict.json", folder)
                verdict = json.loads(Path(path).read_text(encoding="utf-8"))
        except (MlflowException, OSError):
            return None
        checks = verdict.get("checks", [])
        return [f"{c['name']}: {c['sentence']}" for c in checks if c["passed"] is False]

    def _experiment(self, models_dir: Path | None) -> str:
        """Return the experiment's id; ``models_dir`` is None on a tracking server."""
        wanted = None if models_dir is None else (models_dir / "artifacts").as_posix()
        found = self._client.get_experiment_by_name(_EXPERIMENT)
        if found is None:
            created = self._client.create_experiment(_EXPERIMENT, artifact_location=wanted)
            found = self._client.get_experiment(created)
        if models_dir is not None and wanted is not None and found.artifact_location != wanted:
            _move(models_dir / "mlflow.db", found.artifact_location, wanted)
        return str(found.experiment_id)


def _local_uri(models_dir: Path) -> str:
    models_dir.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(models_dir / 'mlflow.db').resolve().as_posix()}"


def _client(uri: str) -> "MlflowClient":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):  # tables being created is no news
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(uri, registry_uri=uri)


def _raise_unless_missing(error: "MlflowException") -> None:
    """Let pass what MLflow raises for a name it does not know; an alias is a parameter to it."""
    if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
        raise error


def _move(database: Path, old: str, new: str) -> None:
    places = {"old": old, "new": new, "n": len(old)}
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in _MOVES:
            connection.execute(statement, places)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow's warnings about its own use of other libraries from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
