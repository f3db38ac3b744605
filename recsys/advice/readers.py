"""What the people of a panel are like as readers: effects, and how often they are shown things."""

from dataclasses import dataclass, replace

import numpy as np

from recsys.advice.audience_people import Panel
from recsys.audience.audience import Audiences
from recsys.formats.people import Person
from recsys.formats.stories import Float, Index
from recsys.formats.tastes import FormatTastes
from recsys.state.histories import KEPT
from recsys.state.live import LiveState
from recsys.state.showings import Showings
from recsys.times import DAY_US

__all__ = ["WINDOW_DAYS", "Readers", "read_panel"]

WINDOW_DAYS = 28
"""Four weeks: long enough for weekly readers, short enough to follow a change of habits."""

_ASKED_FOR_ATTENTION = 200
"""People whose positions tell what positions cost on the average; 200 know it to a few per cent."""


@dataclass(frozen=True, slots=True)
class Readers:
    """n people of a panel; arrays of shape (n, …)."""

    panel: Panel
    mean: Float
    """(n, d) of each person's effects."""
    covariance: Float
    """(n, d, d)."""
    level: Float
    """(n, n_stages)."""
    exposure: Float
    """(n, n_topics)."""
    mobile_share: Float
    n_told: Float
    """(n, n_formats): showings that another format could have taken the place of."""
    published: Index
    """Contents of the window that were meant for the person."""
    seen: Index
    """Those of them that were shown, and in ``n_showings``."""
    n_showings: Index
    attention: float
    """Completions of a showing where it was, over those at position 1."""


def read_panel(
    panel: Panel, state: LiveState, tastes: FormatTastes, audiences: Audiences, at: int
) -> Readers:
    """Look at everybody of a panel. Cost: 0.3 ms a person."""
    people = [tastes.person(int(employee), at) for employee in panel.employees]
    showings = [state.showings.of(int(employee)) for employee in panel.employees]
    activity = _activity(panel, state, audiences, showings, at)
    return Readers(
        panel,
        np.stack([person.mean for person in people]),
        np.stack([person.covariance for person in people]),
        np.stack([person.level for person in people]),
        np.stack([person.exposure for person in people]),
        np.array([person.mobile_share for person in people]),
        np.stack([person.n_told for person in people]),
        *activity, _attention(tastes, people, showings),
    )  # fmt: skip


def _activity(
    panel: Panel, state: LiveState, audiences: Audiences, showings: list[Showings], at: int
) -> tuple[Index, Index, Index]:
    """Return contents of the window, how many of them each person was shown, and how often.

    The window of somebody new, or of whom older marks are forgotten, is shorter.
    """
    contents, employees = state.catalogue.contents, state.catalogue.employees
    published_at = contents.published_at
    since = np.maximum(at - WINDOW_DAYS * DAY_US, employees.known_since(panel.employees))
    window = contents.live(at)
    window = window[~contents["sensitive"].view(np.bool_)[window]]
    window = window[published_at[window] >= at - WINDOW_DAYS * DAY_US]
    published, seen, n_showings = (np.zeros(len(since), np.int64) for _ in range(3))
    is_recent = np.zeros(len(contents), np.bool_)
    for i, own in enumerate(showings):
        marks = state.showings.marks(int(panel.employees[i]))
        start = max(since[i], marks["at"][0] if len(marks) == KEPT else since[i])
        recent = window[published_at[window] >= start]
        recent = recent[audiences.includes(int(panel.employees[i]), at, recent)]
        is_recent[recent] = True
        shown = own.content[own.is_impression & is_recent[own.content]]
        published[i], seen[i], n_showings[i] = len(recent), len(np.unique(shown)), len(shown)
        is_recent[recent] = False
    return published, seen, n_showings


def _attention(tastes: FormatTastes, people: list[Person], showings: list[Showings]) -> float:
    """Return completions expected of what was shown, over those if it had stood at position 1."""
    there, on_top = 0.0, 0.0
    for person, own in zip(people[:_ASKED_FOR_ATTENTION], showings, strict=False):
        seen = own.take(own.is_impression)
        there += float(tastes.p_completed(person, seen).sum())
        first = replace(seen, position=np.ones(len(seen), np.int16))
        on_top += float(tastes.p_completed(person, first).sum())
    return there / on_top if on_top > 0 else 1.0
