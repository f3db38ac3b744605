"""`/v1/contents/{id}/explain`: why a content is, or is not, in an employee's feed."""

from typing import Annotated

from fastapi import APIRouter, Query

from recsys.answers import FeedRequest, RuleEffect
from recsys.dataset.parsing import LONGEST_ID
from serving.known import no_content
from serving.models import EffectAnswer, ExplanationAnswer
from serving.problems import NOT_FOUND
from serving.routes.catalogue import RowId
from serving.routes.feed import Surface
from serving.security import requires
from serving.services import ServicesDependency
from serving.texts import Language, as_language, texts

__all__ = ["router"]

router = APIRouter(
    prefix="/v1/contents", tags=["targeting"], dependencies=[requires("portal", own="query")]
)


@router.get("/{content_id}/explain", operation_id="explain_content", responses=NOT_FOUND)
def explain(
    services: ServicesDependency,
    content_id: RowId,
    employee: Annotated[
        str, Query(min_length=1, max_length=LONGEST_ID, description="Who is asking.")
    ],
    surface: Surface = "portal",
    lang: Annotated[str | None, Query(max_length=20, description="Of the sentences.")] = None,
) -> ExplanationAnswer:
    """Return why a content is, or is not, in the employee's own feed; show it to nobody else."""
    with services.worker.engine() as (engine, at):
        arms = services.arms.of(engine, employee, surface, at)
        with services.arms.applied(engine, arms) as asked:
            found = asked.explain(FeedRequest(employee, at, surface=surface), content_id)
    if found.cause == "unknown_content":
        raise no_content(content_id)
    language = as_language(lang)
    words = texts(language)
    return ExplanationAnswer(
        content_id=content_id,
        employee_id=employee,
        cause=found.cause,
        text=words[f"explain.{found.cause}"].format(position=found.position),
        position=found.position,
        slot_type=found.slot_type,
        effects=[_effect(effect, language) for effect in found.effects],
    )


def _effect(effect: RuleEffect, language: Language) -> EffectAnswer:
    side = "raised" if effect.factor > 1 else "lowered"
    text = texts(language)[f"effect.{effect.rule}.{side}"]
    return EffectAnswer(rule=effect.rule, factor=round(effect.factor, 4), text=text)
