"""`/portal`: a demonstration intranet around the feed, for employees who do not exist.

It stands for a company's own portal, where who has signed in is whoever was chosen.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import RedirectResponse

from serving.models import Token
from serving.portal.pages import render
from serving.portal.people import people_view
from serving.portal.views import content_view, reader_view, signage_view
from serving.problems import Fault, ProblemError
from serving.routes.feed import EmployeeId
from serving.services import ServicesDependency
from serving.texts import Language, as_language

__all__ = ["router"]

router = APIRouter(prefix="/portal", include_in_schema=False)

_EVENT_COLUMNS = ("event_type", "content_id", "rendition_id", "reason")
_STAYS = ("open", "complete", "like", "acknowledge")
"""After these the content is shown, else the feed."""

Text = Annotated[str, Query(max_length=200)]


def _before(request: Request) -> dict[str, str]:
    """Return what the page was asked with from which this one was opened, if it was ours."""
    address = urlsplit(request.headers.get("referer", ""))
    is_ours = address.netloc == request.url.netloc and address.path.startswith("/portal")
    return dict(parse_qsl(address.query)) if is_ours else {}


def _language(request: Request, lang: Text = "") -> Language:
    accepted = request.headers.get("accept-language", "").split(",")
    before = _before(request).get("lang")
    return as_language(lang, before, *(tag.split(";")[0].strip() for tag in accepted))


LanguageDependency = Annotated[Language, Depends(_language)]


def _own_site(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ProblemError(403, "another site sent this; use the pages of /portal")


OWN_SITE = Depends(_own_site)


async def _form(request: Request) -> Mapping[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


FormDependency = Annotated[Mapping[str, str], Depends(_form)]


@router.get("")
def portal(
    services: ServicesDependency, language: LanguageDependency,
    employee: Text = "", q: Text = "", department: Text = "", done: Text = "",
) -> Response:  # fmt: skip
    """Show an employee's portal, or the choice of one."""
    if not employee:
        return render("people.html", language, people_view(services, q, department))
    return render("reader.html", language, reader_view(services, employee) | {"done": done})


@router.post("/token/{employee_id}", dependencies=[OWN_SITE])
async def token(services: ServicesDependency, employee_id: EmployeeId) -> Token:
    """Return a token, as a portal's back end does for whoever has signed in."""
    made, expires_at = services.tokens.make(employee_id, datetime.now(UTC))
    return Token(token=made, expires_at=expires_at)


@router.get("/contents/{content_id}")
def content(
    request: Request, services: ServicesDependency, language: LanguageDependency, content_id: str,
    employee: Text = "", rendition_id: Text = "", done: Text = "",
) -> Response:  # fmt: skip
    """Show a content to whoever opened it; a link in a feed does not say whose feed it is."""
    reader = employee or _before(request).get("employee", "")
    if not reader:
        return RedirectResponse(f"/portal?{urlencode({'lang': language})}", status_code=303)
    view = content_view(services, content_id, rendition_id, reader)
    return render("content.html", language, view | {"employee_id": reader, "done": done})


@router.get("/signage")
def signage(
    services: ServicesDependency, language: LanguageDependency,
    site: Text = "", department: Text = "",
) -> Response:  # fmt: skip
    """Show what a screen in a hall shows to whoever passes."""
    return render("signage.html", language, signage_view(services, site, department, language))


@router.post("/events", dependencies=[OWN_SITE])
async def log_event(services: ServicesDependency, form: FormDependency) -> RedirectResponse:
    """Log what was done on a page, then show what comes next."""
    given = {name: form[name] for name in _EVENT_COLUMNS if form.get(name)}
    employee, kind = form.get("employee", ""), given.get("event_type", "")
    event = given | {
        "event_id": uuid4().hex, "employee_id": employee, "surface": "portal",
        "occurred_at": services.clock.now().isoformat(),
    }  # fmt: skip
    report = await services.write_events([event])
    if report.rejected:
        faults = [Fault(location=r.column, expected=r.expected) for r in report.rejected]
        raise ProblemError(422, "the form is incomplete; go back and try again", errors=faults)
    onward = {"employee": employee, "lang": as_language(form.get("lang"))}
    onward |= {"done": kind} if kind != "open" else {}
    path = "/portal"
    if kind in _STAYS:
        path = f"/portal/contents/{given['content_id']}"
        onward |= {"rendition_id": given.get("rendition_id", "")}
    return RedirectResponse(f"{path}?{urlencode(onward)}", status_code=303)
