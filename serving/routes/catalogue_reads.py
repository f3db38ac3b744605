"""The catalogue, and an employee's own choices, as they are stored.

Nothing here tells an attribute of an employee or anything they did.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from serving.catalogue_models import ContentPage, RenditionList
from serving.cursors import read_cursor, write_cursor
from serving.known import no_content
from serving.problems import NOT_FOUND
from serving.routes.catalogue import RowId
from serving.routes.feed import EmployeeId
from serving.rows import StoredContent, StoredPreferences, row_values
from serving.security import requires
from serving.services import Services, ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1")

_COMMS = [requires("comms")]

_MOST = 500
"""Contents of a page: with their texts some megabytes."""

Status = Annotated[
    Literal["draft", "published", "withdrawn"] | None,
    Query(description="Only contents that have it; nothing: all."),
]


@router.get(
    "/contents", tags=["catalogue"], operation_id="list_contents", response_model=ContentPage,
    dependencies=_COMMS,
)  # fmt: skip
def list_contents(
    services: ServicesDependency,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Contents of a page.")] = 100,
    cursor: Annotated[
        str | None, Query(max_length=1_200, description="`next_cursor` of the page before.")
    ] = None,
    status: Status = None,
) -> dict[str, Any]:
    """Return contents in pages, in the order of their ids, drafts and withdrawn ones included.

    Whatever is written meanwhile, all pages together have every content that was there throughout
    exactly once.
    """
    after = read_cursor(cursor) if cursor is not None else ""
    where = {"status": status} if status else None
    found = services.store.page("contents", after=after, limit=limit + 1, where=where)
    rows = row_values("contents", found)[:limit]
    last = str(rows[-1]["content_id"]) if len(found) > limit else None
    return {"items": rows, "next_cursor": None if last is None else write_cursor(last)}


@router.get(
    "/contents/{content_id}", tags=["catalogue"], operation_id="get_content",
    response_model=StoredContent, dependencies=_COMMS, responses=NOT_FOUND,
)  # fmt: skip
def get_content(services: ServicesDependency, content_id: RowId) -> dict[str, Any]:
    """Return a content as it is stored; sent back with PUT it changes nothing."""
    return _content(services, content_id)


@router.get(
    "/contents/{content_id}/renditions", tags=["catalogue"], operation_id="list_renditions",
    response_model=RenditionList, dependencies=_COMMS, responses=NOT_FOUND,
)  # fmt: skip
def list_renditions(services: ServicesDependency, content_id: RowId) -> dict[str, Any]:
    """Return the renditions of a content; none: it is shown as an article."""
    _content(services, content_id)
    found = services.store.page("renditions", limit=_MOST, where={"content_id": content_id})
    return {"content_id": content_id, "items": row_values("renditions", found)}


@router.get(
    "/employees/{employee_id}/preferences", tags=["employees"], operation_id="get_preferences",
    response_model=StoredPreferences, dependencies=[requires("portal", own="path")],
)  # fmt: skip
def get_preferences(services: ServicesDependency, employee_id: EmployeeId) -> dict[str, Any]:
    """Return an employee's own choices; of somebody who made none, or is unknown, the defaults."""
    rows = row_values("preferences", services.store.find("preferences", employee_id))
    chosen = rows[0] if rows else {"employee_id": employee_id}
    return {"personalization_opt_out": False, "muted_topics": [], "languages": []} | chosen


def _content(services: Services, content_id: str) -> dict[str, Any]:
    rows = row_values("contents", services.store.find("contents", content_id))
    if not rows:
        raise no_content(content_id)
    return rows[0]
