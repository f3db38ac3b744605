"""What advice is wanted about: a content of the catalogue, or a story that is only planned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.advice.cells import Bools, Employees
from recsys.audience.audience import Audiences
from recsys.catalogue.catalogue import Catalogue
from recsys.formats.company import Points, content_point, points
from recsys.formats.design import N_FORMATS, N_STAGES
from recsys.formats.stories import STORY_TOPICS, Float, Index, Stories, places_of
from recsys.formats.suitable import reader_languages, suitable_renditions
from recsys.formats.taste_model import TasteModel
from recsys.schema import FORMATS
from recsys.siphash import hash_texts
from recsys.state.live import LiveState

__all__ = ["Story", "content_story", "planned_story", "topic_names"]


@dataclass(frozen=True, slots=True)
class Story:
    """One story before the eyes of n people."""

    content_id: str | None
    topics: tuple[str, ...]
    place: Points
    """The story at position 1, just published; one point."""
    appeal_variance: Float
    """(n_stages,): of what is not known of its appeal."""
    formats: tuple[str, ...]
    """It exists in these."""
    exists: Bools
    """(n, n_formats): whether it exists so for the person, in a language the person reads."""
    is_done: Bools
    """(n,): who has taken it in already."""


def content_story(
    model: TasteModel, stories: Stories, appeals: tuple[Float, Float], state: LiveState,
    audiences: Audiences, employees: Employees, content: int, at: int,
) -> Story:  # fmt: skip
    """Return a content of the catalogue, at the lengths of its own renditions."""
    catalogue, histories = state.catalogue, state.showings
    renditions = catalogue.renditions.of(content)
    exists = np.zeros((len(employees), N_FORMATS), np.bool_)
    by_reader: dict[object, list[int]] = {}
    done = np.zeros(len(employees), np.bool_)
    for row, employee in enumerate(employees.tolist()):
        languages = reader_languages(catalogue, employee, at)
        meant = audiences.meant(employee, at, content, renditions)
        reader = languages, tuple(meant)
        if reader not in by_reader:
            suitable = suitable_renditions(renditions, languages, "portal", meant)
            by_reader[reader] = [FORMATS.index(r.format) for r in suitable]
        exists[row, by_reader[reader]] = True
        marks = histories.marks(employee)
        if (marks["content"] == content).any():
            own = histories.of(employee)
            done[row] = bool((own.completed & (own.content == content)).any())
    return Story(
        catalogue.contents.ids.id(content), topic_names(catalogue, content),
        content_point(model, stories, appeals, content), appeals[1][content],
        tuple(name for name in FORMATS if any(r.format == name for r in renditions)), exists, done,
    )  # fmt: skip


def planned_story(model: TasteModel, topics: Sequence[str], n_people: int) -> Story:
    """Return a story that has no rendition yet, of usual appeal and length.

    Topics the model does not know say nothing.
    """
    found = places_of(model.topic_keys, hash_texts(list(topics)))
    known = found[found >= 0][:STORY_TOPICS]
    places, weights = np.zeros((1, STORY_TOPICS), np.int64), np.zeros((1, STORY_TOPICS))
    places[0, : len(known)] = known
    weights[0, : len(known)] = 1.0 / max(len(known), 1)
    variance = model.logit.prior_appeal_variance
    place = points(
        model, _alone(places, weights), (np.zeros((1, N_STAGES)), variance[None]), np.array([0])
    )
    nothing = np.zeros((n_people, N_FORMATS), np.bool_)
    return Story(
        None, tuple(topics), place, variance, (), nothing, np.zeros(n_people, np.bool_)
    )  # fmt: skip


def _alone(topics: Index, weights: Float) -> Stories:
    nothing = np.zeros((1, N_FORMATS))
    return Stories(
        np.zeros(1, np.int64), topics, weights, np.full((1, N_FORMATS), np.nan),
        nothing.astype(np.bool_), np.zeros(1, np.bool_), np.zeros(1, np.bool_),
    )  # fmt: skip


def topic_names(catalogue: Catalogue, content: int) -> tuple[str, ...]:
    """Return the topics of a content."""
    table = catalogue.contents
    return tuple(table.topics_map.id(int(t)) for t in table.topics[content] if t >= 0)
