"""Who has not yet acknowledged a must-read: the one answer that names people, so each is kept."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from recsys.errors import DatasetError
from recsys.store.audit_log import Audit
from serving.cursors import bad_cursor, read_cursor, write_cursor
from serving.known import check_content
from serving.problems import NOT_FOUND, ProblemError
from serving.routes.catalogue import RowId
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["compliance"], dependencies=[requires("compliance")])

_MOST = 1_000

Cursor = Annotated[
    str | None, Query(max_length=1_200, description="`next_cursor` of the page before.")
]


class _Owing(BaseModel):
    """Somebody who has not yet acknowledged."""

    employee_id: str
    on_leave: bool = Field(description="Away now: a reminder would not reach them.")


class OwingPage(BaseModel):
    """People in the order of their ids; `next_cursor` is null on the last page."""

    content_id: str
    at: datetime
    ack_due_at: datetime | None
    total: int = Field(description="Of all pages.")
    items: list[_Owing]
    next_cursor: str | None


class _Audit(BaseModel):
    """One look at such a list."""

    at: datetime
    key_id: str
    purpose: str
    content_id: str
    people: int = Field(description="How many it named.")


class AuditPage(BaseModel):
    """Looks at lists of people, the latest first; `next_cursor` is null on the last page."""

    items: list[_Audit]
    next_cursor: str | None


@router.get(
    "/contents/{content_id}/unacknowledged", operation_id="list_unacknowledged",
    responses=NOT_FOUND,
)  # fmt: skip
def unacknowledged(
    services: ServicesDependency, request: Request, content_id: RowId,
    purpose: Annotated[
        str, Query(min_length=1, max_length=200, description="Why you look; it is kept.")
    ],
    limit: Annotated[int, Query(ge=1, le=_MOST, description="People of a page.")] = 100,
    cursor: Cursor = None,
) -> OwingPage:  # fmt: skip
    """Return who of the audience of a must-read has not acknowledged it; nothing else about them.

    Who looked (the key's id), when, why and at how many people is kept for good before the answer
    is given, and can be read at `/v1/audits`.
    """
    after = "" if cursor is None else read_cursor(cursor)
    with services.worker.engine() as (engine, at):
        check_content(engine, content_id)
        try:
            found = engine.owing(content_id, at)
        except DatasetError as error:
            raise ProblemError(422, str(error)) from None
    left = [_Owing(employee_id=name, on_leave=away) for name, away in found.people if name > after]
    items = left[:limit]
    audit = Audit(services.clock.now(), request.state.key_id, purpose, content_id, len(items))
    services.audits.add(audit)
    return OwingPage(
        content_id=content_id, at=at, ack_due_at=found.ack_due_at, total=len(found.people),
        items=items, next_cursor=write_cursor(items[-1].employee_id) if len(left) > limit else None,
    )  # fmt: skip


@router.get("/audits", operation_id="list_audits")
def audits(
    services: ServicesDependency,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Looks of a page.")] = 100,
    cursor: Cursor = None,
) -> AuditPage:
    """Return who looked at people that had not acknowledged something, when and why."""
    found = services.audits.page(_number(cursor), limit + 1)
    items = [
        _Audit(
            at=audit.at,
            key_id=audit.key_id,
            purpose=audit.purpose,
            content_id=audit.content_id,
            people=audit.people,
        )
        for _, audit in found[:limit]
    ]
    more = len(found) > limit
    return AuditPage(
        items=items, next_cursor=write_cursor(str(found[limit - 1][0])) if more else None
    )


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    place = read_cursor(cursor)
    if not (place.isascii() and place.isdigit() and len(place) < 19):  # 64 bits
        raise bad_cursor()
    return int(place)
