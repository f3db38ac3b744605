"""`/v1/contents/{id}/related`: what to read next to a content."""

from typing import Annotated

from fastapi import APIRouter, Query

from recsys.candidates.related import Related
from recsys.dataset.parsing import LONGEST_ID
from recsys.engine import Engine
from serving.known import check_content
from serving.models import Reason
from serving.problems import NOT_FOUND
from serving.reach_models import RelatedAnswer, RelatedItem
from serving.routes.catalogue import RowId
from serving.security import requires
from serving.services import ServicesDependency
from serving.texts import Language, as_language, texts

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["feed"], dependencies=[requires("portal", own="query")])


@router.get("/contents/{content_id}/related", operation_id="get_related", responses=NOT_FOUND)
def related_contents(
    services: ServicesDependency, content_id: RowId,
    employee: Annotated[
        str | None,
        Query(min_length=1, max_length=LONGEST_ID, description="Whose; nothing: everybody's."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
    lang: Annotated[str | None, Query(max_length=20, description="Of the reasons.")] = None,
) -> RelatedAnswer:  # fmt: skip
    """Return what is near a content in words, topics and readers, and eligible."""
    with services.worker.engine() as (engine, at):
        check_content(engine, content_id)
        found = engine.related(content_id, at, employee, limit)
        items = [_item(engine, one, as_language(lang)) for one in found]
    return RelatedAnswer(content_id=content_id, items=items)


def _item(engine: Engine, related: Related, language: Language) -> RelatedItem:
    contents = engine.state.catalogue.contents
    title = contents.titles.get(contents.ids.index(related.content_id), related.content_id)
    words = texts(language)
    return RelatedItem(
        content_id=related.content_id, title=title, score=related.score,
        reasons=[Reason(code=code, text=words[f"reason.{code}"]) for code in related.reasons],
    )  # fmt: skip
