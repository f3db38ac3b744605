"""`/v1/feeds/{surface}`: a feed without a person, for screens and kiosks."""

from typing import Annotated

from fastapi import APIRouter, Query

from recsys.answers import PublicRequest
from serving.feeds import MAX_LIMIT, described
from serving.models import FeedItem, FeedPage
from serving.routes.feed import Surface
from serving.security import requires
from serving.services import ServicesDependency
from serving.texts import as_language

__all__ = ["router"]

router = APIRouter(prefix="/v1/feeds", tags=["feed"], dependencies=[requires("portal")])

Attribute = Annotated[
    str | None,
    Query(max_length=200, description="True of everybody there. One that nobody has is ignored."),
]


@router.get("/{surface}", operation_id="get_public_feed", response_model_exclude_unset=True)
def public_feed(
    services: ServicesDependency,
    surface: Surface,
    site: Attribute = None,
    department: Attribute = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items.")] = 20,
    lang: Annotated[
        str | None,
        Query(max_length=20, description="Of the reasons: ja or en; and of renditions, if any."),
    ] = None,
) -> FeedPage:
    """Return a feed for whoever passes a screen: what all may see, and all of a site or department.

    Nothing that anybody did decides, only what is urgent, pinned, given priority and new. There is
    one page, and it is not kept: nobody was shown anything, so an event that names its
    `request_id` has no slot to be found.
    """
    known = {"site": site, "department": department}
    attributes = {name: value for name, value in known.items() if value}
    with services.worker.engine() as (engine, at):
        slate = engine.public_feed(PublicRequest(at, limit, surface, attributes, lang))
        catalogue = engine.state.catalogue
        items = described(catalogue, slate.items, as_language(lang))
    return FeedPage(
        request_id=slate.request_id,
        model_version=slate.model_version,
        policy_version=slate.policy_version,
        degraded=slate.degraded,
        assignments=[],
        items=[FeedItem.model_validate(item) for item in items],
        must_reads_waiting=slate.must_reads_waiting,
        next_cursor=None,
    )
