"""The simulation itself: visit after visit in order of time, what is shown and what comes of it.

Visits are processed one by one, so popularity and the reading of colleagues feed back at once.
Compiled; two random streams (what is shown, how it is answered) keep the policy's draws apart
from the people's.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.simulator.config import Policy
from recsys.simulator.log import constant, event_kind, note
from recsys.simulator.memory import Memory, decayed, settle
from recsys.simulator.policy import (
    draw_format,
    draw_slot,
    gather_candidates,
    is_readable,
    take_mandatory,
)
from recsys.simulator.reading import dismiss, read_story
from recsys.simulator.response import (
    complete_utility,
    looked_at,
    open_utility,
    sigmoid,
)
from recsys.simulator.town import Chance, Town
from recsys.simulator.traits import Records
from recsys.times import HOUR_US, SECOND_US

__all__ = [
    "ARRIVING_US",
    "LEAVING_US",
    "LINK_AGE_HOURS",
    "LINK_TRIES",
    "P_DISMISS",
    "ROWS_PER_VISIT",
    "SLOT_US",
    "Desk",
    "completing",
    "follow_link",
    "new_desk",
    "opening",
    "run_visits",
]

ROWS_PER_VISIT = 400
"""Room one visit may need: three pages of twelve slots and a link, at most ten rows each."""

_IMPRESSION = event_kind("impression")
_NO_IMPRESSION = constant(-1)
_FIRST_ROW = constant(0)

LINK_AGE_HOURS = 72.0
"""Mean age of what links in mail and chat point to."""
LINK_TRIES = 8
P_DISMISS = 0.012
"""P(put away | looked at, not opened), for somebody who would never open it."""

SLOT_US = constant(SECOND_US // 2)
"""From one slot of a page to the next."""
ARRIVING_US, LEAVING_US = constant(6 * SECOND_US), constant(10 * SECOND_US)
"""From a page's showing to the first answer, and from the last answer to the next page."""


class Desk(NamedTuple):
    """Work space of one page: candidates of a slot, then the drawn slots."""

    candidates: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    contents: npt.NDArray[np.int64]
    forms: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]


def new_desk(policy: Policy, n_contents: int) -> Desk:
    """Return work space for a catalogue of ``n_contents``."""
    slots = max(policy.desktop_slots, policy.mobile_slots)
    return Desk(
        np.zeros(n_contents, np.int64),
        np.zeros(n_contents),
        *(np.zeros(slots, np.int64) for _ in range(3)),
    )


@kernel
def run_visits(
    town: Town, memory: Memory, desk: Desk, log: Records, begin: int, chance: Chance
) -> tuple[int, int]:
    """Simulate visits from index ``begin`` until the log is nearly full or all are done.

    Returns the index of the next visit and the number of rows written.
    """
    row, visit = _FIRST_ROW, begin
    while visit < len(town.visits) and row + ROWS_PER_VISIT <= len(log):
        row = _visit(town, memory, desk, log, row, visit, chance)
        visit += 1
    return visit, row


@kernel
def _visit(
    town: Town, memory: Memory, desk: Desk, log: Records, row: int, visit: int, chance: Chance
) -> int:
    clock = town.visits[visit]["start"]
    settle(memory, town.policy, town.response, town.traits, clock)
    if town.visits[visit]["direct"]:
        row, clock = follow_link(town, memory, log, row, visit, clock, chance)
    for page in range(town.visits[visit]["pages"]):
        slots = _show(town, memory, desk, log, row, visit, page, clock, chance.policy)
        row, clock = _answer(town, memory, desk, log, row + slots, visit, slots, clock, chance)
    return row


@kernel
def _show(
    town: Town,
    memory: Memory,
    desk: Desk,
    log: Records,
    row: int,
    visit: int,
    page: int,
    clock: int,
    rng: np.random.Generator,
) -> int:
    """Fill one page with impressions; return the number of slots."""
    policy, facts = town.policy, town.facts
    employee = town.visits[visit]["employee"]
    language = town.traits[employee]["language"]
    slots = policy.mobile_slots if town.visits[visit]["mobile"] else policy.desktop_slots
    remaining = gather_candidates(
        policy, facts, memory, employee, language, clock, desk.candidates, desk.weights
    )
    slots = min(slots, remaining)
    mandatory = take_mandatory(facts, desk.candidates, desk.weights, remaining)
    for slot in range(slots):
        content, propensity = mandatory, 1.0
        if slot > 0 or mandatory < 0:
            content, propensity = draw_slot(policy, desk.candidates, desk.weights, remaining, rng)
        remaining -= 1
        form, form_propensity = draw_format(policy, facts[content], language, rng)
        rendition = facts[content]["rendition"][language, form]
        seen_at = clock + slot * SLOT_US
        note(log, row, seen_at, _IMPRESSION, employee, content, rendition, visit, page)
        log[row]["position"] = slot + 1
        log[row]["propensity"] = propensity
        log[row]["rendition_propensity"] = form_propensity
        desk.contents[slot], desk.forms[slot], desk.rows[slot] = content, form, row
        row += 1
    return slots


