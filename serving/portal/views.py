"""What the pages show, as plain values for the templates."""

from typing import Any

from recsys.answers import FormatPreference, PublicRequest, SlateItem
from recsys.engine import Engine
from serving.known import check_content
from serving.portal.people import other_people, person
from serving.portal.stories import find_story, forms_of
from serving.services import Services
from serving.texts import Language

__all__ = ["content_view", "reader_view", "signage_view"]

_RELATED = 4
_SLIDES = 8

View = dict[str, Any]


def reader_view(services: Services, employee_id: str) -> View:
    """Return who somebody is and what is believed about their formats, all but the feed."""
    with services.worker.engine() as (engine, now):
        employees = engine.state.catalogue.employees
        me = person(employees, employee_id, now)
        others = other_people(employees, me, now)
        preference = engine.formats(employee_id, now)
        versions = engine.model.version, engine.slates.recipe.version
    return {
        "person": me,
        "others": others,
        "employee_id": employee_id,
        "now": now,
        "model_version": versions[0],
        "policy_version": versions[1],
        "beliefs": _by_completion(preference),
        "best": preference.best,
        "scale": _scale(preference),
    }


def content_view(services: Services, content_id: str, rendition_id: str, employee_id: str) -> View:
    """Return one content, its other forms, and what to read next; an unknown one is a problem.

    Without a rendition it is the one that the engine chooses for this reader.
    """
    with services.worker.engine() as (engine, now):
        check_content(engine, content_id)
        story = find_story(
            services, content_id, rendition_id or _rendition(engine, employee_id, content_id)
        )
        related = engine.related(content_id, now, employee_id, _RELATED)
        chosen = [_rendition(engine, employee_id, one.content_id) for one in related]
        me = person(engine.state.catalogue.employees, employee_id, now)
    return {
        "story": story,
        "person": me,
        "forms": forms_of(services, content_id, story.language),
        "related": [
            {"story": find_story(services, one.content_id, rendition), "reasons": one.reasons}
            for one, rendition in zip(related, chosen, strict=True)
        ],
        "now": now,
    }


def signage_view(services: Services, site: str, department: str, language: Language) -> View:
    """Return what a screen shows in turn: nobody's feed, and where the screen hangs."""
    place = {"site": site, "department": department}
    attributes = {name: value for name, value in place.items() if value}
    with services.worker.engine() as (engine, now):
        request = PublicRequest(now, _SLIDES, "signage", attributes, language)
        items = engine.public_feed(request).items
    return {"slides": [_slide(services, item) for item in items], "now": now} | place


def _slide(services: Services, item: SlateItem) -> View:
    story = find_story(services, item.content_id, item.rendition_id)
    return {"story": story, "is_urgent": item.slot_type == "mandatory"}


def _rendition(engine: Engine, employee_id: str, content_id: str) -> str:
    """Return the rendition in which somebody is offered a content."""
    return engine.rendition(employee_id, content_id, engine.now).rendition_id


def _scale(preference: FormatPreference) -> float:
    """Return the end of the bars' axis: a quarter, a half or all, whichever holds every band."""
    highest = max((belief.interval[1] for belief in preference.formats.values()), default=1.0)
    return next(end for end in (0.25, 0.5, 1.0) if highest <= end)


def _by_completion(preference: FormatPreference) -> list[tuple[str, Any]]:
    return sorted(preference.formats.items(), key=lambda pair: -pair[1].p_complete)
