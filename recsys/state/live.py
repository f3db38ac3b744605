"""The live state: everything features are made of, fed by the log in any order.

One implementation, three drivers: training replays history through it, evaluation replays and
ranks, serving follows the log.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.errors import TimeTravelError
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.state.counters import Counters
from recsys.state.dismissals import pack_dismissals
from recsys.state.histories import Histories
from recsys.state.key_index import ABSENT, KeyIndex
from recsys.state.mailings import Mailings
from recsys.state.marks import completed
from recsys.state.pending import Pending
from recsys.state.readings import Readings
from recsys.state.recent import Recent
from recsys.times import HOUR_US, NO_TIME, from_micros

__all__ = [
    "RECENT_CONTENTS",
    "RECENT_DISMISSALS",
    "RECENT_READERS",
    "RECENT_SENDS",
    "RECENT_SHARES",
    "VISIT_US",
    "LiveState",
    "Observed",
]

RECENT_CONTENTS = 64
"""Contents remembered per employee: about a quarter of a median reader."""

VISIT_US = HOUR_US // 2
"""Half an hour without activity ends a visit, the convention of web analytics."""

RECENT_READERS = 64
"""Readers remembered per content: enough to find like-minded colleagues among the newest."""

RECENT_DISMISSALS = 32
"""Dismissals remembered per employee: few ever say so more than once a week."""

RECENT_SHARES = 16
"""Contents remembered that colleagues shared with an employee."""

RECENT_SENDS = 32
"""Hours remembered in which something was sent to an employee: more than any weekly cap."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of a batch; the counts add up to its length."""

    applied: int
    duplicate: int
    late: int
    pending: int
    """Waiting for their moment, or for their content."""


class _Part(Protocol):
    def arrays(self) -> dict[str, npt.NDArray[np.generic]]: ...

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None: ...


