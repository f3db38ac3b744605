"""`/v1/events`."""

from typing import Annotated

from fastapi import APIRouter

from serving.ingest import write_events
from serving.models import EventBatch, EventReport
from serving.own_events import write_own_events
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["events"])

Owner = Annotated[str | None, requires("portal", "newsletter", own="rows")]
"""Whose token was sent; None for a key, which may write events of everybody."""


@router.post("/events")
def events(services: ServicesDependency, batch: EventBatch, owner: Owner) -> EventReport:
    """Store events; they count in the very next feed. Repeating an `event_id` changes nothing.

    With an employee's token, rows of others are rejected.
    """
    if owner is None:
        report = write_events(services, batch.events)
    else:
        report = write_own_events(services, batch.events, owner)
    services.metrics.events(report)
    return report
