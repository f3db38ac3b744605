"""`/v1/contents/{id}/format-advice`, and the same for a story that is only planned."""

from typing import Annotated

from fastapi import APIRouter, Query

from recsys.audience.rules import Rule, RuleError, parse_rule
from recsys.engine import Engine
from recsys.times import to_micros
from serving.advice_models import AdviceAnswer
from serving.known import check_content
from serving.problems import NOT_FOUND, Fault, ProblemError
from serving.routes.catalogue import RowId
from serving.security import requires
from serving.services import ServicesDependency
from serving.texts import as_language

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["targeting"], dependencies=[requires("comms")])

AudienceQuery = Annotated[
    str | None,
    Query(
        max_length=4_000, description="A JSON rule over attributes; nothing: everybody eligible.",
        examples=['{"department": ["sales"]}'],
    ),
]  # fmt: skip
LanguageQuery = Annotated[
    str | None, Query(max_length=20, description="Of the sentences: ja or en.")
]


@router.get(
    "/contents/{content_id}/format-advice", operation_id="get_format_advice", responses=NOT_FOUND
)
def content_advice(
    services: ServicesDependency, content_id: RowId, audience: AudienceQuery = None,
    lang: LanguageQuery = None,
) -> AdviceAnswer:  # fmt: skip
    """Return what each format would do for a content, and which to lead with or make next."""
    rule = _rule(audience)
    with services.worker.engine() as (engine, at):
        at_us, content = to_micros(at), check_content(engine, content_id)
        engine.state.advance(at_us)
        _check(engine, rule)
        advice = engine.advice.on_content(content, at_us, rule)
    return AdviceAnswer.of(advice, as_language(lang))


@router.get("/format-advice", operation_id="get_plan_advice")
def plan_advice(
    services: ServicesDependency,
    topic: Annotated[list[str] | None, Query(max_length=6, description="Of the story.")] = None,
    audience: AudienceQuery = None,
    lang: LanguageQuery = None,
) -> AdviceAnswer:
    """Return what each format would do for a planned story, and which to make first."""
    rule = _rule(audience)
    with services.worker.engine() as (engine, at):
        at_us = to_micros(at)
        engine.state.advance(at_us)
        _check(engine, rule)
        advice = engine.advice.on_plan(topic or [], at_us, rule)
    return AdviceAnswer.of(advice, as_language(lang))


def _rule(audience: str | None) -> Rule | None:
    try:
        return None if audience is None else parse_rule(audience)
    except RuleError as error:
        raise _wrong(error) from None


def _check(engine: Engine, rule: Rule | None) -> None:
    """Refuse a rule about segments that this engine does not know."""
    try:
        engine.audiences.compile(rule or {})
    except RuleError as error:
        raise _wrong(error) from None


def _wrong(error: RuleError) -> ProblemError:
    fault = Fault(location="query.audience", expected="an audience rule in JSON")
    return ProblemError(422, str(error), errors=[fault])
