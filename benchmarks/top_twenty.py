"""A model as MLflow serves it: the best twenty items of a person, as of its training."""

from typing import Any

import mlflow
import numpy as np
from mlflow.pyfunc.model import PythonModel

_TOP = 20


class _TopTwenty(PythonModel):
    def load_context(self, context: Any) -> None:  # noqa: ANN401  (MLflow's)
        held = np.load(context.artifacts["factors"])
        self._users, self._items = held["users"], held["items"]

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  (MLflow reads hints)
        del context, params
        scores = self._users[model_input["user"].to_numpy()] @ self._items.T
        best = np.argpartition(-scores, _TOP, axis=1)[:, :_TOP]
        order = np.take_along_axis(scores, best, axis=1).argsort(axis=1)[:, ::-1]
        return np.take_along_axis(best, order, axis=1).tolist()


mlflow.models.set_model(_TopTwenty())
