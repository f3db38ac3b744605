"""How many of their own visits people need until a must-read has reached them.

One unit is a pair of a visitor and a must-read that this visitor owes. Counted are the visitor's
visits that start after its publication (or after the engine took over, if that is later); the
event is the first visit in which it is looked at, or acknowledged. Who visits no more is censored.
Kaplan and Meier, "Nonparametric estimation from incomplete observations" (1958); it takes for
granted that who visits less would, at an equal number of visits, be reached like the others.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.simulator.ground import Ground
from recsys.simulator.traits import Records

__all__ = ["Curve", "MustReads", "kaplan_meier", "must_reads", "visits_until"]

FloatArray = npt.NDArray[np.float64]

REACHED = 0.95


@dataclass(frozen=True, slots=True)
class MustReads:
    """Counts by employee and number of the visit, float64 (E, V); column v is visit v + 1."""

    events: FloatArray
    at_risk: FloatArray


@dataclass(frozen=True, slots=True)
class Curve:
    """The share not reached after each visit, with how many pairs were still at risk in it."""

    missing_share: FloatArray
    at_risk: FloatArray


def must_reads(answers: Records, ground: Ground, column: str = "looked") -> MustReads:
    """Return when must-reads were reached by ``column``, ``looked`` or ``acknowledged``."""
    n_people = len(ground.departments)
    longest = int(np.bincount(ground.visits["employee"], minlength=1).max(initial=0))
    found = MustReads(np.zeros((n_people, longest)), np.zeros((n_people, longest)))
    for place, content in enumerate(ground.must_reads.tolist()):
        own = answers[(answers["content"] == content) & answers[column]]
        reached = np.unique(own["visit"]) - ground.first_visit
        late_enough = ground.visits["start"] >= ground.counts_from[place]
        for person in np.flatnonzero(ground.owes[:, place] & ground.visitors).tolist():
            visits = np.flatnonzero((ground.visits["employee"] == person) & late_enough)
            hits = np.flatnonzero(np.isin(visits, reached))
            n_needed = int(hits[0]) + 1 if len(hits) else len(visits)
            found.at_risk[person, :n_needed] += 1
            if len(hits):
                found.events[person, n_needed - 1] += 1
    return found


def kaplan_meier(found: MustReads, rows: FloatArray) -> Curve:
    """Return the curves under every weighting of employees; arrays of shape (R, V)."""
    events, at_risk = rows @ found.events, rows @ found.at_risk
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    return Curve(np.asarray(np.cumprod(1.0 - hazard, axis=1), np.float64), at_risk)


def visits_until(curve: Curve, share: float = REACHED) -> FloatArray:
    """Return the number of visits until ``share`` are reached, (R,); infinite if they never are."""
    enough = curve.missing_share <= 1.0 - share + 1e-12
    first = enough.argmax(axis=1) + 1.0
    return np.where(enough.any(axis=1), first, np.inf)
