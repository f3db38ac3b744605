"""Which decayed counters the live state keeps, and what each event adds to them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.employees import GROUPINGS
from recsys.event_columns import IS_DEEP, EventColumns
from recsys.state.decayed import DecayedCounts
from recsys.state.pair_counts import PairCounts
from recsys.state.readings import Contributions
from recsys.times import DAY_US, HOUR_US

__all__ = ["POPULARITY_HALF_LIVES", "UNIQUE_HALF_LIVES", "Counters", "seen_at"]

POPULARITY_HALF_LIVES: tuple[int, ...] = (
    HOUR_US // 12, HOUR_US, 6 * HOUR_US, DAY_US, 3 * DAY_US, 14 * DAY_US,
)  # fmt: skip
"""From what is happening this minute to what the company keeps coming back to."""

UNIQUE_HALF_LIVES: tuple[int, ...] = (HOUR_US, 6 * HOUR_US, DAY_US, 3 * DAY_US)
"""Of readers counted once each, whatever else they do with the content."""

_TASTE = (7 * DAY_US, 60 * DAY_US)
"""What somebody is after this week, and what they are interested in."""

_RELATIONS: dict[str, tuple[int, int]] = {
    **{f"{grouping}_content": (6 * HOUR_US, 3 * DAY_US) for grouping in GROUPINGS},
    **{f"{grouping}_author": (7 * DAY_US, 30 * DAY_US) for grouping in GROUPINGS},
    "department_topic": (7 * DAY_US, 30 * DAY_US),
    "employee_author": _TASTE,
    "employee_topic": _TASTE,
    "employee_owner": _TASTE,
    "employee_type": _TASTE,
    "employee_language": _TASTE,
    "employee_topic_shown": _TASTE,
    "employee_author_shown": _TASTE,
    "employee_owner_shown": _TASTE,
    "department_topic_shown": (7 * DAY_US, 30 * DAY_US),
}
"""Who or which group, and what they read (or were shown) → a short and a long half-life."""

_PERSONAL = ("author", "owner_department", "content_type", "language")
_PERSONAL_RELATIONS = ("employee_author", "employee_owner", "employee_type", "employee_language")

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


class Counters:
    """All decayed counters; every one is additive over the log.

    Weights are those of :class:`recsys.state.readings.Contributions`. Contents marked
    ``sensitive`` count for themselves but never towards anything about an employee or a group of
    employees (a team may be two people).
    """

    def __init__(self) -> None:
        self.content = DecayedCounts(POPULARITY_HALF_LIVES)
        self.content_firsts = DecayedCounts(UNIQUE_HALF_LIVES)
        self.content_deep = DecayedCounts((DAY_US, 14 * DAY_US))
        self.content_shown = DecayedCounts((6 * HOUR_US, 3 * DAY_US, 14 * DAY_US))
        self.author = DecayedCounts((14 * DAY_US, 60 * DAY_US))
        self.author_shown = DecayedCounts((14 * DAY_US, 60 * DAY_US))
        self.topic = DecayedCounts((60 * DAY_US,))
        self.topic_shown = DecayedCounts((60 * DAY_US,))
        self.language = DecayedCounts((60 * DAY_US,))
        self.employee = DecayedCounts((HOUR_US, DAY_US, 14 * DAY_US, 60 * DAY_US))
        self.employee_shown = DecayedCounts((60 * DAY_US,))
        self.employee_firsts = DecayedCounts((60 * DAY_US,))
        self.employee_log_age = DecayedCounts((60 * DAY_US,))
        self.pairs = PairCounts(_RELATIONS)

    def add(self, events: EventColumns, added: Contributions, catalogue: Catalogue) -> None:
        """Count what ``events`` contributed, and the deep interactions among them."""
        deep = events.take(IS_DEEP[events.event_type])
        self.content_deep.add(deep.content.astype(np.int64), deep.occurred_at, np.ones(len(deep)))
        event = added.event
        if len(event) == 0:
            return
        employee, content = events.employee[event], events.content[event]
        contents = catalogue.contents
        self.content.add(content.astype(np.int64), added.time, added.weight)
        self.content_firsts.add(content.astype(np.int64), added.time, added.first)
        author = contents["author"][content].astype(np.int64)
        self.author.add(author, added.time, added.weight)
        for topics in contents.topics[content].T:
            self.topic.add(topics.astype(np.int64), added.time, added.weight)
        language = contents["language"][content].astype(np.int64)
        self.language.add(language, added.time, added.weight)
        personal = ~contents["sensitive"][content].view(np.bool_)
        reader = np.where(personal, employee, -1).astype(np.int32)
        self._add_habits(reader.astype(np.int64), content, added, catalogue)
        pairs = _what_was_read(self.pairs, reader, employee, content, added.time, catalogue)
        self.pairs.add(*pairs, added.time, added.first)

    def add_showings(self, impressions: EventColumns, catalogue: Catalogue) -> None:
        """Count how often contents were shown, by how likely they were looked at."""
        content, at = impressions.content, impressions.occurred_at
        looked_at = seen_at(impressions.position)
        self.content_shown.add(content.astype(np.int64), at, looked_at)
        contents = catalogue.contents
        author = contents["author"][content].astype(np.int32)
        self.author_shown.add(author.astype(np.int64), at, looked_at)
        topics = list(contents.topics[content].T)
        for topic in topics:
            self.topic_shown.add(topic.astype(np.int64), at, looked_at)
        sensitive = contents["sensitive"][content].view(np.bool_)
        reader = np.where(sensitive, -1, impressions.employee).astype(np.int32)
        self.employee_shown.add(reader.astype(np.int64), at, looked_at)
        versions = catalogue.employees.versions_at(reader, at)
        department = catalogue.employees.codes("department", versions)
        number, n_topics = self.pairs.relation, len(topics)
        relations = [
            *([number["employee_topic_shown"]] * n_topics),
            *([number["department_topic_shown"]] * n_topics),
            number["employee_author_shown"],
            number["employee_owner_shown"],
        ]
        owner = contents["owner_department"][content].astype(np.int32)
        high = [*([reader] * n_topics), *([department] * n_topics), reader, reader]
        self.pairs.add(
            np.array(relations, np.int32),
            np.stack(high, axis=1),
            np.stack([*topics, *topics, author, owner], axis=1),
            at,
            looked_at,
        )

    def tables(self) -> Iterator[tuple[str, DecayedCounts | PairCounts]]:
        """Yield every counter with a name of its own, for snapshots."""
        yield from vars(self).items()

    def _add_habits(
        self, reader: npt.NDArray[np.int64], content: Index, added: Contributions,
        catalogue: Catalogue,
    ) -> None:  # fmt: skip
        self.employee.add(reader, added.time, added.weight)
        age = (added.time - catalogue.contents.published_at[content]) / HOUR_US
        self.employee_firsts.add(reader, added.time, added.first)
        self.employee_log_age.add(reader, added.time, added.first * np.log1p(np.maximum(age, 0)))


def seen_at(position: npt.NDArray[np.int16]) -> Float:
    """Return how likely the slot at each position was looked at, relative to the first one.

    1 / log2(1 + position), the discount of NDCG, stands in for what nobody measured; a showing at
    an unknown position (0) counts in full.
    """
    return np.asarray(1.0 / np.log2(1.0 + np.maximum(position, 1)), np.float64)


def _what_was_read(
    table: PairCounts, reader: Index, employee: Index, content: Index, at: Times,
    catalogue: Catalogue,
) -> tuple[Index, Index, Index]:  # fmt: skip
    """Return the pairs that readings count for; ``reader`` is −1 where nothing personal may.

    Relation numbers, shape (m,), and int32 who and what, shape (n, m).
    """
    contents, number = catalogue.contents, table.relation
    versions = catalogue.employees.versions_at(employee, at)
    groups = [catalogue.employees.codes(name, versions) for name in GROUPINGS]
    shared = [np.where(reader < 0, np.int32(-1), group) for group in groups]
    what = [contents[name][content].astype(np.int32) for name in _PERSONAL]
    topics = list(contents.topics[content].T)
    n_groups, n_topics = len(groups), len(topics)
    relations = [
        *(number[f"{name}_content"] for name in GROUPINGS),
        *(number[f"{name}_author"] for name in GROUPINGS),
        *([number["department_topic"]] * n_topics),
        *([number["employee_topic"]] * n_topics),
        *(number[name] for name in _PERSONAL_RELATIONS),
    ]
    high = [*groups, *shared, *([shared[0]] * n_topics), *([reader] * (n_topics + len(what)))]
    low = [*([content] * n_groups), *([what[0]] * n_groups), *topics, *topics, *what]
    return np.array(relations, np.int32), np.stack(high, axis=1), np.stack(low, axis=1)
