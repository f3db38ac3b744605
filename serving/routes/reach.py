"""`/v1/contents/{id}/reach` and `…/audiences`: for the comms team."""

from typing import Annotated

from fastapi import APIRouter, Query

from serving.known import check_content
from serving.problems import NOT_FOUND
from serving.reach_models import AudiencesAnswer, ReachAnswer
from serving.routes.catalogue import RowId
from serving.security import requires
from serving.services import ServicesDependency
from serving.texts import as_language

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["targeting"], dependencies=[requires("comms")])

LanguageQuery = Annotated[
    str | None, Query(max_length=20, description="Of the sentences: ja or en.")
]


@router.get("/contents/{content_id}/reach", operation_id="get_reach", responses=NOT_FOUND)
def content_reach(
    services: ServicesDependency, content_id: RowId,
    plan: Annotated[bool, Query(description="With what to do; takes a second.")] = True,
    lang: LanguageQuery = None,
) -> ReachAnswer:  # fmt: skip
    """Return how far a content came with its audience, and why not further."""
    with services.worker.engine() as (engine, at):
        check_content(engine, content_id)
        reach = engine.reach(content_id, at, plan=plan)
    return ReachAnswer.of(reach, at, as_language(lang))


@router.get(
    "/contents/{content_id}/audiences", operation_id="get_content_audiences", responses=NOT_FOUND
)
def content_audiences(
    services: ServicesDependency, content_id: RowId, lang: LanguageQuery = None
) -> AudiencesAnswer:
    """Return which groups would gain most from a content, people usually not reached included."""
    with services.worker.engine() as (engine, at):
        check_content(engine, content_id)
        gains = engine.audience_for(content_id, at)
    return AudiencesAnswer.of(gains, at, as_language(lang))
