"""Which decayed counters the live state keeps, and what each event adds to them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.employees import GROUPINGS
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.state.decayed import DecayedCounts
from recsys.state.pair_counts import PairCounts
from recsys.state.readings import Contributions
from recsys.times import DAY_US, HOUR_US

__all__ = ["POPULARITY_HALF_LIVES", "Counters"]

POPULARITY_HALF_LIVES: tuple[int, ...] = (
    HOUR_US // 12, HOUR_US, 6 * HOUR_US, DAY_US, 3 * DAY_US, 14 * DAY_US,
)  # fmt: skip
"""From what is happening this minute to what the company keeps coming back to."""

_DEEP = np.array(
    [
        name in ("complete", "like", "comment", "share", "bookmark", "rsvp", "attend")
        for name in CODE_OF_TYPE
    ]
)

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Keys:
    """What a contribution's event points at; int32 arrays of equal shape, −1 = none."""

    employee: Index
    content: Index
    groups: dict[str, Index]


class Counters:
    """All decayed counters; every one is additive over the log.

    Weights are those of :class:`recsys.state.readings.Contributions`. Contents marked
    ``sensitive`` count for themselves but never towards anything about an employee or a group of
    employees (a team may be two people).
    """

    def __init__(self) -> None:
        self.content = DecayedCounts(POPULARITY_HALF_LIVES)
        self.content_deep = DecayedCounts((DAY_US, 14 * DAY_US))
        self.content_shown = DecayedCounts((6 * HOUR_US, 3 * DAY_US))
        self.author = DecayedCounts((14 * DAY_US,))
        self.employee = DecayedCounts((HOUR_US, DAY_US, 14 * DAY_US))
        self.employee_firsts = DecayedCounts((30 * DAY_US,))
        self.employee_log_age = DecayedCounts((30 * DAY_US,))
        self.group_content = {g: PairCounts((6 * HOUR_US, 3 * DAY_US)) for g in GROUPINGS}
        self.group_author = {g: PairCounts((30 * DAY_US,)) for g in GROUPINGS}
        self.group_topic = {g: PairCounts((30 * DAY_US,)) for g in GROUPINGS}
        self.employee_author = PairCounts((7 * DAY_US, 60 * DAY_US))
        self.employee_topic = PairCounts((7 * DAY_US, 60 * DAY_US))
        self.employee_owner = PairCounts((60 * DAY_US,))
        self.employee_type = PairCounts((60 * DAY_US,))

    def add(self, events: EventColumns, added: Contributions, catalogue: Catalogue) -> None:
        """Count what ``events`` contributed, and the deep interactions among them."""
        deep = events.take(_DEEP[events.event_type])
        self.content_deep.add(deep.content.astype(np.int64), deep.occurred_at, np.ones(len(deep)))
        event = added.event
        if len(event) == 0:
            return
        keys = _Keys(
            events.employee[event],
            events.content[event],
            _groups(catalogue, events.employee[event], added.time),
        )
        self._add_contents(keys, added, catalogue)
        personal = ~catalogue.contents["sensitive"][keys.content].view(np.bool_)
        self._add_profiles(_only(keys, personal), _only_rows(added, personal), catalogue)

    def add_showings(self, impressions: EventColumns) -> None:
        """Count how often contents were shown."""
        rows = impressions.content.astype(np.int64)
        self.content_shown.add(rows, impressions.occurred_at, np.ones(len(rows)))

    def tables(self) -> Iterator[tuple[str, DecayedCounts | PairCounts]]:
        """Yield every counter with a name of its own, for snapshots."""
        for name, table in vars(self).items():
            if isinstance(table, dict):
                yield from ((f"{name}.{group}", part) for group, part in table.items())
            else:
                yield name, table

    def _add_contents(self, keys: _Keys, added: Contributions, catalogue: Catalogue) -> None:
        self.content.add(keys.content.astype(np.int64), added.time, added.weight)
        author = catalogue.contents["author"][keys.content].astype(np.int32)
        self.author.add(author.astype(np.int64), added.time, added.weight)
        for name, group in keys.groups.items():
            self.group_content[name].add(group, keys.content, added.time, added.weight)

    def _add_profiles(self, keys: _Keys, added: Contributions, catalogue: Catalogue) -> None:
        contents, employee = catalogue.contents, keys.employee
        rows = employee.astype(np.int64)
        self.employee.add(rows, added.time, added.weight)
        age = (added.time - contents.published_at[keys.content]) / HOUR_US
        self.employee_firsts.add(rows, added.time, added.first)
        self.employee_log_age.add(rows, added.time, added.first * np.log1p(np.maximum(age, 0)))
        for table, column in (
            (self.employee_author, "author"),
            (self.employee_owner, "owner_department"),
            (self.employee_type, "content_type"),
        ):
            value = contents[column][keys.content].astype(np.int32)
            table.add(employee, value, added.time, added.weight)
        author = contents["author"][keys.content].astype(np.int32)
        for name, group in keys.groups.items():
            self.group_author[name].add(group, author, added.time, added.weight)
        for topic in contents.topics[keys.content].T:
            self.employee_topic.add(employee, topic, added.time, added.weight)
            for name, group in keys.groups.items():
                self.group_topic[name].add(group, topic, added.time, added.weight)


def _groups(catalogue: Catalogue, employees: Index, times: Times) -> dict[str, Index]:
    versions = catalogue.employees.versions_at(employees, times)
    return {name: catalogue.employees.codes(name, versions) for name in GROUPINGS}


def _only(keys: _Keys, rows: npt.NDArray[np.bool_]) -> _Keys:
    groups = {name: group[rows] for name, group in keys.groups.items()}
    return _Keys(keys.employee[rows], keys.content[rows], groups)


def _only_rows(added: Contributions, rows: npt.NDArray[np.bool_]) -> Contributions:
    return Contributions(added.event[rows], added.time[rows], added.weight[rows], added.first[rows])
