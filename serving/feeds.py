"""A feed: computed once per request id, kept in the slate log, handed out in pages."""

import binascii
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from recsys.answers import FeedRequest, SlateItem
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.renditions import Rendition
from recsys.engine import Engine
from recsys.store.slate_log import LoggedSlate
from recsys.times import to_micros
from serving.models import FeedItem, FeedPage, Reason
from serving.problems import Fault, ProblemError
from serving.services import Services
from serving.texts import Language, as_language, texts

__all__ = ["MAX_LIMIT", "FeedQuery", "feed_item", "feed_page"]

MAX_LIMIT = 100
"""Slots of a slate, hence of all its pages together: nobody scrolls further than that."""


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """What a caller asks for; ``lang`` None is the employee's own language."""

    employee_id: str
    limit: int = 20
    surface: str = "portal"
    device: str | None = None
    max_minutes: float | None = None
    lang: str | None = None
    request_id: str | None = None
    cursor: str | None = None


def feed_page(services: Services, query: FeedQuery) -> FeedPage:
    """Return a page of a feed.

    A known ``request_id`` or a cursor gives what was computed then, whatever happened since;
    anything else a new slate, which is kept before it is answered: whoever names it in an event
    finds its positions and propensities.
    """
    offset = 0
    if query.cursor is not None:
        request_id, offset = _read_cursor(query.cursor)
        logged = services.slates.find(query.employee_id, request_id)
        if logged is None:
            raise _bad_cursor()
    else:
        logged = _known(services, query) or _new_slate(services, query)
    slate = logged.slate
    shown = slate.items[offset : offset + query.limit]
    more = offset + len(shown) < len(slate.items)
    return FeedPage(
        request_id=slate.request_id,
        model_version=slate.model_version,
        policy_version=slate.policy_version,
        degraded=slate.degraded,
        items=_described(services, query, shown),
        must_reads_waiting=slate.must_reads_waiting,
        next_cursor=_cursor(slate.request_id, offset + len(shown)) if more else None,
    )


def _known(services: Services, query: FeedQuery) -> LoggedSlate | None:
    if query.request_id is None:
        return None
    return services.slates.find(query.employee_id, query.request_id)


def _new_slate(services: Services, query: FeedQuery) -> LoggedSlate:
    with services.worker.engine() as (engine, at):
        request = FeedRequest(
            query.employee_id, at, MAX_LIMIT, query.surface, query.device, query.max_minutes,
            query.request_id,
        )  # fmt: skip
        slate = engine.feed(request)
    if query.request_id is None:
        # The engine's own id is that of the hour, so that a reload draws the same renditions;
        # the log needs one for each slate.
        slate = replace(slate, request_id=f"r-{uuid4().hex}")
    return services.slates.keep(LoggedSlate(query.employee_id, query.surface, at, slate))


def _described(services: Services, query: FeedQuery, items: Sequence[SlateItem]) -> list[FeedItem]:
    with services.worker.engine() as (engine, at):
        language = as_language(query.lang, _own_language(engine, query.employee_id, to_micros(at)))
        return [feed_item(engine.state.catalogue, item, language) for item in items]


def _own_language(engine: Engine, employee_id: str, at: int) -> str | None:
    employees = engine.state.catalogue.employees
    version = employees.version_at(employees.ids.index(employee_id), at)
    return employees.attributes(version).get("language")


def feed_item(catalogue: Catalogue, item: SlateItem, language: Language) -> FeedItem:
    """Return a slot as it is answered, with title, link and reasons in words."""
    content = catalogue.contents.ids.index(item.content_id)
    rendition = _rendition(catalogue.renditions.of(content), item.rendition_id)
    title = catalogue.contents.titles.get(content, item.content_id)
    minutes = float(catalogue.contents["est_minutes"][content])
    return FeedItem(
        content_id=item.content_id,
        rendition_id=item.rendition_id,
        format=item.format,
        position=item.position,
        score=item.score,
        propensity=item.propensity,
        rendition_propensity=item.rendition_propensity,
        slot_type=item.slot_type,
        reasons=[Reason(code=c, text=texts(language)[f"reason.{c}"]) for c in item.reasons],
        title=(rendition.title if rendition else "") or title,
        url=(rendition.url if rendition else "") or None,
        est_minutes=_minutes(rendition, minutes),
    )


def _rendition(renditions: Sequence[Rendition], rendition_id: str) -> Rendition | None:
    """Return the rendition with this id; None if it has gone since."""
    return next((r for r in renditions if r.rendition_id == rendition_id), None)


def _minutes(rendition: Rendition | None, content_minutes: float) -> float | None:
    """Return how long the rendition takes, else what is said of the content, else None."""
    seconds = rendition.expected_seconds if rendition else math.nan
    minutes = content_minutes if math.isnan(seconds) else seconds / 60
    return None if math.isnan(minutes) else round(minutes, 1)


def _cursor(request_id: str, offset: int) -> str:
    return urlsafe_b64encode(f"{offset}:{request_id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[str, int]:
    try:
        offset, _, request_id = urlsafe_b64decode(cursor.encode()).decode().partition(":")
        place = max(int(offset), 0)
    except (binascii.Error, ValueError):
        raise _bad_cursor() from None
    if "\0" in request_id:  # no slate has it, and PostgreSQL cannot be asked for it
        raise _bad_cursor()
    return request_id, place


def _bad_cursor() -> ProblemError:
    fault = Fault(location="query.cursor", expected="the next_cursor of an earlier page")
    return ProblemError(
        422, "the cursor belongs to no feed of this employee; leave it out to start a new one",
        errors=[fault],
    )  # fmt: skip
