"""The best page there could be right now, by the planted probabilities: what regret is measured by.

A page's worth is the expected number of completed contents, Σ P(looked at) · P(open) · P(complete).
Looking falls with the position and the rest does not depend on it, so contents in order of
P(open) · P(complete), each in its best rendition, are the best page exactly. It is the best for
this page alone: what it teaches and what is left for later pages are not looked at.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.simulator.config import FORMATS_IN_USE, LANGUAGES
from recsys.simulator.loop import completing, opening
from recsys.simulator.memory import Memory
from recsys.simulator.response import looked_at, sigmoid
from recsys.simulator.town import Town

__all__ = ["BestPage", "best_page"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_N_LANGUAGES, _N_FORMATS = len(LANGUAGES), len(FORMATS_IN_USE)


class BestPage(NamedTuple):
    """Slot by slot, arrays of shape (n,); n is less than the slots where little is left."""

    contents: IntArray
    renditions: IntArray
    worth: FloatArray
    """Expected completions of each slot."""


def best_page(
    town: Town, memory: Memory, visit: int, reads: npt.NDArray[np.bool_], slots: int, now: int
) -> BestPage:
    """Return the best page of ``slots`` contents for a visit at ``now`` (microseconds).

    ``reads`` are the languages its employee reads, shape (languages,). Contents are live and
    neither opened nor put away by them before; nothing has to be on it.
    """
    values = np.zeros(len(town.facts))
    renditions = np.zeros(len(town.facts), np.int64)
    _fill(town, memory, visit, reads, now, values, renditions)
    best = np.argsort(-values, kind="stable")[:slots]
    best = best[values[best] > 0.0]
    looking = np.array([looked_at(town.response, place) for place in range(1, len(best) + 1)])
    return BestPage(best, renditions[best], looking * values[best])


@kernel
def _fill(
    town: Town,
    memory: Memory,
    visit: int,
    reads: npt.NDArray[np.bool_],
    now: int,
    values: FloatArray,
    renditions: IntArray,
) -> None:
    """Fill P(completed | looked at) of the best rendition and which it is; 0 if there is none."""
    employee = town.visits[visit]["employee"]
    for content in range(len(town.facts)):
        story = town.facts[content]
        if story["published"] > now:
            break
        if story["expires"] <= now or memory.seen[employee, content]:
            continue
        for form in range(_N_FORMATS):
            for language in range(_N_LANGUAGES):
                rendition = story["rendition"][language, form]
                if rendition < 0 or not reads[language]:
                    continue
                opens = sigmoid(opening(town, memory, employee, content, form, now))
                value = opens * sigmoid(completing(town, visit, content, form))
                if value > values[content]:
                    values[content], renditions[content] = value, rendition
