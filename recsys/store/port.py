"""What the rest of the project asks of a store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.plain_events import PlainEvent

__all__ = ["Appended", "Changes", "EventCount", "Fate", "Store", "WriteReport"]


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of the rows of one write; the counts add up to the rows given."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    """Rows that were there already: repeated events (first write wins) and identical upserts."""
    parked: int = 0
    """Events stored although their content is not known yet; included in ``inserted``."""
    refused: int = 0
    """Rows of employees who were erased; a tombstone blocks them."""


Fate = Literal["inserted", "duplicate", "refused"]
"""What became of one event; refused are those of employees who were erased."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of each event of one append, and the numbers of the inserted ones."""

    fates: list[Fate]
    numbers: range
    """Of the inserted events, in their order."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A run of the change log: all changes of one kind that follow each other.

    ``table`` is a canonical table name or ``tombstones``; ``frame`` is canonical, in log order,
    plus the int64 column ``change_number``; ``last_number`` is the number to ask for next.

    A catalogue row stands for itself and replaces the row with its key; each version is there. A
    row of ``survey_answers``, which have no key, is one more answer. The frame of ``tombstones``
    has the columns ``tombstone`` (compare with :meth:`Store.tombstone_hash`), ``erased_at`` and
    ``change_number``; whoever holds state of that employee forgets it. Rows of an erased employee
    are gone from the log as well.
    """

    table: str
    frame: pd.DataFrame
    last_number: int


@dataclass(frozen=True, slots=True)
class EventCount:
    """Events of one type, and how many people they are of: not for anybody's eyes as they are."""

    event_type: str
    events: int
    people: int


class Store(Protocol):
    """Tables plus one change log, in a database.

    Numbers of the change log are int64 from 1, grow in *commit-visible* order and may have gaps:
    once a follower has seen number n, no change with a number below n ever appears. Writers
    therefore draw numbers under a lock that is held until commit.

    Frames are canonical (:mod:`recsys.dataset.dataset`) and their rows were checked
    (:mod:`recsys.dataset.validation`); times are UTC. Every method is one transaction: it happens
    whole or not at all, and what it returned survives a power failure. Safe for concurrent use
    from several threads and processes: writers queue, readers never wait. Raises
    :class:`recsys.errors.StoreError` when the database cannot be reached or has another schema
    version; only :meth:`migrate` accepts an empty or an older one.
    """

    def migrate(self) -> None:
        """Bring the database to the current schema; does nothing if it is there already."""

    def write(self, table: str, frame: pd.DataFrame, *, received_at: datetime) -> WriteReport:
        """Insert events (first write of an ``event_id`` wins) or upsert catalogue rows.

        A row replaces the one with its key whole: what is missing in it is missing from then on.
        An identical upsert writes nothing and adds no change. Rows count in their order, so in
        one frame the first of two equal events and the last of two upserts of a key stay.
        Preferences are a table of their own, so an employee upsert never touches them.

        ``received_at`` fills the events that carry none, and ``valid_from`` of employee versions
        that carry none, unless they repeat the version in force at ``received_at``: those are
        unchanged. Survey answers have no key; of equal answers the store ends up with as many as
        the frame has, or more if it had more, so a file of answers is to be written in one call.

        One call is one transaction; callers cut a large file into frames. ``KeyError`` for an
        undeclared table or a frame without a declared column.
        """

    def append(self, events: Sequence[PlainEvent]) -> Appended:
        """Insert events that were read already, as :meth:`write` would; each has a ``received_at``.

        Of equal ``event_id`` the first one counts.
        """

    def load(self, *, until: datetime | None = None) -> Dataset:
        """Return everything, events with ``occurred_at`` and ``received_at`` before ``until``.

        Events, parked ones included, are ordered by ``occurred_at``, then as they were written;
        other tables by their latest change. Employees come in all their versions.
        """

    def find(self, table: str, *subject_ids: str) -> pd.DataFrame:
        """Return the stored rows of ``table`` whose first column is one of ``subject_ids``.

        Contents, renditions, employees' preferences or attribute versions, canonical, in the order
        they were written; no rows for an unknown id. ``KeyError`` for an undeclared table.
        """

    def page(
        self, table: str, *, after: str = "", limit: int, where: Mapping[str, str] | None = None
    ) -> pd.DataFrame:
        """Return at most ``limit`` rows of ``table``, canonical, by their first column.

        Only rows whose first column is above ``after``, in the order of code points: asking on
        with the last one seen gives every row that is there throughout exactly once, whatever is
        written meanwhile. ``where`` keeps the rows that have all its values, by column. Cost: one
        pass over the table. For tables of which the first column is the key; ``KeyError`` for
        another one, and for an undeclared column.
        """

    def event_counts(self, *, since: datetime) -> list[EventCount]:
        """Return the events that occurred from ``since`` on, by type, those without any left out.

        Cost: one pass over all events, about a second for a million.
        """

    def changes(self, after: int, *, limit: int = 10_000) -> Iterator[Changes]:
        """Yield committed changes numbered above ``after``, in order, at most ``limit`` rows.

        Nothing is yielded when the follower has seen everything.
        """

    def last_change(self) -> int:
        """Return the highest committed number, 0 for an empty log."""

    def erase(self, employee_id: str, *, at: datetime) -> dict[str, int]:
        """Delete every row of an employee and leave a salted-hash tombstone that blocks re-import.

        Returns the number of deleted rows per table; erasing again returns zeros. An employee
        nobody has heard of is blocked all the same. Rows of others that name the employee
        (``manager_id``, ``author_id``) stay.
        """

    def erased_since(self, number: int) -> bool:
        """Return whether somebody was erased by a change above ``number``."""

    def tombstone_hash(self, employee_id: str) -> str:
        """Return the ``tombstone`` this employee has, or would have, in this database."""

    def counts(self) -> dict[str, int]:
        """Return the number of rows per table, ``tombstones``, and ``parked`` events."""

    def close(self) -> None:
        """Release connections; the store cannot be used afterwards."""
