"""What the pages show, as plain values for the templates."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from recsys.answers import FormatPreference
from recsys.catalogue.employees import EmployeeTable
from recsys.times import to_micros
from serving.models import FeedItem, FeedPage
from serving.problems import ProblemError
from serving.services import Services
from serving.texts import Language

__all__ = ["Person", "Story", "content_view", "feed_view", "people_view"]

_PEOPLE = 48

_KANA = re.compile("[\u3040-\u30ff]")
"""Hiragana and katakana: no other language is written with them."""

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as the page introduces them; empty text where nothing is known."""

    employee_id: str
    department: str = ""
    work_style: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What a page shows of a content in one of its renditions."""

    content_id: str
    rendition_id: str
    title: str
    summary: str
    body: str
    format: str
    language: str
    published_at: datetime
    topics: tuple[str, ...]
    owner: str
    duration_seconds: float | None
    ack_required: bool
    ack_due_at: datetime | None
    text_language: str
    """Of summary and body, which exist once; renditions may be in other languages."""

    @property
    def teaser(self) -> str:
        """Return the summary unless it plainly is in another language than the rendition."""
        fits = not self.language or (self.language == "ja") == (self.text_language == "ja")
        return self.summary if fits else ""


def people_view(services: Services, q: str, department: str) -> View:
    """Return the employees whose id contains ``q``, of a department if one is chosen."""
    with services.worker.engine() as (engine, at):
        everybody = _people(engine.state.catalogue.employees, to_micros(at))
    found = [
        p for p in everybody
        if q.lower() in p.employee_id.lower() and department in ("", p.department)
    ]  # fmt: skip
    return {
        "people": found[:_PEOPLE],
        "n_found": len(found),
        "departments": sorted({p.department for p in everybody} - {""}),
        "q": q,
        "department": department,
    }


def feed_view(services: Services, employee_id: str, page: FeedPage) -> View:
    """Return a feed of an employee, and what is believed about their formats."""
    with services.worker.engine() as (engine, now):
        preference = engine.formats(employee_id, now)
        person = _person(engine.state.catalogue.employees, employee_id, to_micros(now))
    cards = [_card(services, item) for item in page.items]
    return {
        "person": person,
        "employee_id": employee_id,
        "now": now,
        "page": page,
        "must_read": [card for card in cards if card["item"].slot_type == "mandatory"],
        "cards": [card for card in cards if card["item"].slot_type != "mandatory"],
        "beliefs": _by_completion(preference),
        "best": preference.best,
        "scale": _scale(preference),
    }


def content_view(services: Services, content_id: str, rendition_id: str, _: Language) -> View:
    """Return one content; an unknown one is a problem."""
    return {"story": _story(services, content_id, rendition_id), "now": services.clock.now()}


def _scale(preference: FormatPreference) -> float:
    """Return the end of the bars' axis: a quarter, a half or all, whichever holds every band."""
    highest = max((belief.interval[1] for belief in preference.formats.values()), default=1.0)
    return next(end for end in (0.25, 0.5, 1.0) if highest <= end)


def _by_completion(preference: FormatPreference) -> list[tuple[str, Any]]:
    return sorted(preference.formats.items(), key=lambda pair: -pair[1].p_complete)


def _card(services: Services, item: FeedItem) -> View:
    return {"item": item, "story": _story(services, item.content_id, item.rendition_id)}


def _story(services: Services, content_id: str, rendition_id: str) -> Story:
    content = _first(services.store.find("contents", content_id))
    if content is None:
        raise ProblemError(404, f"there is no content {content_id!r}; go back to the feed")
    rendition = _first(services.store.find("renditions", rendition_id)) or {}
    return Story(
        content_id=content_id,
        rendition_id=rendition_id,
        title=rendition.get("title") or content["title"],
        summary=content["summary"] or "",
        body=content["body"] or "",
        format=rendition.get("format", "article"),
        language=rendition.get("language") or content["language"] or "",
        published_at=content["published_at"].to_pydatetime(),
        topics=tuple((content["topics"] or "").split(";")) if content["topics"] else (),
        owner=content["owner_department"] or "",
        duration_seconds=rendition.get("duration_seconds"),
        ack_required=bool(content["ack_required"]),
        ack_due_at=content["ack_due_at"],
        text_language=_text_language(content),
    )


def _text_language(content: dict[str, Any]) -> str:
    if _KANA.search(f"{content['summary']} {content['body']}"):
        return "ja"
    return "" if content["language"] in (None, "ja") else str(content["language"])


def _first(frame: pd.DataFrame) -> dict[str, Any] | None:
    """Return the first row with None where a value is missing; None without rows."""
    if frame.empty:
        return None
    row = frame.astype(object).iloc[0]
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def _people(employees: EmployeeTable, at: int) -> list[Person]:
    return [_person(employees, employee_id, at) for employee_id in sorted(employees.ids.ids)]


def _person(employees: EmployeeTable, employee_id: str, at: int) -> Person:
    known = employees.attributes(employees.version_at(employees.ids.index(employee_id), at))
    names = ("department", "work_style", "site")
    return Person(employee_id, *(known.get(name, "") for name in names))
