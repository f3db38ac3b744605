"""The logging policy: what the simulated portal showed, with the exact probability of showing it.

A slot is drawn from the remaining candidates: with ``explore_share`` uniformly, else in proportion
to the weight exp(newest + popular). Drawing slot after slot without replacement is the
Plackett-Luce model, here with an exploring mixture. The policy knows no person: neither interest
nor department nor team enters a weight.
"""

import math

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.simulator.config import FORMATS_IN_USE, Policy
from recsys.simulator.memory import Memory, decayed
from recsys.simulator.traits import Records
from recsys.times import HOUR_US

__all__ = [
    "draw_format",
    "draw_slot",
    "format_chance",
    "gather_candidates",
    "is_readable",
    "take_mandatory",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_N_FORMATS = len(FORMATS_IN_USE)


@kernel
def is_readable(story: np.void, language: int, now: int) -> bool:
    """Whether the content is live at ``now`` (microseconds) and exists in ``language``."""
    readable: bool = story["language"] < 0 or story["language"] == language
    return readable and story["published"] <= now < story["expires"]


@kernel
def gather_candidates(
    policy: Policy,
    facts: Records,
    memory: Memory,
    employee: int,
    language: int,
    now: int,
    candidates: IntArray,
    weights: FloatArray,
) -> int:
    """Fill ``candidates`` and ``weights`` with what may be shown now; return how many.

    Candidates are live, readable, not older than the window and unseen by the employee. Both
    arrays need room for all contents of the window.
    """
    published, seen = facts["published"], memory.seen[employee]
    reads, read_at = memory.reads, memory.read_at
    count = 0
    first = np.searchsorted(published, now - int(policy.window_hours * HOUR_US))
    for content in range(first, len(facts)):
        if published[content] > now:
            break
        if seen[content] or not is_readable(facts[content], language, now):
            continue
        age_hours = (now - published[content]) / HOUR_US
        popular = decayed(reads[content], read_at[content], now, policy.popular_half_life_hours)
        score = policy.newest_weight * 0.5 ** (age_hours / policy.newest_half_life_hours)
        score += policy.popular_weight * math.log1p(popular)
        candidates[count] = content
        weights[count] = math.exp(score)
        count += 1
    return count


@kernel
def take_mandatory(facts: Records, candidates: IntArray, weights: FloatArray, count: int) -> int:
    """Take the oldest mandatory content out of the candidates; return it, or −1.

    It gets the first slot for certain, so its propensity is 1. As in :func:`draw_slot` the last
    candidate takes its place.
    """
    for index in range(count):
        content = candidates[index]
        if facts[content]["mandatory"]:
            candidates[index] = candidates[count - 1]
            weights[index] = weights[count - 1]
            return int(content)
    return -1


@kernel
def draw_slot(
    policy: Policy,
    candidates: IntArray,
    weights: FloatArray,
    count: int,
    rng: np.random.Generator,
) -> tuple[int, float]:
    """Draw the next slot from the first ``count`` candidates; return its content and propensity.

    The drawn candidate is replaced by the last one: call again with ``count - 1``.
    """
    total = 0.0
    for index in range(count):
        total += weights[index]
    if rng.random() < policy.explore_share:
        chosen = min(int(rng.random() * count), count - 1)
    else:
        threshold = rng.random() * total
        chosen = 0
        passed = weights[0]
        while passed <= threshold and chosen < count - 1:
            chosen += 1
            passed += weights[chosen]
    explored = policy.explore_share / count
    propensity = explored + (1.0 - policy.explore_share) * weights[chosen] / total
    content = candidates[chosen]
    candidates[chosen] = candidates[count - 1]
    weights[chosen] = weights[count - 1]
    return content, propensity


@kernel
def draw_format(
    policy: Policy, story: np.void, language: int, rng: np.random.Generator
) -> tuple[int, float]:
    """Draw the shown format among those that exist in ``language``; return it and its probability.

    The lead format gets ``lead_format_share`` on top of an even share of the rest.
    """
    renditions, chosen = story["rendition"][language], story["lead"]
    if rng.random() >= policy.lead_format_share:
        remaining = int(rng.random() * (renditions >= 0).sum())
        for form in range(_N_FORMATS):
            if renditions[form] >= 0:
                if remaining == 0:
                    chosen = form
                remaining -= 1
    return chosen, format_chance(policy, story, language, chosen)


@kernel
def format_chance(policy: Policy, story: np.void, language: int, form: int) -> float:
    """Return the probability that ``form`` is the one shown; 0 if it does not exist."""
    renditions = story["rendition"][language]
    if renditions[form] < 0:
        return 0.0
    even = (1.0 - policy.lead_format_share) / (renditions >= 0).sum()
    chance: float = even + policy.lead_format_share * (form == story["lead"])
    return chance
