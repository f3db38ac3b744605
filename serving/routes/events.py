"""`/v1/events`."""

from fastapi import APIRouter, Request

from serving.bodies import read_rows
from serving.models import EventBatch, EventReport
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[requires("portal", "newsletter")])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": EventBatch.model_json_schema()}},
    }
}


@router.post("/events", openapi_extra=_BODY)
async def events(services: ServicesDependency, request: Request) -> EventReport:
    """Store events; they count in the very next feed. Repeating an `event_id` changes nothing."""
    return await services.write_events(await read_rows(request, "events"))
