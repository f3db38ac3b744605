"""`/v1/events`."""

from typing import Annotated

from fastapi import APIRouter, Request

from serving.bodies import read_rows
from serving.models import MAX_ROWS, EventReport
from serving.own_events import write_own_events
from serving.rows import EXAMPLES
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["events"])

Owner = Annotated[str | None, requires("portal", "newsletter", own="rows")]
"""Whose token was sent; None for a key, which may write events of everybody."""

_BATCH = {
    "title": "EventBatch",
    "type": "object",
    "required": ["events"],
    "properties": {
        "events": {
            "type": "array", "maxItems": MAX_ROWS,
            "items": {"$ref": "#/components/schemas/EventRow"},
        }
    },
    "examples": [{"events": [EXAMPLES["events"]]}],
}  # fmt: skip
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _BATCH}}}}


@router.post("/events", operation_id="post_events", openapi_extra=_BODY)
async def events(services: ServicesDependency, request: Request, owner: Owner) -> EventReport:
    """Store events; they count in the very next feed. Repeating an `event_id` changes nothing.

    With an employee's token, rows of others are rejected.
    """
    rows = await read_rows(request, "events")
    if owner is None:
        report = await services.write_events(rows)
    else:
        report = await write_own_events(services, rows, owner)
    services.metrics.events(report)
    return report
