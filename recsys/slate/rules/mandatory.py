"""Must-reads: first, until they are done with."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.audience.audience import Audiences
from recsys.slate.draft import Draft, Index, Question, SlateSources
from recsys.state.live import LiveState
from recsys.times import DAY_US, HOUR_US, NO_TIME

__all__ = ["Mandatory", "Urgency", "owed_contents", "still_owed", "urgency"]

_EVERYWHERE = ("signage", "print")
"""Surfaces that cannot tell who is looking, and whose room is scarce: for what is urgent."""

Urgency = int
"""0 new, 1 due soon, 2 overdue."""

_SOON_US = 72 * HOUR_US
"""Three days: a part-timer's next shift is within them."""
_WAITED_US = 7 * DAY_US
"""Without a due time a must-read is urgent after a week: who comes weekly has been there."""


@dataclass(frozen=True, slots=True)
class Mandatory:
    """Puts unacknowledged must-reads first, earliest due first, at most ``most`` at a time.

    The others wait, and the slate says how many. What was shown ``turn`` times without being done
    with goes on with ``most_again`` slots, in which all such ones take turns: ignored ones must
    neither hide those not seen yet nor fill every page for ever. They are to be escalated.

    They are on every personal surface at once; three days before they are due (without a due time:
    a week after publication) they also go to screens and prints that everybody passes.
    Acknowledged, they are gone with the next slate.
    """

    name: ClassVar[str] = "mandatory"
    most: int = 3
    """With more, a feed would be nothing else, and be left."""
    turn: int = 3
    """Seen three times and put off: a fourth look is worth less than the first one at another."""
    most_again: int = 1

    def retrieve(self, sources: SlateSources, question: Question, candidates: Index) -> Index:
        """Return what the employee owes here, the most urgent first."""
        del candidates  # what was opened without acknowledging it is owed, but no candidate
        owed = owed_contents(sources.state, sources.audiences, question.employee, question.at)
        if question.request.surface in _EVERYWHERE:
            owed = owed[urgency(sources.state, owed, question.at) > 0]
        return owed

    def apply(self, draft: Draft) -> None:
        """Place the most urgent ones, let the others wait."""
        rows = draft.retrieved[self.name]
        readings, employee = draft.sources.state.readings, draft.question.employee
        turns = readings.impressions(employee, draft.contents[rows]) // self.turn
        order = np.argsort(turns, kind="stable")
        first, again = order[turns[order] == 0], order[turns[order] > 0]
        again = again[: max(self.most_again, 0)]
        chosen = np.concatenate([first, again])[: self.most]
        for row in rows[np.sort(chosen)].tolist():
            draft.place(row, "mandatory")
        draft.waiting = rows[draft.is_open[rows]]
        is_waiting = np.zeros(len(draft), np.bool_)
        is_waiting[draft.waiting] = True
        draft.close(self.name, is_waiting)


def owed_contents(state: LiveState, audiences: Audiences, employee: int, at: int) -> Index:
    """Return int32 indices of live mandatory contents in audience that are not done with.

    Done is acknowledged where that is required, else seen. Earliest ``ack_due_at`` first, then
    newest; without a due time last.
    """
    contents = state.catalogue.contents
    owed = still_owed(state, audiences, employee, at, contents.live_marked("mandatory", at))
    due_at = contents["ack_due_at"].view(np.int64)[owed]
    due_at = np.where(due_at == NO_TIME, np.iinfo(np.int64).max, due_at)
    return owed[np.argsort(due_at, kind="stable")]


def still_owed(
    state: LiveState, audiences: Audiences, employee: int, at: int, contents: Index
) -> Index:
    """Return those of ``contents`` that the employee is in the audience of and not done with."""
    mine = contents[audiences.includes(employee, at, contents)]
    needs_ack = state.catalogue.contents["ack_required"].view(np.bool_)[mine]
    unacknowledged = ~state.readings.did(employee, mine, "acknowledge")
    return mine[np.where(needs_ack, unacknowledged, state.readings.unseen(employee, mine))]


def urgency(state: LiveState, contents: Index, at: int) -> Index:
    """Return int32 :data:`Urgency`, shape (n,), of must-reads."""
    table = state.catalogue.contents
    due_at = table["ack_due_at"].view(np.int64)[contents]
    waited = table.published_at[contents] + _WAITED_US <= at
    has_due = due_at != NO_TIME
    is_soon = np.where(has_due, due_at - _SOON_US <= at, waited)
    return np.where(has_due & (due_at <= at), 2, is_soon).astype(np.int32)
