"""The first stage of a ranking: which of many candidates are worth the trees' time.

A union of short lists, each the head of a plain ranking: newest first, most readers of the last
hour, of six hours, of three days, and what colleagues alike read lately; must-reads are all on it.
What is on none of them is old, unread of late, and unknown to everybody alike.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.features.moment import Moment
from recsys.kernels import kernel
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.state.decayed import CountTable, count
from recsys.times import DAY_US, HOUR_US

__all__ = ["ShortlistRecipe", "make_shortlist"]

_HALF_LIVES = (HOUR_US, 6 * HOUR_US, 3 * DAY_US)
_WHICH = tuple(POPULARITY_HALF_LIVES.index(half_life) for half_life in _HALF_LIVES)

Index = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ShortlistRecipe:
    """How many candidates each list contributes; fewer candidates than ``all_up_to`` all stay."""

    all_up_to: int = 300
    newest: int = 120
    readers_1h: int = 120
    readers_6h: int = 80
    readers_3d: int = 40
    alike: int = 80


@kernel
def _comes_before(a: float, place_a: int, b: float, place_b: int) -> bool:
    return a > b or (a == b and place_a < place_b)


@kernel
def _sift_up(scores: Scores, best: Places, held: int, place: int) -> None:
    i = held
    while i > 0:
        up = best[(i - 1) // 2]
        if not _comes_before(scores[up], up, scores[place], place):
            break
        best[i] = up
        i = (i - 1) // 2
    best[i] = place


@kernel
def _sift_down(scores: Scores, best: Places, held: int, place: int) -> None:
    i = 0
    while 2 * i + 1 < held:
        child = 2 * i + 1
        if child + 1 < held and _comes_before(
            scores[best[child]], best[child], scores[best[child + 1]], best[child + 1]
        ):
            child += 1
        if not _comes_before(scores[place], place, scores[best[child]], best[child]):
            break
        best[i] = best[child]
        i = child
    best[i] = place


@kernel
def _take_best(scores: Scores, n: int, best: Places, taken: npt.NDArray[np.bool_]) -> None:
    """Mark the ``n`` best positive scores, ties by place; ``best`` is scratch, a heap of places.

    The worst of the best so far is on top; almost every score is compared with it and passed over.
    """
    held = 0
    for place in range(len(scores)):
        if scores[place] <= 0.0:
            continue
        if held < n:
            _sift_up(scores, best, held, place)
            held += 1
        elif n > 0 and _comes_before(scores[place], place, scores[best[0]], best[0]):
            _sift_down(scores, best, held, place)
    for i in range(held):
        taken[best[i]] = True


@kernel
def _readers(table: CountTable, which: int, contents: Index, now: int, out: Scores) -> None:
    for i in range(len(contents)):
        out[i] = count(table, contents[i], which, now)


def make_shortlist(moment: Moment, recipe: ShortlistRecipe) -> tuple[Places, Scores]:
    """Return int64 places among the moment's candidates, ascending: newest first.

    With them the readers of three days, float32, of every candidate, zero if all are on the list:
    whoever wants the others too may order them by that. Cost: one pass over all candidates for
    each list.
    """
    n = len(moment.contents)
    scores = np.zeros(n, np.float32)
    if n <= recipe.all_up_to:
        return np.arange(n), scores
    taken = np.zeros(n, np.bool_)
    taken[: recipe.newest] = True
    contents = moment.sources.state.catalogue.contents
    taken |= contents["mandatory"].view(np.bool_)[moment.contents]
    readers = moment.sources.state.counters.content.table
    sizes = (recipe.readers_1h, recipe.readers_6h, recipe.readers_3d)
    best = np.empty(max(*sizes, recipe.alike), np.int64)
    for which, size in zip(_WHICH, sizes, strict=True):
        _readers(readers, which, moment.contents, moment.at, scores)
        _take_best(scores, size, best, taken)
    alike = moment.sources.co_reading.recommend(moment.contents, moment.at)
    _take_best(alike.astype(np.float32), recipe.alike, best, taken)
    return np.flatnonzero(taken), scores
