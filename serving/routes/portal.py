"""`/portal`: the demonstration page, for employees who do not exist.

Server-rendered; without scripts everything works except the logging of impressions.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from serving.feeds import FeedQuery, feed_page
from serving.models import FeedPage
from serving.portal.pages import render
from serving.portal.views import content_view, feed_view, people_view
from serving.problems import Fault, ProblemError
from serving.services import ServicesDependency
from serving.texts import Language, as_language

__all__ = ["router"]

router = APIRouter(prefix="/portal", include_in_schema=False)

_CARDS = 13
_STAYS_ON_PAGE = ("open", "complete", "like", "acknowledge")
_EVENT_COLUMNS = ("event_type", "content_id", "rendition_id", "request_id", "reason")

Text = Annotated[str, Query(max_length=200)]


def _language(request: Request, lang: Text = "") -> Language:
    accepted = request.headers.get("accept-language", "").split(",")
    return as_language(lang, *(tag.split(";")[0].strip() for tag in accepted))


LanguageDependency = Annotated[Language, Depends(_language)]


async def _form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form of this site's own pages."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ProblemError(403, "another site sent this form; use the forms of /portal")
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body))


FormDependency = Annotated[Mapping[str, str], Depends(_form)]


@router.get("", response_class=HTMLResponse)
async def portal(
    services: ServicesDependency, language: LanguageDependency,
    employee: Text = "", q: Text = "", department: Text = "", done: Text = "",
) -> HTMLResponse:  # fmt: skip
    """Show an employee's feed, or the choice of one."""
    if not employee:
        people = await run_in_threadpool(people_view, services, q, department)
        return render("people.html", language, people)
    page = await feed_page(services, FeedQuery(employee, limit=_CARDS, lang=language))
    view = await run_in_threadpool(feed_view, services, employee, FeedPage.model_validate(page))
    return render("feed.html", language, view | {"done": done})


@router.get("/contents/{content_id}", response_class=HTMLResponse)
def content(
    services: ServicesDependency, language: LanguageDependency, content_id: str,
    employee: Text, rendition_id: Text = "", request_id: Text = "", done: Text = "",
) -> HTMLResponse:  # fmt: skip
    """Show a content with what can be said about it."""
    view = content_view(services, content_id, rendition_id, language)
    asked = {"employee_id": employee, "request_id": request_id, "done": done}
    return render("content.html", language, view | asked)


@router.post("/events")
async def log_event(services: ServicesDependency, form: FormDependency) -> RedirectResponse:
    """Log what was done on a page, then show what comes next."""
    event = {name: form[name] for name in _EVENT_COLUMNS if form.get(name)}
    employee = form.get("employee", "")
    await _log(services, [event | {"employee_id": employee}])
    onward = {"employee": employee, "lang": as_language(form.get("lang"))}
    kind = event.get("event_type", "")
    path = "/portal"
    if kind in _STAYS_ON_PAGE:
        path = f"/portal/contents/{event['content_id']}"
        onward |= {name: event.get(name, "") for name in ("rendition_id", "request_id")}
    if kind != "open":
        onward["done"] = kind
    return RedirectResponse(f"{path}?{urlencode(onward)}", status_code=303)


@router.post("/impressions", status_code=204)
async def log_impressions(services: ServicesDependency, form: FormDependency) -> None:
    """Log that a card was visible."""
    columns = ("content_id", "rendition_id", "request_id")
    event = {name: form[name] for name in columns if form.get(name)}
    await _log(
        services, [event | {"event_type": "impression", "employee_id": form.get("employee", "")}]
    )


async def _log(services: ServicesDependency, events: list[dict[str, Any]]) -> None:
    now = services.clock.now().isoformat()
    common = {"occurred_at": now, "surface": "portal", "device": "desktop"}
    report = await services.write_events([e | common | {"event_id": uuid4().hex} for e in events])
    if report.rejected:
        faults = [Fault(location=r.column, expected=r.expected) for r in report.rejected]
        raise ProblemError(422, "the form is incomplete; go back and try again", errors=faults)