@kernel
def _answer(
    town: Town,
    memory: Memory,
    desk: Desk,
    log: Records,
    row: int,
    visit: int,
    slots: int,
    clock: int,
    chance: Chance,
) -> tuple[int, int]:
    """Decide what is opened, read or dismissed; return the next row and the end of the page.

    Opening is decided for every slot as of the moment the page was shown, so that the answer to
    one slot does not depend on the others.
    """
    rng = chance.response
    employee = town.visits[visit]["employee"]
    shown = clock
    clock += ARRIVING_US
    for slot in range(slots):
        content, form, origin = desk.contents[slot], desk.forms[slot], desk.rows[slot]
        utility = opening(town, memory, employee, content, form, shown)
        looked = looked_at(town.response, slot + 1)
        opens = sigmoid(utility)
        completes = sigmoid(completing(town, visit, content, form))
        log[origin]["p_looked"] = looked
        log[origin]["p_open"] = looked * opens
        log[origin]["p_complete"] = completes
        luck = rng.random()
        is_opened = luck < looked * opens
        _count_answer(town, memory, employee, shown, looked, utility, is_opened)
        if is_opened:
            row, clock = read_story(
                town, memory, log, row, visit, content, form, clock, opens, completes, origin, rng
            )
        elif luck > 1.0 - looked * P_DISMISS * (1.0 - opens):
            row = dismiss(town, memory, log, row, origin, clock, form, rng)
    return row, clock + LEAVING_US


@kernel
def opening(town: Town, memory: Memory, employee: int, content: int, form: int, now: int) -> float:
    """Return the logit of opening now, colleagues and treatment included."""
    age_hours = (now - town.facts[content]["published"]) / HOUR_US
    team = town.traits[employee]["team"]
    colleagues = decayed(
        memory.team_reads[team, content],
        memory.team_read_at[team, content],
        now,
        town.response.colleagues_half_life_hours,
    )
    utility = open_utility(
        town.response, town.traits[employee], town.facts[content], form, age_hours, colleagues
    )
    if now >= town.treatment_begins and town.traits[employee]["treated"]:
        utility += town.response.treatment
    return utility


@kernel
def completing(town: Town, visit: int, content: int, form: int) -> float:
    """Return the logit of completing on the visit's device."""
    person = town.traits[town.visits[visit]["employee"]]
    mobile = town.visits[visit]["mobile"] == 1
    return complete_utility(town.response, person, town.facts[content], form, mobile)


@kernel
def _count_answer(
    town: Town,
    memory: Memory,
    employee: int,
    now: int,
    looked: float,
    utility: float,
    is_opened: bool,
) -> None:
    """Keep the books of the experiment: impressions and opens per person, the planted gain."""
    period = 1 if now >= town.treatment_begins else 0
    memory.tally[employee, period, 0] += 1
    memory.tally[employee, period, 1] += is_opened
    if period == 1:
        effect = town.response.treatment
        base = utility - effect * town.traits[employee]["treated"]
        memory.gain[0] += looked * (sigmoid(base + effect) - sigmoid(base))
        memory.gain[1] += 1


@kernel
def follow_link(
    town: Town, memory: Memory, log: Records, row: int, visit: int, clock: int, chance: Chance
) -> tuple[int, int]:
    """Open what a link points to, without any impression; return the next row and moment."""
    rng, facts = chance.response, town.facts
    employee = town.visits[visit]["employee"]
    language = town.traits[employee]["language"]
    for _ in range(LINK_TRIES):
        age = int(rng.exponential(LINK_AGE_HOURS) * HOUR_US)
        content = int(np.searchsorted(facts["published"], clock - age, side="right")) - 1
        if content < 0 or not is_readable(facts[content], language, clock):
            continue
        form, _ = draw_format(town.policy, facts[content], language, chance.policy)
        opens = sigmoid(opening(town, memory, employee, content, form, clock))
        if rng.random() < opens:
            completes = sigmoid(completing(town, visit, content, form))
            return read_story(
                town,
                memory,
                log,
                row,
                visit,
                content,
                form,
                clock,
                opens,
                completes,
                _NO_IMPRESSION,
                rng,
            )
    return row, clock
