"""`/v1/employees/{id}/feed`."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Path, Query, Response

from recsys.dataset.parsing import LONGEST_ID
from serving.details import add_details
from serving.feeds import MAX_LIMIT, FeedQuery, feed_page
from serving.models import FeedPage
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["EmployeeId", "router"]

router = APIRouter(
    prefix="/v1/employees", tags=["feed"], dependencies=[requires("portal", own="path")]
)

EmployeeId = Annotated[
    str, Path(min_length=1, max_length=LONGEST_ID, description="A pseudonymous id.")
]
Surface = Literal["portal", "newsletter", "mobile", "signage", "print"]


@router.get("/{employee_id}/feed", operation_id="get_feed", response_model=FeedPage)
async def feed(
    services: ServicesDependency,
    employee_id: EmployeeId,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items of a page.")] = 20,
    surface: Surface = "portal",
    device: Annotated[str | None, Query(max_length=50)] = None,
    max_minutes: Annotated[
        float | None, Query(gt=0, le=1440, description="Reading time of the whole feed.")
    ] = None,
    lang: Annotated[
        str | None, Query(max_length=20, description="Of the reasons: ja or en.")
    ] = None,
    request_id: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="The same one gives the same feed again."),
    ] = None,
    cursor: Annotated[
        str | None, Query(max_length=400, description="`next_cursor` of the page before.")
    ] = None,
    details: Annotated[
        bool, Query(description="With all that a page shows: texts, media, other renditions.")
    ] = False,
) -> Response:
    """Return a ranked, explained feed; an unknown employee gets a cold one."""
    query = FeedQuery(employee_id, limit, surface, device, max_minutes, lang, request_id, cursor)
    page = await feed_page(services, query)
    if details:
        await add_details(services, query, page)
    services.metrics.feed(page["degraded"], (item["slot_type"] for item in page["items"]))
    with services.metrics.stage("json"):
        body = orjson.dumps(page)
    return Response(body, media_type="application/json")
