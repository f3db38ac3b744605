"""What operators ask: does it run, is it up to date, what is serving."""

from typing import Any

from fastapi import APIRouter

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
