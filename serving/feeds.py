"""A feed: computed page by page, kept in the slate log, the same again for the same request id."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy.typing as npt
import orjson
import structlog
from starlette.concurrency import run_in_threadpool

from recsys.answers import Begun, FeedRequest, Slate, SlateItem, SlotType
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.renditions import Rendition
from recsys.engine import Engine
from recsys.errors import StoreError
from recsys.schema import SURFACES
from recsys.store.slate_log import LoggedSlate
from recsys.times import to_micros
from serving.cursors import read_cursor, write_cursor
from serving.problems import Fault, ProblemError
from serving.services import Services
from serving.texts import Language, as_language, texts

__all__ = ["MAX_LIMIT", "FeedQuery", "Page", "described", "feed_page", "minutes"]

MAX_LIMIT = 100
"""Slots of a slate, hence of all its pages together: nobody scrolls further than that."""

_log = structlog.get_logger()

Page = dict[str, Any]
"""A :class:`serving.models.FeedPage` in plain values, which cost a fifth to write as JSON."""


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


@dataclass(frozen=True, slots=True)
class _Answer:
    """A slate with the items of one page as they are sent, and the reader's experiments."""

    logged: LoggedSlate
    items: list[dict[str, Any]]
    assignments: list[dict[str, Any]]


async def feed_page(services: Services, query: FeedQuery) -> Page:
    """Return a page of a feed.

    What a ``request_id`` got before it gets again, whatever happened since; further slots are
    those of the moment, without anything that was published after the slate began. Every page is
    kept before it is answered: whoever names it in an event finds its positions and propensities.
    """
    offset, known = 0, None
    if query.cursor is not None:
        query, offset = _read_cursor(query, query.cursor)
    if query.request_id is not None:
        find = services.slates.find
        known = await run_in_threadpool(find, query.employee_id, query.request_id)
        if known is None and query.cursor is not None:
            raise _bad_cursor()
    end = min(offset + query.limit, MAX_LIMIT)
    if known is not None and (len(known.slate.items) >= end or known.slate.is_whole):
        return await _page(services, query, known, offset, end)
    return await _new_page(services, query, known, offset, end)


async def _new_page(
    services: Services, query: FeedQuery, known: LoggedSlate | None, offset: int, end: int
) -> Page:
    """Return a page whose slots are not known yet, or not all."""
    begun = None if known is None else Begun(known.at, known.slate.items)
    limit = end if begun is None else end - len(begun.items)

    def question(engine: Engine, at: datetime) -> _Answer:
        request = FeedRequest(
            query.employee_id, at, limit, query.surface, query.device, query.max_minutes,
            query.request_id,
        )  # fmt: skip
        with services.metrics.stage("engine"):
            slate, assignments = services.arms.feed(
                engine, request, is_begun=begun is not None,
                answer=lambda asked, request: asked.feed(request, begun),
            )  # fmt: skip
        if begun is None:
            services.metrics.computed(is_cold=_is_cold(engine, query.employee_id))
        if query.request_id is None:
            # The engine's own id is that of the hour, so that a reload draws the same renditions;
            # the log needs one for each slate.
            slate = replace(slate, request_id=f"r-{uuid4().hex}")
        logged = LoggedSlate(query.employee_id, query.surface, at, slate)
        return _Answer(logged, _described(engine, at, query, slate.items), assignments)

    answer = await services.worker.ask(question)
    if answer is None:
        return await _standby_page(services, query, known, offset, end)
    kept = await _kept(services, answer.logged)
    if kept is answer.logged:
        return _envelope(query, kept.slate, answer.items, offset, end, answer.assignments)
    return await _page(services, query, kept, offset, end)


def _is_cold(engine: Engine, employee_id: str) -> bool:
    employee = engine.state.catalogue.employees.ids.index(employee_id)
    return not len(engine.state.recent_contents.of(employee)[0])


async def _page(
    services: Services, query: FeedQuery, logged: LoggedSlate, offset: int, end: int
) -> Page:
    """Return a page of a slate that is kept."""
    shown = logged.slate.items[offset:end]

    def question(engine: Engine, at: datetime) -> _Answer:
        arms = services.arms.of(engine, query.employee_id, query.surface, at)
        items = _described(engine, at, query, shown)
        return _Answer(logged, items, [arm.answer() for arm in arms])

    answer = await services.worker.ask(question)
    if answer is None:  # titles can be had without waiting for anybody's turn
        items = described(services.worker.catalogue, shown, as_language(query.lang))
        return _envelope(query, logged.slate, items, offset, end)
    return _envelope(query, logged.slate, answer.items, offset, end, answer.assignments)


async def _standby_page(
    services: Services, query: FeedQuery, known: LoggedSlate | None, offset: int, end: int
) -> Page:
    """Return what everybody can be shown, because the engine had no time for somebody."""
    if known is not None:  # half a page now, the rest with the next request
        return await _page(services, query, known, offset, end)
    worker = services.worker
    fallback = worker.standby
    items = tuple(map(_plain, fallback.items[:end]))
    slate = replace(
        fallback, request_id=query.request_id or f"r-{uuid4().hex}", degraded="time_budget",
        items=items, is_whole=True,
    )  # fmt: skip
    at = services.clock.now()
    await _kept(services, LoggedSlate(query.employee_id, query.surface, at, slate))
    shown = described(worker.catalogue, items[offset:], as_language(query.lang))
    return _envelope(query, slate, shown, offset, end)


