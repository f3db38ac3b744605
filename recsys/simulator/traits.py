"""The hidden side of the staff: interests, format tastes, activity. This is planted truth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.simulator.config import FORMATS_IN_USE, LANGUAGES, World
from recsys.simulator.organisation import DEPARTMENTS, Organisation
from recsys.simulator.phrases import TOPICS

__all__ = [
    "MUTE_OPENNESS",
    "OPENNESS_SPREAD",
    "TRAITS",
    "TYPES",
    "TYPE_SHARES",
    "Character",
    "Records",
    "draw_character",
    "draw_department_interest",
    "draw_preferences",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Records = np.ndarray[tuple[int], np.dtype[np.void]]
"""A structured array, one record per employee, content, visit or row."""

TYPES: dict[str, tuple[float, ...]] = {
    "deep_reader": (1.1, 0.2, -0.3, -0.2, -0.8, 0.0),
    "time_poor": (-1.1, 1.0, 0.1, -0.9, 1.0, -0.1),
    "light_interest": (-0.7, 0.0, 1.1, -0.1, 0.3, -0.6),
    "watcher": (-0.5, -0.5, -0.1, 1.2, 0.3, 0.3),
}
"""Behavioural type → format taste in the order of ``FORMATS_IN_USE``, logits of completing."""

TYPE_SHARES = (0.3, 0.3, 0.2, 0.2)
OPENNESS_SPREAD = 0.4
MUTE_OPENNESS = -2.0
"""Logits; those who come and hardly open anything are half of the silent group."""
# What everybody does: short things are finished more often than long ones.
_COMMON_TASTE = (-0.3, 1.0, 0.8, -0.5, 0.5, -0.6)
# Ten visits a workday is what the most eager person manages; the tail of activity is cut there.
_MOST_VISITS = 10.0


TRAITS = np.dtype(
    [
        ("interest", np.float64, len(TOPICS)),  # logits of opening what is wholly about the topic
        ("taste", np.float64, len(FORMATS_IN_USE)),  # logits of completing at usual length
        ("attraction", np.float64, len(FORMATS_IN_USE)),  # the personal part of the taste
        ("openness", np.float64),  # logits of opening; low in the silent group
        ("pressure", np.float64),  # loss of completing per log(length / usual length)
        ("team", np.int64),
        ("departments", np.int64, 2),  # −1 for no second post
        ("language", np.int64),
        ("treated", np.int64),  # 1 in the treated half of the teams, for the planted experiment
    ]
)
"""What decides an employee's answers: one record per employee index, readable by kernels."""


@dataclass(frozen=True, slots=True)
class Character:
    """Traits beside what shapes visits; ``behaviour`` is an index into ``TYPES``."""

    traits: Records
    behaviour: IntArray
    visits_per_workday: FloatArray
    """(n,), before the rhythm of the week; 0 for people without any device."""


def draw_character(world: World, organisation: Organisation, rng: np.random.Generator) -> Character:
    """Draw everybody's hidden side; interests and tastes are hierarchical."""
    n = len(organisation.team)
    behaviour = rng.choice(len(TYPES), n, p=TYPE_SHARES)
    noise = rng.standard_normal((n, len(FORMATS_IN_USE)))
    kinds = np.array(list(TYPES.values()))[behaviour]
    attraction = world.type_format * kinds + world.personal_format * noise
    rate, mute = _draw_activity(world, organisation, rng)
    treated_teams = rng.permutation(np.arange(organisation.team.max() + 1) % 2)
    traits = np.zeros(n, TRAITS)
    traits["interest"] = _draw_interest(world, organisation.departments, rng)
    traits["taste"] = np.array(_COMMON_TASTE) + attraction
    traits["attraction"] = attraction
    traits["openness"] = OPENNESS_SPREAD * rng.standard_normal(n) + MUTE_OPENNESS * mute
    traits["pressure"] = world.time_pressure * rng.gamma(4.0, 0.25, n)
    traits["team"] = organisation.team
    traits["departments"] = organisation.departments
    traits["language"] = organisation.language
    traits["treated"] = treated_teams[organisation.team]
    return Character(traits, behaviour, rate)


def _draw_interest(world: World, departments: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return (n, topics): the mean prior of a person's departments plus an own deviation."""
    prior = draw_department_interest(rng)
    first = departments[:, 0]
    second = np.where(departments[:, 1] < 0, first, departments[:, 1])
    shared = (prior[first] + prior[second]) / 2
    own = rng.standard_normal(shared.shape)
    return np.asarray(world.department_interest * shared + world.personal_interest * own)


def draw_department_interest(rng: np.random.Generator) -> FloatArray:
    """Return (departments, topics), each row with mean 0 and standard deviation 1."""
    home = np.array([[2.5 * (topic in d.home) for topic in TOPICS] for d in DEPARTMENTS])
    raw = home + 0.5 * rng.standard_normal(home.shape)
    centred = raw - raw.mean(axis=1, keepdims=True)
    return np.asarray(centred / centred.std(axis=1, keepdims=True))


def _draw_activity(
    world: World, organisation: Organisation, rng: np.random.Generator
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return visits per workday, and who comes but hardly opens anything.

    Half of the silent group hardly comes, the other half comes and hardly opens.
    """
    n, spread = len(organisation.team), world.activity_spread
    rate = world.visits_per_workday * rng.lognormal(-(spread**2) / 2, spread, n)
    kind = rng.random(n)
    rate = np.where(kind < world.silent_share / 2, 0.08 * rate, rate)
    reachable = organisation.has_pc | organisation.has_mobile
    return np.minimum(rate, _MOST_VISITS) * reachable, kind > 1 - world.silent_share / 2


def draw_preferences(
    employees: pd.DataFrame, traits: Records, world: World, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the ``preferences`` table: the fifth of the staff who ever said something.

    A declared format is the true favourite, except one time in four (people misjudge themselves)
    and wherever the world has no tastes.
    """
    n = len(employees)
    chosen = np.flatnonzero(rng.random(n) < 0.2)
    formats = np.array(FORMATS_IN_USE, dtype=object)
    misjudged = (rng.random(n) < 0.25) | (world.type_format == 0)
    favourite = np.where(
        misjudged, rng.integers(0, len(formats), n), traits["attraction"].argmax(axis=1)
    )
    least = np.array(TOPICS, dtype=object)[traits["interest"].argmin(axis=1)]
    declares, mutes, bilingual = (rng.random(n) < share for share in (0.5, 0.15, 0.25))
    mutes &= world.personal_interest > 0
    own = np.array(LANGUAGES, dtype=object)[traits["language"]]
    frame = pd.DataFrame(
        {
            "employee_id": employees["employee_id"],
            "personalization_opt_out": rng.random(n) < 0.05,
            "preferred_format": pd.Series(formats[favourite]).where(declares),
            "muted_topics": pd.Series(least).where(mutes),
            "languages": np.where(bilingual, ";".join(LANGUAGES), own),
            "newsletter_frequency": rng.choice(["daily", "weekly"], n, p=[0.3, 0.7]),
        }
    )
    return frame.iloc[chosen].reset_index(drop=True)
