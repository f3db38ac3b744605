"""`/v1/newsletters/{issue}/preview`: a mail to look at before it goes out."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from recsys.dataset.parsing import LONGEST_ID
from serving.newsletter.links import Claim
from serving.newsletter.own_mail import planned_mail
from serving.newsletter.planned import NOBODY
from serving.newsletter.rendering.renderer import Rendered
from serving.newsletter.rendering.subjects import SubjectKind
from serving.problems import NOT_FOUND, ProblemError
from serving.security import requires
from serving.services import Services, ServicesDependency
from serving.texts import Language

__all__ = ["router"]

router = APIRouter(prefix="/v1/newsletters", tags=["newsletters"])


class SubjectLine(BaseModel):
    """A candidate for the subject."""

    kind: SubjectKind
    text: str


class MailPreview(BaseModel):
    """A mail as it would go out now."""

    language: Language
    subjects: list[SubjectLine] = Field(description="The preferred one first.")
    preheader: str
    html: str
    text: str
    html_bytes: int = Field(description="At most 100,000: Gmail cuts off what is longer.")


@router.get(
    "/{issue_id}/preview", operation_id="preview_newsletter", responses=NOT_FOUND,
)  # fmt: skip
def preview(
    services: ServicesDependency,
    issue_id: Annotated[str, Path(min_length=1, max_length=LONGEST_ID)],
    owner: Annotated[str | None, requires("newsletter", "comms", own="query")],
    language: Annotated[Language, Query(description="Of the recipient who does not exist.")] = "ja",
    employee: Annotated[
        str | None,
        Query(max_length=LONGEST_ID, description="Themselves: only with their own token."),
    ] = None,
) -> MailPreview:
    """Return the mail of a recipient who does not exist: ranked as for somebody unknown.

    Nobody's own picks are shown to anybody else, so `employee` wants the token of that employee:
    who sends it has consented.
    """
    if employee is not None and owner is None:
        raise ProblemError(
            403, "somebody's own mail is shown to nobody else; leave `employee` out for a "
            "recipient who does not exist, or send the employee's token instead of a key",
        )  # fmt: skip
    rendered = _render(services, issue_id, language, owner)
    if rendered is None:
        raise ProblemError(404, f"the issue {issue_id!r} has no mail to show; plan it first")
    return MailPreview(
        language=rendered.language,
        subjects=[SubjectLine(kind=one.kind, text=one.text) for one in rendered.subjects],
        preheader=rendered.preheader, html=rendered.html, text=rendered.text,
        html_bytes=len(rendered.html.encode()),
    )  # fmt: skip


def _render(
    services: Services, issue_id: str, language: Language, owner: str | None
) -> Rendered | None:
    at = services.clock.now()
    if owner is not None:
        went_out = services.mailing.went_out(Claim(owner, issue_id), at)
        return went_out or planned_mail(services, issue_id, owner)
    return planned_mail(services, issue_id, NOBODY, language)
