"""What operators ask: does it run, is it up to date, what is serving, how much of what."""

import math
import time
from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse

from recsys.errors import StoreError
from serving.models import Health, ModelInfo, Readiness
from serving.problems import ProblemError
from serving.security import requires_any_key
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(tags=["operations"])

_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"description": "The store cannot be read, or the change log cannot be followed."}
}


@router.get("/healthz", operation_id="get_health")
def health() -> Health:
    """Return 200 while the process answers."""
    return Health()


@router.get("/readyz", operation_id="get_readiness", responses=_NOT_READY)
def readiness(services: ServicesDependency) -> Readiness:
    """Return 200 while the store can be read and the change log is followed, else 503."""
    if services.worker.failure is not None:
        raise ProblemError(503, f"the change log cannot be followed: {services.worker.failure}")
    change = services.worker.number
    return Readiness(change=change, behind=max(services.store.last_change() - change, 0))


@router.get("/metrics", operation_id="get_metrics", response_class=PlainTextResponse)
def metrics(services: ServicesDependency) -> PlainTextResponse:
    """Return what this process has counted and timed, in the text format of Prometheus."""
    worker = services.worker
    try:
        behind = float(max(services.store.last_change() - worker.number, 0))
    except StoreError:
        behind = math.nan
    services.metrics.follower(behind=behind, poll_age_seconds=time.monotonic() - worker.followed_at)
    with worker.engine() as (engine, at):
        serving, policy_version = engine.model, engine.slates.recipe.version
    age = math.nan if serving.ranker is None else (at - serving.trained_until).total_seconds()
    services.metrics.model(serving.version, policy_version, age)
    return PlainTextResponse(services.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/model", operation_id="get_model", dependencies=[requires_any_key()])
def model(services: ServicesDependency) -> ModelInfo:
    """Return which model and policy are serving."""
    with services.worker.engine() as (engine, at):
        serving, policy_version = engine.model, engine.slates.recipe.version
    is_degraded = serving.ranker is None
    return ModelInfo(
        model_version=serving.version,
        policy_version=policy_version,
        degraded="no_model" if is_degraded else None,
        trained_until=None if is_degraded else serving.trained_until,
        notes=list(serving.notes),
        clock=at,
        change=services.worker.number,
    )
