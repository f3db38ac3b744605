"""Exploration: a slot or two are drawn, so that the log can tell what was not shown enough."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.errors import ConfigurationError
from recsys.kernels import kernel
from recsys.slate.draft import Draft, Exploration, Float, Index, Question, SlateSources
from recsys.state.decayed import CountTable, count
from recsys.times import DAY_US

__all__ = ["FLEETING_SURFACES", "MOST_IN_POOL", "Explore", "PlackettLuce"]

FLEETING_SURFACES = ("portal", "mobile")
"""Where somebody comes back to a new feed; what is sent or printed once has one best slate."""

MOST_IN_POOL = 30
"""With a floor of 1/60 for each, thirty leave half of the probability to the better ones."""

_14D = 2
"""Place of the 14 days among the half-lives of showings."""


@kernel
def _shown(table: CountTable, contents: Index, now: int, out: Float) -> None:
    for i in range(len(contents)):
        out[i] = count(table, contents[i], _14D, now)


@dataclass(frozen=True, slots=True)
class Explore:
    """Draws the slots at ``positions`` among at most ``pool`` contents, each with a known chance.

    First in the pool are contents of the last ``days`` that hardly anybody was shown (fewer than
    ``exposure`` looks), the least shown first: so none that was published starves. The others are
    the best that are left. Each has the chance ``floor``, the rest is shared by value.
    """

    name: ClassVar[str] = "explore"
    positions: tuple[int, ...] = (7, 17)
    pool: int = MOST_IN_POOL
    floor: float = 1 / 60
    temperature: float = 1.0
    days: float = 7.0
    exposure: float = 10.0
    """Looks, by how likely each position is looked at: enough to see whether one in ten opens."""

    def __post_init__(self) -> None:
        if not 1 <= self.pool <= MOST_IN_POOL or not 0 <= self.floor * self.pool <= 1:
            raise ConfigurationError(
                f"exploration with a pool of {self.pool} and a floor of {self.floor:.4g} cannot be "
                f"drawn; expected a pool of 1 to {MOST_IN_POOL} and a floor of at most one over it"
            )

    def retrieve(self, sources: SlateSources, question: Question, candidates: Index) -> Index:
        """Return candidates that are starving, the least shown first: half a pool at most."""
        if not _may_draw(question):
            return candidates[:0]
        state = sources.state
        published_at = state.catalogue.contents.published_at
        n = bisect_right(
            candidates, self.days * DAY_US, key=lambda content: question.at - published_at[content]
        )
        young, shown = candidates[:n], np.zeros(n)
        _shown(state.counters.content_shown.table, young, question.at, shown)
        starving = np.flatnonzero(shown < self.exposure)
        return young[starving[np.argsort(shown[starving], kind="stable")][: self.pool // 2]]

    def apply(self, draft: Draft) -> None:
        """Say which slots are drawn."""
        if _may_draw(draft.question):
            draft.exploration = Exploration(
                _fitting(self.positions, draft.question.request.limit), self.pool, self.floor,
                self.temperature, draft.retrieved[self.name],
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlackettLuce:
    """Draws every slot in proportion to values, among the ``pool`` best that are left.

    So whole slates have a known probability, the product over their slots, and whole slates of
    another policy can be evaluated on the log. It costs completions: off by default.
    """

    name: ClassVar[str] = "plackett_luce"
    pool: int = MOST_IN_POOL
    temperature: float = 0.5

    def apply(self, draft: Draft) -> None:
        """Say that all slots are drawn."""
        if _may_draw(draft.question):
            draft.exploration = Exploration(None, self.pool, 0.0, self.temperature)


def _may_draw(question: Question) -> bool:
    """Whether a random slot teaches anything: not from those who do not want to be learned from."""
    return question.request.surface in FLEETING_SURFACES and question.is_personal


def _fitting(positions: tuple[int, ...], limit: int) -> tuple[int, ...]:
    """Return the positions within ``limit``; in a short slate of 4 or more the third or fourth.

    The fifth slot is where a floor has its turn.
    """
    fitting = tuple(p for p in positions if p <= limit)
    return fitting or ((min(limit - 1, 4),) if positions and limit >= 4 else ())
