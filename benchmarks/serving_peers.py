"""What a portal could call instead: a framework that only answers, and a model served by MLflow."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from fastapi import FastAPI
from mlflow.pyfunc.model import PythonModel
from scipy.sparse import coo_matrix
from starlette.responses import Response

__all__ = ["TopTwenty", "bare_app", "save_lightfm"]

_TOP = 20


def bare_app(answer: bytes) -> FastAPI:
    """Return an application that gives the same bytes to everybody and knows nothing."""
    app = FastAPI()

    @app.get("/v1/employees/{employee_id}/feed")
    async def feed(employee_id: str, limit: int = 20) -> Response:
        del employee_id, limit
        return Response(answer, media_type="application/json")

    return app


class TopTwenty(PythonModel):
    """The best twenty items of a factor model by a person's number, as of its training."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401  (MLflow's)
        """Read the factors."""
        held = np.load(context.artifacts["factors"])
        self._users, self._items = held["users"], held["items"]

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ANN401
        """Return one list of twenty item numbers per row of the column ``user``."""
        del context, params
        scores = self._users[model_input["user"].to_numpy()] @ self._items.T
        best = np.argpartition(-scores, _TOP, axis=1)[:, :_TOP]
        order = np.take_along_axis(scores, best, axis=1).argsort(axis=1)[:, ::-1]
        return np.take_along_axis(best, order, axis=1).tolist()


def save_lightfm(users: Any, items: Any, folder: Path) -> Path:  # noqa: ANN401  (int arrays)
    """Fit LightFM on pairs of numbers and save it as a model that MLflow can serve."""
    from recsys.affinity.lightfm_import import import_lightfm

    pairs = coo_matrix((np.ones(len(users), np.float32), (users, items)))
    model = import_lightfm().LightFM(no_components=32, loss="warp", random_state=1)
    model.fit(pairs, epochs=2, num_threads=1)
    user_bias, user_factors = model.get_user_representations()
    item_bias, item_factors = model.get_item_representations()
    folder.mkdir(parents=True)
    np.savez(
        folder / "factors.npz",
        users=np.column_stack([user_factors, np.ones_like(user_bias)]),
        items=np.column_stack([item_factors, item_bias]),
    )
    path = folder / "model"
    mlflow.pyfunc.save_model(
        path=str(path), python_model=TopTwenty(),
        artifacts={"factors": str(folder / "factors.npz")}, pip_requirements=["numpy"],
    )  # fmt: skip
    return path
