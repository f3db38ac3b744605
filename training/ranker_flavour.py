"""The code inside every logged model; MLflow runs it when ``mlflow.pyfunc.load_model`` is called.

It stands beside the model's files without pickle ("models from code"), and needs this project in
the environment that loads it: features and trees have one implementation.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext  # type: ignore[attr-defined]  # public

from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.features.matrix import FEATURE_NAMES
from recsys.model import Model

_FALLBACK = FEATURE_NAMES.index("readers_1h")


class RankerFlavour(PythonModel):
    """Scores rows of features; with a company's data at hand, :meth:`engine` ranks for people."""

    model: Model

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model's files."""
        self.model = Model.read(Path(context.artifacts["model"]))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  # MLflow calls it so
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return the column ``score``: how likely each row is what its employee reads next.

        One row per candidate, columns as in :data:`recsys.features.matrix.FEATURE_NAMES`, NaN where
        a value is unknown. Without trees it is the decayed readers of the last hour, whose order is
        the engine's.
        """
        features = model_input[list(FEATURE_NAMES)].to_numpy(np.float32)
        ranker = self.model.ranker
        scores = ranker.probability(features) if ranker else np.expm1(features[:, _FALLBACK])
        return pd.DataFrame({"score": scores.astype(np.float64)}, index=model_input.index)

    def engine(self, dataset_dir: str | Path, at: datetime) -> Engine:
        """Return an engine with this model that knows a canonical data set up to ``at``."""
        return Engine.over(self.model, read_dataset(Path(dataset_dir)).dataset, at)


set_model(RankerFlavour())