def _plain(item: SlateItem) -> SlateItem:
    """Return a slot as nobody's: everybody gets it, and nothing is said of why."""
    slot_type: SlotType = "mandatory" if item.slot_type == "mandatory" else "fallback"
    return replace(item, slot_type=slot_type, propensity=1.0, reasons=())


async def _kept(services: Services, logged: LoggedSlate) -> LoggedSlate:
    """Return the slate that is in the log; a feed beats no feed where the log cannot be written."""
    try:
        return await services.keep(logged)
    except StoreError:
        _log.error("slate_not_logged")
        return logged


def _envelope(
    query: FeedQuery, slate: Slate, items: list[dict[str, Any]], offset: int, end: int,
    assignments: Sequence[dict[str, Any]] = (),
) -> Page:  # fmt: skip
    shown = offset + len(items)
    is_end = shown == len(slate.items) and (slate.is_whole or shown < end or end == MAX_LIMIT)
    return {
        "request_id": slate.request_id,
        "model_version": slate.model_version,
        "policy_version": slate.policy_version,
        "degraded": slate.degraded,
        # Everybody's feed was made without the reader's variants, which it would misname.
        "assignments": [] if slate.degraded == "time_budget" else list(assignments),
        "items": items,
        "must_reads_waiting": slate.must_reads_waiting,
        "next_cursor": None if is_end else _cursor(query, slate.request_id, shown),
    }


def _described(
    engine: Engine, at: datetime, query: FeedQuery, items: Sequence[SlateItem]
) -> list[dict[str, Any]]:
    catalogue = engine.state.catalogue
    language = as_language(query.lang, _own_language(catalogue, query.employee_id, at))
    return described(catalogue, items, language)


def described(
    catalogue: Catalogue, items: Sequence[SlateItem], language: Language
) -> list[dict[str, Any]]:
    """Return slots as they are answered, with title, link and reasons in words."""
    est_minutes, words = catalogue.contents["est_minutes"], texts(language)
    return [_described_item(catalogue, item, est_minutes, words) for item in items]


def _own_language(catalogue: Catalogue, employee_id: str, at: datetime) -> str | None:
    employees = catalogue.employees
    version = employees.version_at(employees.ids.index(employee_id), to_micros(at))
    return employees.attributes(version).get("language")


def _described_item(
    catalogue: Catalogue, item: SlateItem, est_minutes: npt.NDArray[Any], words: Mapping[str, str]
) -> dict[str, Any]:
    content = catalogue.contents.ids.index(item.content_id)
    rendition = _rendition(catalogue.renditions.of(content), item.rendition_id)
    title = catalogue.contents.titles.get(content, item.content_id)
    return {
        "content_id": item.content_id,
        "rendition_id": item.rendition_id,
        "format": item.format,
        "position": item.position,
        "score": item.score,
        "propensity": item.propensity,
        "rendition_propensity": item.rendition_propensity,
        "slot_type": item.slot_type,
        "reasons": [{"code": code, "text": words[f"reason.{code}"]} for code in item.reasons],
        "title": (rendition.title if rendition else "") or title,
        "url": (rendition.url if rendition else "") or None,
        "est_minutes": minutes(rendition, float(est_minutes[content])),
    }


def _rendition(renditions: Sequence[Rendition], rendition_id: str) -> Rendition | None:
    """Return the rendition with this id; None if it has gone since."""
    return next((r for r in renditions if r.rendition_id == rendition_id), None)


def minutes(rendition: Rendition | None, content_minutes: float) -> float | None:
    """Return how long the rendition takes, else what is said of the content, else None."""
    seconds = rendition.expected_seconds if rendition else math.nan
    minutes = content_minutes if math.isnan(seconds) else seconds / 60
    return None if math.isnan(minutes) else round(minutes, 1)


def _cursor(query: FeedQuery, request_id: str, offset: int) -> str:
    """Return where to go on, with all that the next page must know of the first."""
    told = [offset, request_id, query.surface, query.device, query.max_minutes]
    return write_cursor(orjson.dumps(told).decode())


def _read_cursor(query: FeedQuery, cursor: str) -> tuple[FeedQuery, int]:
    try:
        told = orjson.loads(read_cursor(cursor))
        offset, request_id, surface, device, max_minutes = told
        if not (isinstance(offset, int) and 0 <= offset <= MAX_LIMIT and _may_be(told)):
            raise _bad_cursor()
    except (ValueError, TypeError):
        raise _bad_cursor() from None
    began = replace(
        query, request_id=request_id, surface=surface, device=device, max_minutes=max_minutes
    )
    return began, offset


def _may_be(told: list[Any]) -> bool:
    """Whether somebody made up a cursor whose parts are of other kinds."""
    _, request_id, surface, device, max_minutes = told
    return (
        isinstance(request_id, str)
        and "\0" not in request_id  # no slate has it, and PostgreSQL cannot be asked for it
        and surface in SURFACES
        and isinstance(device, str | None)
        and isinstance(max_minutes, int | float | None)
    )


def _bad_cursor() -> ProblemError:
    fault = Fault(location="query.cursor", expected="the next_cursor of an earlier page")
    return ProblemError(
        422, "the cursor belongs to no feed of this employee; leave it out to start a new one",
        errors=[fault],
    )  # fmt: skip
