"""A model's directory as an MLflow model: `pyfunc` by models-from-code, with its signature."""

from importlib.metadata import version
from pathlib import Path

import pandas as pd

from recsys.features.matrix import FEATURE_NAMES

__all__ = ["pack_model"]

_CODE = Path(__file__).with_name("ranker_flavour.py")

_REQUIREMENTS = ("numba", "numpy", "pandas", "scipy")
"""What scoring rows needs beside this project. The project itself is not named: nobody should be
made to fetch whatever package an index holds under the same name."""


def pack_model(model: Path, directory: Path) -> None:
    """Write the model of a version directory as an MLflow model into ``directory``, which is new.

    Signature: one column of doubles per feature → ``score``. The example is made up.
    """
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    rows = Schema([ColSpec("double", name) for name in FEATURE_NAMES])
    mlflow.pyfunc.save_model(
        str(directory),
        python_model=str(_CODE),
        artifacts={"model": str(model)},
        signature=ModelSignature(rows, Schema([ColSpec("double", "score")])),
        input_example=_example(),
        pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
    )
    _forget_places(directory)


def _example() -> pd.DataFrame:
    """Return two candidates that do not exist: all features 0, all features 1."""
    return pd.DataFrame([[0.0] * len(FEATURE_NAMES), [1.0] * len(FEATURE_NAMES)],
                        columns=list(FEATURE_NAMES))  # fmt: skip


def _forget_places(directory: Path) -> None:
    """Name code and files as they are called in the model, not where they were copied from."""
    from mlflow.models import Model

    packed = Model.load(str(directory))
    flavour = packed.flavors["python_function"]
    flavour["model_code_path"] = _CODE.name
    for artifact in flavour["artifacts"].values():
        artifact["uri"] = artifact["path"]
    packed.save(str(directory / "MLmodel"))
