"""`/v1/reports/…`: aggregates for the comms team, small groups suppressed.

Sizes of audiences by attribute are at `/v1/audiences:estimate`, reach at `/v1/contents/{id}/reach`,
advice on formats at `/v1/format-advice`; here is what is about the company as a whole.
"""

from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter

from recsys.audience.sizes import estimate
from recsys.reports.overview import activity, content_counts, segment_sizes
from recsys.reports.suppression import DEFAULT_K
from recsys.times import to_micros
from serving.report_models import Overview, SegmentReport
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1/reports", tags=["reports"], dependencies=[requires("comms")])

_DAYS = 7
"""A whole week, so that weekends are always in it."""

_NO_SEGMENTS = (
    "the serving model has no segments: when it was trained, too few people had been shown enough; "
    "train again with a longer log"
)


@router.get("/overview", operation_id="get_overview")
def overview(services: ServicesDependency) -> Overview:
    """Return numbers of live contents, a week of events by type, and who can be reached."""
    with services.worker.engine() as (engine, at):
        at_us, catalogue = to_micros(at), engine.state.catalogue
        engine.state.advance(at_us)
        contents = content_counts(catalogue, at_us)
        size = estimate(engine.audiences, catalogue, {}, at_us)
    since = at - timedelta(days=_DAYS)
    counts = services.store.event_counts(since=since)
    share = size.reachable / size.active if size.active and size.reachable is not None else None
    return Overview.model_validate(
        {
            "at": at,
            "since": since,
            "smallest_group": DEFAULT_K,
            "contents": asdict(contents),
            "events": [asdict(count) for count in activity(counts)],
            "people": {
                "active": size.active,
                "reachable": size.reachable,
                # Each is rounded for itself, so the part may come out above the whole.
                "reachable_share": None if share is None else round(min(share, 1.0), 3),
            },
        }
    )


@router.get("/segments", operation_id="get_segments")
def segments(services: ServicesDependency) -> SegmentReport:
    """Return the segments learned from how people read, and how many are in which."""
    with services.worker.engine() as (engine, at):
        at_us = to_micros(at)
        engine.state.advance(at_us)
        learned = engine.segments
        sizes = (
            ()
            if learned is None
            else segment_sizes(learned, engine.audiences, engine.state.catalogue, at_us)
        )
    return SegmentReport.model_validate(
        {
            "at": at,
            "smallest_group": DEFAULT_K,
            "segments": [asdict(size) for size in sizes],
            "message": None if sizes else _NO_SEGMENTS,
        }
    )
