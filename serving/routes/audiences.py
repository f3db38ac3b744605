"""`/v1/audiences:estimate`: how many people a rule means, before anything is published."""

from fastapi import APIRouter

from recsys.audience.rules import RuleError
from recsys.audience.sizes import estimate
from recsys.errors import DatasetError
from recsys.times import to_micros
from serving.audience_models import AudienceAnswer, AudienceQuestion
from serving.problems import Fault, ProblemError
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["targeting"], dependencies=[requires("comms")])


@router.post("/audiences:estimate")
def estimate_audience(services: ServicesDependency, question: AudienceQuestion) -> AudienceAnswer:
    """Return how many people a rule means now, by reachability and an attribute of your choice."""
    with services.worker.engine() as (engine, at):
        at_us = to_micros(at)
        engine.state.advance(at_us)
        try:
            size = estimate(
                engine.audiences, engine.state.catalogue, question.rule, at_us, question.by
            )
        except RuleError as error:
            place = f"body.rule.{error.place}" if error.place else "body.rule"
            raise _wrong(place, error) from None
        except DatasetError as error:
            raise _wrong("body.by", error) from None
    return AudienceAnswer.of(size)


def _wrong(location: str, error: DatasetError) -> ProblemError:
    return ProblemError(422, str(error), errors=[Fault(location=location, expected=str(error))])
