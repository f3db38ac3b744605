"""Why an item is in a feed, in codes; the words in each language are the reader's business.

First version: codes state facts about the item and the employee, the strongest first. A group is
named only if enough of its people read the item that nobody can be made out among them.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from recsys.catalogue.employees import GROUPINGS
from recsys.state.live import LiveState
from recsys.times import DAY_US, HOUR_US

__all__ = ["MIN_READERS", "REASON_CODES", "Reasons"]

MIN_READERS = 10
"""Readers a group must have before a reason mentions it."""

REASON_CODES: tuple[str, ...] = (
    "must_read", "author_you_read", "topic_you_read", "read_in_team", "read_in_department",
    "read_at_site", "popular_now", "new",
)  # fmt: skip
"""All codes, the strongest first; at most two are given."""

_GROUP_CODES = dict(zip(("team_id", "department", "site"), REASON_CODES[3:6], strict=True))
_MOST = 2
_HABITUAL = 1.5  # decayed reads: more than one recent read of this author or topic
_NEW = DAY_US
_LATELY = 6 * HOUR_US

Index = npt.NDArray[np.int32]


class Reasons:
    """Finds the reasons of one item; reads the state and changes nothing."""

    def __init__(self, state: LiveState) -> None:
        self._state = state
        self._checks: dict[str, Callable[[int, int, int], bool]] = {
            "must_read": self._is_mandatory,
            "author_you_read": self._is_by_habitual_author,
            "topic_you_read": self._is_on_habitual_topic,
            "popular_now": self._is_popular,
            "new": self._is_new,
        }

    def of(self, employee: int, content: int, at: int) -> tuple[str, ...]:
        """Return up to two codes, the strongest first; empty if there is nothing true to say."""
        groups = self._reading_groups(employee, content, at)
        found: list[str] = []
        for code in REASON_CODES:
            check = self._checks.get(code)
            if code in groups or (check is not None and check(employee, content, at)):
                found.append(code)
            if len(found) == _MOST:
                break
        return tuple(found)

    def _is_mandatory(self, _employee: int, content: int, _at: int) -> bool:
        return bool(self._state.catalogue.contents["mandatory"][content])

    def _is_by_habitual_author(self, employee: int, content: int, at: int) -> bool:
        author = self._state.catalogue.contents["author"].view(np.int32)[[content]]
        return self._is_habit("employee_author", employee, author, at)

    def _is_on_habitual_topic(self, employee: int, content: int, at: int) -> bool:
        topics = self._state.catalogue.contents.topics[content]
        return self._is_habit("employee_topic", employee, topics, at)

    def _is_popular(self, _employee: int, content: int, at: int) -> bool:
        _, times = self._state.recent_readers.of(content)
        return int(np.count_nonzero(times >= at - _LATELY)) >= MIN_READERS

    def _is_new(self, _employee: int, content: int, at: int) -> bool:
        return at - int(self._state.catalogue.contents.published_at[content]) < _NEW

    def _reading_groups(self, employee: int, content: int, at: int) -> set[str]:
        """Return the codes of the employee's groups with enough readers among the latest ones."""
        employees = self._state.catalogue.employees
        readers, _ = self._state.recent_readers.of(content)
        if len(readers) < MIN_READERS:
            return set()
        people = np.append(readers[readers != employee], np.int32(employee))
        versions = employees.versions_at(people, np.full(len(people), at))
        codes: set[str] = set()
        for grouping in GROUPINGS:
            group = employees.codes(grouping, versions)
            if group[-1] >= 0 and np.count_nonzero(group[:-1] == group[-1]) >= MIN_READERS:
                codes.add(_GROUP_CODES[grouping])
        return codes

    def _is_habit(self, relation: str, employee: int, values: Index, at: int) -> bool:
        read = self._state.counters.pairs.read(relation, employee, values, at)
        return bool((read[:, -1] > _HABITUAL).any())
