"""`/v1/newsletters/{issue}`: plans, how far they are, and who gets what."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from starlette.responses import StreamingResponse

from recsys.errors import ConfigurationError
from recsys.newsletter.picks import unpack
from recsys.newsletter.summary import summarize
from recsys.store.newsletter_store import PlanConflictError, StoredPlan
from recsys.times import to_micros
from serving.newsletter.answers import PlanAnswer, SummaryAnswer, pick_lines
from serving.newsletter.checking import wrongs_of
from serving.newsletter.plan_models import PlanBody
from serving.newsletter.variants import with_variants
from serving.problems import NOT_FOUND, Fault, ProblemError
from serving.security import requires
from serving.services import Services, ServicesDependency

__all__ = ["router"]

router = APIRouter(
    prefix="/v1/newsletters", tags=["newsletters"], dependencies=[requires("newsletter")]
)

IssueId = Annotated[
    str, Path(min_length=1, max_length=200, description="The editors' name for an issue.")
]
Revision = Annotated[int | None, Query(ge=1, description="Default: the newest.")]

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "Another plan stands against this one; `detail` says which."}
}
_LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {}}, "description": "One person a line."}
}


@router.post(
    "/{issue_id}/plan", operation_id="plan_newsletter", status_code=202, responses=_CONFLICT
)
def plan(
    services: ServicesDependency, issue_id: IssueId, body: PlanBody, response: Response
) -> PlanAnswer:
    """Plan an issue: a job picks for everybody; the same revision again changes nothing.

    What nobody could be given is refused (422) with a sentence for each quota; what only some
    people lack is counted before anything is picked, and told as `notes` of the plan.
    """
    try:
        body = with_variants(body, services.experiments)
    except ConfigurationError as error:
        fault = Fault(location="body.experiment", expected=str(error))
        raise ProblemError(422, str(error), errors=[fault]) from None
    with services.worker.engine() as (engine, at):
        engine.state.advance(to_micros(at))
        wrongs = wrongs_of(engine, body)
        for name in body.variants:
            wrongs += wrongs_of(engine, body.for_variant(name))
    wrongs = list(dict.fromkeys(wrongs))
    if wrongs:
        faults = [Fault(location=f"body.{place}", expected=why) for place, why in wrongs]
        detail = f"the plan cannot be fulfilled: {'; '.join(why for _, why in wrongs)}"
        raise ProblemError(422, detail, errors=faults)
    try:
        stored = services.newsletters.add(issue_id, body.revision, body.model_dump_json(), at)
    except PlanConflictError as error:
        raise ProblemError(409, str(error)) from None
    if stored.status in ("waiting", "running"):
        services.jobs.start(issue_id, body.revision)
    response.headers["Location"] = f"/v1/newsletters/{quote(issue_id, safe='')}"
    return PlanAnswer.of(stored)


@router.get("/{issue_id}", operation_id="get_newsletter", responses=NOT_FOUND)
def status(
    services: ServicesDependency, issue_id: IssueId, revision: Revision = None
) -> PlanAnswer:
    """Return how far the plan of an issue is, and what the editors should know about it."""
    return PlanAnswer.of(_found(services, issue_id, revision))


@router.get(
    "/{issue_id}/picks", operation_id="get_newsletter_picks",
    response_class=StreamingResponse, responses=NOT_FOUND | _LINES,
)  # fmt: skip
def picks(
    services: ServicesDependency, issue_id: IssueId, revision: Revision = None
) -> StreamingResponse:
    """Return what was picked for whom, one person a line of JSON, by employee id.

    Of a plan that is not finished: what there is by now. What goes out is checked once more.
    """
    lines = pick_lines(services.newsletters, _found(services, issue_id, revision))
    return StreamingResponse(lines, media_type="application/x-ndjson")


@router.get("/{issue_id}/summary", operation_id="get_newsletter_summary", responses=NOT_FOUND)
def summary(
    services: ServicesDependency, issue_id: IssueId, revision: Revision = None
) -> SummaryAnswer:
    """Return an issue in numbers: coverage, shortages, overlap, formats, minutes, who gets none."""
    found = _found(services, issue_id, revision)
    kept = services.newsletters.picks(found.issue_id, found.revision)
    return SummaryAnswer.of(found, summarize(unpack(text) for text in kept))


def _found(services: Services, issue_id: str, revision: int | None) -> StoredPlan:
    found = services.newsletters.find(issue_id, revision)
    if found is None:
        which = "" if revision is None else f"revision {revision} of "
        raise ProblemError(
            404, f"there is no plan for {which}issue {issue_id!r}; send one with POST "
            "/v1/newsletters/{issue}/plan",
        )  # fmt: skip
    return found
