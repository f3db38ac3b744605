"""What the links of a mail open: a story, the mail as a page, and its end.

No key: each link is signed for one person and one purpose. They are for people, so they answer with
pages and are not part of the described API.
"""

from hashlib import sha256
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serving.newsletter.links import Claim
from serving.newsletter.own_mail import planned_mail
from serving.newsletter.pages import POLICY, message_page, unsubscribe_page
from serving.newsletter.planned import NOBODY
from serving.newsletter.scanners import is_automatic
from serving.services import Services, ServicesDependency
from serving.texts import Language, as_language

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_SOONEST_SECONDS = 10.0
"""After a mail was sent: it is on its way, or with the filters of the mail server."""

_FREQUENCY = {"no": "never", "yes": "weekly"}
"""What the two buttons of the page choose."""


def _language(request: Request) -> Language:
    accepted = request.headers.get("accept-language", "").split(",")
    return as_language(*(tag.split(";")[0].strip() for tag in accepted))


LanguageDependency = Annotated[Language, Depends(_language)]


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
def follow(
    services: ServicesDependency, request: Request, language: LanguageDependency, token: str
) -> Response:
    """Lead to a story, and count the click of a reader."""
    mailing = services.mailing
    claim = mailing.links.read("r", token)
    if claim is None:
        return _message(services, language, "link.unknown", 404)
    target = mailing.target(claim, services.clock.now())
    if not target:
        return _message(services, language, "link.gone", 410)
    if _is_of_reader(services, request, claim):
        services.clicks.add(
            (claim.issue_id, claim.employee_id), claim.content_id, _click(services, claim)
        )
    return RedirectResponse(target, 302, {"X-Robots-Tag": "noindex"})


@router.get("/m/{token}")
def view(services: ServicesDependency, language: LanguageDependency, token: str) -> HTMLResponse:
    """Show a mail as a page."""
    claim = services.mailing.links.read("m", token)
    if claim is None:
        return _message(services, language, "link.unknown", 404)
    rendered = services.mailing.went_out(claim, services.clock.now())
    if rendered is None:  # handed over to another mail system, perhaps
        rendered = planned_mail(services, claim.issue_id, claim.employee_id)
    if rendered is None:
        return _message(services, language, "link.no_mail", 410)
    headers = {"Content-Security-Policy": POLICY, "X-Robots-Tag": "noindex"}
    return HTMLResponse(rendered.html, headers=headers)


@router.get("/u/{token}")
def ask(services: ServicesDependency, language: LanguageDependency, token: str) -> HTMLResponse:
    """Ask whether somebody wants no newsletter any more; changes nothing, whoever asks."""
    if services.mailing.links.read("u", token) is None:
        return _message(services, language, "link.unknown", 404)
    return unsubscribe_page(language, "ask")


async def _again(request: Request) -> str:
    """Return which button was pressed: ``no`` for one-click (RFC 8058), which has none."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    return "yes" if fields.get("again") == ["yes"] else "no"


@router.post("/u/{token}")
def unsubscribe(
    services: ServicesDependency, language: LanguageDependency, token: str,
    again: Annotated[str, Depends(_again)],
) -> HTMLResponse:  # fmt: skip
    """End the newsletter of somebody, or begin it again; once or several times is the same."""
    claim = services.mailing.links.read("u", token)
    if claim is None:
        return _message(services, language, "link.unknown", 404)
    if claim.employee_id != NOBODY:
        _choose(services, claim.employee_id, _FREQUENCY[again])
        if again == "no":
            services.event_writer.submit([_event(services, claim, "unsubscribe")]).result()
    return unsubscribe_page(language, "again" if again == "yes" else "done")


def _choose(services: Services, employee_id: str, frequency: str) -> None:
    """Set how often somebody wants the newsletter; their other choices stay."""
    rows = services.store.find("preferences", employee_id)
    if rows.empty:
        chosen = {"employee_id": employee_id, "newsletter_frequency": frequency}
        services.intake.write_rows("preferences", [chosen])
        return
    changed = rows.assign(newsletter_frequency=frequency)
    services.store.write("preferences", changed, received_at=services.clock.now())
    services.worker.catch_up()


def _is_of_reader(services: Services, request: Request, claim: Claim) -> bool:
    if claim.employee_id == NOBODY or is_automatic(request.method, request.headers):
        return False
    sent_at = services.mailing.deliveries.sent_at(claim.issue_id, claim.employee_id)
    if sent_at is None:
        return True
    elapsed_seconds: float = (services.clock.now() - sent_at).total_seconds()
    return elapsed_seconds >= _SOONEST_SECONDS


def _click(services: Services, claim: Claim) -> dict[str, object]:
    event = _event(services, claim, "newsletter_click")
    event |= {"content_id": claim.content_id, "position": claim.position}
    return event | ({"rendition_id": claim.rendition_id} if claim.rendition_id else {})


def _event(services: Services, claim: Claim, event_type: str) -> dict[str, object]:
    """Return an event that a link counts once, however often it is followed."""
    said = (event_type, claim.issue_id, claim.employee_id, claim.content_id, claim.rendition_id)
    return {
        "event_id": f"mail-{sha256(repr(said).encode()).hexdigest()[:32]}",
        "event_type": event_type,
        "employee_id": claim.employee_id,
        "issue_id": claim.issue_id,
        "surface": "newsletter",
        "occurred_at": services.clock.now().isoformat(),
    }


def _message(services: Services, language: Language, key: str, status: int) -> HTMLResponse:
    portal_url = services.mailing.settings.portal_url
    return message_page(language, key, status=status, portal_url=portal_url)
