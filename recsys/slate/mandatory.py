"""Must-reads that an employee still owes."""

import numpy as np
import numpy.typing as npt

from recsys.audience.audience import Audiences
from recsys.state.live import LiveState
from recsys.times import NO_TIME

__all__ = ["owed_contents"]


def owed_contents(
    state: LiveState, audiences: Audiences, employee: int, at: int
) -> npt.NDArray[np.int32]:
    """Return int32 indices of live mandatory contents in audience that are not done with.

    Done is acknowledged where that is required, else seen. Earliest ``ack_due_at`` first, then
    newest; without a due time last.
    """
    contents = state.catalogue.contents
    live = contents.live(at)
    mandatory = live[contents["mandatory"].view(np.bool_)[live]]
    mine = mandatory[audiences.includes(employee, at, mandatory)]
    unseen = state.readings.unseen(employee, mine)
    needs_ack = contents["ack_required"].view(np.bool_)[mine]
    done = np.array([state.readings.did(employee, c, "acknowledge") for c in mine.tolist()], bool)
    owed = mine[np.where(needs_ack, ~done, unseen)]
    due_at = contents["ack_due_at"].view(np.int64)[owed]
    due_at = np.where(due_at == NO_TIME, np.iinfo(np.int64).max, due_at)
    return owed[np.argsort(due_at, kind="stable")]
