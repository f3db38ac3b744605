"""MLflow's local store in the models folder, and putting it right after the folder was moved."""

import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["artifacts_place", "local_uri", "move_places"]

_DATABASE, _ARTIFACTS = "mlflow.db", "artifacts"

# MLflow keeps absolute places in its database. Those of the local store are rewritten so that they
# start with the models folder as the user named it: a relative one survives a move of the checkout.
_MOVED_COLUMNS = (
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),  # none of ours, but anybody may log one beside them
)


def local_uri(models_dir: Path) -> str:
    """Return the address of the folder's database; the folder is made if it is not there."""
    models_dir.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(models_dir / _DATABASE).resolve().as_posix()}"


def artifacts_place(models_dir: Path) -> str:
    """Return where artifacts go, absolute only if the folder was named so."""
    return (models_dir / _ARTIFACTS).as_posix()


def move_places(models_dir: Path, old: str) -> None:
    """Rewrite every place below the artifacts folder ``old`` to where that folder is now."""
    places = {"old": old, "new": artifacts_place(models_dir), "n": len(old)}
    with closing(sqlite3.connect(models_dir / _DATABASE)) as connection, connection:
        for table, column in _MOVED_COLUMNS:
            connection.execute(
                f"UPDATE {table} SET {column} = :new || substr({column}, :n + 1) "  # noqa: S608  # names from above
                f"WHERE substr({column}, 1, :n + 1) = :old || '/'",
                places,
            )
        connection.execute(
            "UPDATE experiments SET artifact_location = :new WHERE artifact_location = :old",
            places,
        )
