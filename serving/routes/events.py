"""`/v1/events`."""

from fastapi import APIRouter

from serving.ingest import write_events
from serving.models import EventBatch, EventReport
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[requires("portal", "newsletter")])


@router.post("/events", operation_id="post_events")
def events(services: ServicesDependency, batch: EventBatch) -> EventReport:
    """Store events; they count in the very next feed. Repeating an `event_id` changes nothing."""
    return write_events(services, batch.events)