class LiveState:
    """Counters, seen sets and reading profiles at one moment, the ``clock``.

    - Idempotent: of two events with one key the first observed counts.
    - Order-indifferent among events that are not late. An event is late when it arrives more than
      ``lateness_us`` after it happened; late ones wait for the next rebuild.
    - An event counts from ``clock`` > max(occurred_at, received_at) on; until then it waits. So
      does an event whose content is unknown.
    - Showings (impressions) are counted once their visit is over: in a log the showing of a
      content precedes its opening by seconds, while at the moment of a request nothing of that
      page has been shown. Counted at once, they would tell a ranker what the old list held.
    - Time only moves forward.

    Everything else a feature may need is in the ``catalogue``, which the state reads and never
    writes. Not thread-safe.
    """

    def __init__(self, catalogue: Catalogue, *, lateness_us: int) -> None:
        self.catalogue = catalogue
        self.lateness_us = lateness_us
        self.clock = NO_TIME
        self.readings = Readings()
        self.counters = Counters()
        self.showings = Histories()
        self.recent_contents = Recent(RECENT_CONTENTS)
        self.recent_readers = Recent(RECENT_READERS)
        self.dismissals = Recent(RECENT_DISMISSALS)
        """By employee, packed as :mod:`recsys.state.dismissals` says."""
        self.shares = Recent(RECENT_SHARES)
        """By employee, the contents that were shared with them personally."""
        self.sends = Recent(RECENT_SENDS)
        """By employee, the hours (since 1970) in which mail was sent: one issue is one hour."""
        self.mailings = Mailings()
        self.unsubscribed = Recent(1)
        """By employee, one partner (0) with the moment they last asked for no more mail."""
        self._known = KeyIndex()
        self._pending = Pending()
        self._parked = Pending()
        self._impressions = Pending(delay_us=VISIT_US)

    def observe(self, events: EventColumns) -> Observed:
        """Take in events; those whose moment has come are applied at the next :meth:`advance`.

        So a stream of single events costs one pass a question, not one an event.
        """
        fresh = self._without_duplicates(events)
        late = self._is_late(fresh)
        waiting = fresh.take(~late) if late.any() else fresh
        self._pending.add(waiting)
        n_applied = self._count_due(waiting)
        return Observed(
            applied=n_applied,
            duplicate=len(events) - len(fresh),
            late=len(fresh) - len(waiting),
            pending=len(waiting) - n_applied,
        )

    def advance(self, at: int) -> None:
        """Move the clock to ``at`` (microseconds), applying what counts by then."""
        if at < self.clock:
            raise TimeTravelError(
                f"asked about {from_micros(at).isoformat()}, but time runs forward and this engine "
                f"has answered for {from_micros(self.clock).isoformat()}; use as_of(…) for an "
                "engine at an earlier moment"
            )
        self.clock = at
        self._apply_due()

    def settle(self) -> None:
        """Apply what is due; call before the catalogue changes, which decides what events mean."""
        if self.clock != NO_TIME:
            self._apply_due()

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return everything :meth:`restore` needs, by dotted names."""
        found: dict[str, npt.NDArray[np.generic]] = {
            "clock": np.array(self.clock),
            "known": self._known.keys,
        }
        for name, part in self._parts():
            found |= {f"{name}/{key}": array for key, array in part.arrays().items()}
        for name, waiting in self._waiting():
            found |= {f"{name}/{key}": array for key, array in waiting.all().arrays().items()}
        return found

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Become the state that :meth:`arrays` described; only for a new state."""
        self.clock = int(arrays["clock"])
        self._known = KeyIndex.from_keys(arrays["known"].view(np.uint64))
        for name, part in self._parts():
            if found := _below(arrays, name):  # a bundle of older code has no mailings
                part.restore(found)
        for name, waiting in self._waiting():
            waiting.add(EventColumns.from_arrays(_below(arrays, name)))

    def _parts(self) -> Iterator[tuple[str, _Part]]:
        yield "readings", self.readings
        yield "showings", self.showings
        yield "recent_contents", self.recent_contents
        yield "recent_readers", self.recent_readers
        yield "dismissals", self.dismissals
        yield "shares", self.shares
        yield "sends", self.sends
        yield "mailings", self.mailings
        yield "unsubscribed", self.unsubscribed
        yield from ((f"counters.{name}", table) for name, table in self.counters.tables())

    def _waiting(self) -> Iterator[tuple[str, Pending]]:
        yield "pending", self._pending
        yield "parked", self._parked
        yield "impressions", self._impressions

    def release_parked(self) -> None:
        """Look again at events whose content was unknown; call after contents arrived."""
        if len(self._parked):
            parked, self._parked = self._parked.all(), Pending()
            self._pending.add(parked)

    @property
    def n_parked(self) -> int:
        """Return how many events wait for their content."""
        return len(self._parked)

    def _without_duplicates(self, events: EventColumns) -> EventColumns:
        n_known = len(self._known)
        rows = self._known.add(events.key)
        # A row number is new exactly where the running maximum grows.
        before = np.maximum.accumulate(np.concatenate([[n_known - 1], rows[:-1]]))
        is_new = rows > before
        return events if is_new.all() else events.take(is_new)

    def _is_late(self, events: EventColumns) -> npt.NDArray[np.bool_]:
        if self.clock == NO_TIME:  # a rebuild takes in everything
            return np.zeros(len(events), np.bool_)
        arrival = np.maximum(events.received_at, self.clock)
        return arrival - events.occurred_at > self.lateness_us

    def _count_due(self, events: EventColumns) -> int:
        """Return how many events count by now; those of unknown contents never do."""
        if self.clock == NO_TIME:
            return 0
        due = np.maximum(events.occurred_at, events.received_at) < self.clock
        content = events.content[due]
        known = self.catalogue.contents["known"].view(np.bool_)[content[content >= 0]]
        return len(content) - int(np.count_nonzero(~known))

    def _apply_due(self) -> None:
        if not self._pending.is_due(self.clock) and not self._impressions.is_due(self.clock):
            return
        due = self._pending.take_before(self.clock)
        self._count_sends(due)
        about = due.take(due.content != ABSENT)
        known = self.catalogue.contents["known"].view(np.bool_)[about.content]
        parked = about.take(~known)
        self._parked.add(parked)
        self._apply(about.take(known))
        self._count_showings(self._impressions.take_before(self.clock))

    def _count_showings(self, showings: EventColumns) -> None:
        if len(showings):
            self.readings.count_impressions(showings)
            self.counters.add_showings(showings, self.catalogue)

    def _apply(self, events: EventColumns) -> None:
        if len(events) == 0:
            return
        expected = self.catalogue.renditions.expected_seconds(events.rendition)
        added = self.readings.update(events, completed(events, expected))
        self.counters.add(events, added, self.catalogue)
        self.showings.add(events, self.catalogue)
        self._impressions.add(events.take(events.event_type == CODE_OF_TYPE["impression"]))
        sensitive = self.catalogue.contents["sensitive"].view(np.bool_)
        read = events.take(events.is_interaction & ~sensitive[events.content])
        self.recent_contents.touch(read.employee, read.content, read.occurred_at)
        self.recent_readers.touch(read.content, read.employee, read.occurred_at)
        told = events.take(~sensitive[events.content])
        self.dismissals.touch(*pack_dismissals(told, self.catalogue))
        self.shares.touch(told.target, told.content, told.occurred_at)
        self.mailings.add(events.take(events.event_type == CODE_OF_TYPE["newsletter_sent"]))

    def _count_sends(self, events: EventColumns) -> None:
        sent = events.take(events.event_type == CODE_OF_TYPE["newsletter_sent"])
        hours = (sent.occurred_at // HOUR_US).astype(np.int32)
        self.sends.touch(sent.employee, hours, sent.occurred_at)
        left = events.take(events.event_type == CODE_OF_TYPE["unsubscribe"])
        self.unsubscribed.touch(left.employee, np.zeros(len(left), np.int32), left.occurred_at)


def _below(
    arrays: Mapping[str, npt.NDArray[np.generic]], name: str
) -> dict[str, npt.NDArray[np.generic]]:
    prefix = f"{name}/"
    return {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}
