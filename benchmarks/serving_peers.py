"""What a portal could call instead: a framework that only answers, and a model served by MLflow."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from fastapi import FastAPI
from scipy.sparse import coo_matrix
from starlette.responses import Response

__all__ = ["bare_app", "save_lightfm"]


def bare_app(answer: bytes) -> FastAPI:
    """Return an application that gives the same bytes to everybody and knows nothing."""
    app = FastAPI()

    @app.get("/v1/employees/{employee_id}/feed")
    async def feed(employee_id: str, limit: int = 20) -> Response:
        del employee_id, limit
        return Response(answer, media_type="application/json")

    return app


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
        path=str(path), python_model=str(Path(__file__).with_name("top_twenty.py")),
        artifacts={"factors": str(folder / "factors.npz")}, pip_requirements=["numpy"],
    )  # fmt: skip
    return path
