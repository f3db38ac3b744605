"""What the simulated company remembers while time passes: who saw what, what is being read."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.simulator.config import Policy, Response
from recsys.simulator.traits import Records
from recsys.times import HOUR_US

__all__ = ["Memory", "decayed", "new_memory", "remember", "settle"]

_ROOM_PER_EMPLOYEE = 4
"""Reads under way at one moment, at most; a visit seldom has more than three."""


class Memory(NamedTuple):
    """Counters that feed back into what is shown and opened; times in microseconds.

    A read enters the counters when time has passed it (:func:`settle`), so that a visit never
    sees what another visit will do a minute later.
    """

    seen: npt.NDArray[np.uint8]
    """(employees, contents), opened or dismissed."""
    reads: npt.NDArray[np.float64]
    """(contents,), decayed first reads as of ``read_at``."""
    read_at: npt.NDArray[np.int64]
    team_reads: npt.NDArray[np.float32]
    """(teams, contents), the same for each team."""
    team_read_at: npt.NDArray[np.int64]
    waiting: npt.NDArray[np.int64]
    """(room, 3): time, content and employee of reads not yet counted."""
    n_waiting: npt.NDArray[np.int64]
    """(1,)."""
    tally: npt.NDArray[np.int64]
    """(employees, 2, 2): [before or after the experiment began, impressions or opens]."""
    gain: npt.NDArray[np.float64]
    """(2,): summed difference the treatment makes to P(open), and its number of impressions."""


def new_memory(traits: Records, n_contents: int) -> Memory:
    """Return an empty memory."""
    n, teams = len(traits), int(traits["team"].max()) + 1
    return Memory(
        seen=np.zeros((n, n_contents), np.uint8),
        reads=np.zeros(n_contents),
        read_at=np.zeros(n_contents, np.int64),
        team_reads=np.zeros((teams, n_contents), np.float32),
        team_read_at=np.zeros((teams, n_contents), np.int64),
        waiting=np.zeros((_ROOM_PER_EMPLOYEE * n, 3), np.int64),
        n_waiting=np.zeros(1, np.int64),
        tally=np.zeros((n, 2, 2), np.int64),
        gain=np.zeros(2),
    )


@kernel
def decayed(value: float, at: int, now: int, half_life_hours: float) -> float:
    """Return what is left at ``now`` of a ``value`` as of ``at``, at most ``value``."""
    if value == 0.0:
        return 0.0
    age_hours = max(now - at, 0) / HOUR_US
    left: float = value * 0.5 ** (age_hours / half_life_hours)
    return left


@kernel
def remember(memory: Memory, employee: int, content: int, at: int) -> None:
    """Mark a first read; it counts for others once time has passed ``at``."""
    memory.seen[employee, content] = 1
    slot = min(memory.n_waiting[0], len(memory.waiting) - 1)
    memory.waiting[slot, 0] = at
    memory.waiting[slot, 1] = content
    memory.waiting[slot, 2] = employee
    memory.n_waiting[0] = slot + 1


@kernel
def settle(memory: Memory, policy: Policy, response: Response, traits: Records, now: int) -> None:
    """Count the reads that happened before ``now``."""
    slot = 0
    while slot < memory.n_waiting[0]:
        at, content = memory.waiting[slot, 0], memory.waiting[slot, 1]
        if at >= now:
            slot += 1
            continue
        memory.reads[content] = 1.0 + decayed(
            memory.reads[content], memory.read_at[content], at, policy.popular_half_life_hours
        )
        memory.read_at[content] = at
        team = traits[memory.waiting[slot, 2]]["team"]
        memory.team_reads[team, content] = 1.0 + decayed(
            memory.team_reads[team, content],
            memory.team_read_at[team, content],
            at,
            response.colleagues_half_life_hours,
        )
        memory.team_read_at[team, content] = at
        memory.n_waiting[0] -= 1
        memory.waiting[slot] = memory.waiting[memory.n_waiting[0]]
