"""What stays the same whatever is shown: who is silent, who owns what, who owes what."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from recsys.event_columns import IS_INTERACTION
from recsys.schema import EVENT_TYPES
from recsys.simulator.company import Company, found
from recsys.simulator.config import Scenario
from recsys.simulator.living import LivingCompany
from recsys.simulator.traits import Records
from recsys.times import DAY_US, to_micros

__all__ = ["Ground", "ground_of", "silent_employees"]

Flags = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_SILENT_PERCENTILE = 25
_ACKNOWLEDGE = EVENT_TYPES.index("acknowledge")


@dataclass(frozen=True, slots=True)
class Ground:
    """Indices are those of the company's tables: E employees, C contents."""

    visits: Records
    """Of the measured time, in order of their starts."""
    first_visit: int
    """Index of the first of them in the whole run."""
    visitors: Flags
    """(E,), whoever visits in the measured time."""
    silent: Flags
    """(E,), the visitors among the silent."""
    quiet: Flags
    """(E,), the quarter of visitors with the fewest interactions before."""
    departments: IntArray
    """(E, 2), −1 for no second one."""
    owners: IntArray
    """(C,), the department that owns each content."""
    live: Flags
    """(C,), whether it could be shown at some moment of the measured time."""
    ripe: Flags
    """(C,), published in the measured time and at least three days old at its end."""
    must_reads: IntArray
    """(M,), must-reads that were live at some moment of the measured time."""
    counts_from: IntArray
    """(M,), microseconds: publication, or the start of the measured time if that is later."""
    owes: Flags
    """(E, M): in audience and not acknowledged before ``counts_from``."""


def ground_of(scenario: Scenario, since: datetime, until: datetime) -> Ground:
    """Return what all servers of a company have in common; draws the company again.

    ``since`` is when the old portal is switched off, ``until`` the end of the measured time.
    """
    company = found(scenario)
    town, facts = company.town, company.town.facts
    history = LivingCompany(company, since).history
    begins, ends = to_micros(since), to_micros(until)
    first, last = np.searchsorted(town.visits["start"], [begins, ends])
    visits = town.visits[first:last]
    past = history[history["time"] < begins]
    visitors = np.bincount(visits["employee"], minlength=len(town.traits)) > 0
    n_interactions, staff = _interactions(past, len(town.traits)), _staff(company)
    must_reads = np.flatnonzero(
        (facts["mandatory"] == 1) & (facts["expires"] > begins) & (facts["published"] < ends)
    )
    return Ground(
        visits=visits,
        first_visit=int(first),
        visitors=visitors,
        silent=visitors & silent_employees(n_interactions, staff),
        quiet=silent_employees(n_interactions, staff & visitors),
        departments=town.traits["departments"],
        owners=facts["owner"],
        live=(facts["expires"] > begins) & (facts["published"] < ends),
        ripe=(facts["published"] >= begins) & (facts["published"] <= ends - 3 * DAY_US),
        must_reads=must_reads,
        counts_from=np.maximum(facts["published"][must_reads], begins),
        owes=_owes(company, past, must_reads),
    )


def silent_employees(n_interactions: IntArray, staff: Flags) -> Flags:
    """Return who is silent, (E,): interactions at or below the 25th percentile of the staff.

    ``staff`` are those that could have said something. All counts are whole and many are equal, so
    "at or below" may be more than a quarter, while "below" may be nobody.
    """
    limit = np.percentile(n_interactions[staff], _SILENT_PERCENTILE, method="lower")
    return staff & (n_interactions <= limit)


def _interactions(past: Records, n_employees: int) -> IntArray:
    rows = past[IS_INTERACTION[past["kind"]]]
    return np.bincount(rows["employee"], minlength=n_employees)


def _staff(company: Company) -> Flags:
    """Return who has a device and was employed from the first day, (E,)."""
    employees = company.frames["employees"]
    has_device = (employees["has_pc"] | employees["has_mobile"]).to_numpy(bool)
    joined = employees["valid_from"]
    return np.asarray(has_device & (joined == joined.min()).to_numpy(bool))


def _owes(company: Company, past: Records, must_reads: IntArray) -> Flags:
    """Return (E, M); must-reads have no audience rule here, so all who read its language owe it."""
    town = company.town
    language = town.facts["language"][must_reads]
    owes = (language < 0) | (language == town.traits["language"][:, None])
    done = past[past["kind"] == _ACKNOWLEDGE]
    place = np.searchsorted(must_reads, done["content"])
    place = np.minimum(place, max(len(must_reads) - 1, 0))
    if len(must_reads):
        is_one = must_reads[place] == done["content"]
        owes[done["employee"][is_one], place[is_one]] = False
    return np.asarray(owes)
