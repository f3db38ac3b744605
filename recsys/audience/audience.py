"""Who is in the audience of which content."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from recsys.audience.conditions import (
    EVERYBODY,
    Audience,
    Comparison,
    InSegment,
    evaluate,
)
from recsys.audience.named import NamedSegments, compile_rule
from recsys.audience.population import Bools, Population
from recsys.audience.rules import Rule, parse_rule
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.renditions import Rendition
from recsys.errors import DatasetError
from recsys.ids import UNKNOWN_INDEX
from recsys.segments.segments import Segments

__all__ = ["Audiences", "Index", "Times"]

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]

_MOST_ANSWERS = 1_000_000
"""Remembered at once, some 200 MB; then all are forgotten, which costs seconds spread over many."""

_NO = np.False_
_YES = np.True_


@dataclass(slots=True)
class _Remembered:
    """Answers that hold until attributes, definitions or contents change."""

    answers: dict[tuple[int, int, str | None], bool] = field(default_factory=dict)
    """By attribute version, rule and, for rules about segments, the segment."""
    segments: dict[int, tuple[object, str]] = field(default_factory=dict)
    """By employee: what the segment depends on, and its code."""


class Audiences:
    """Answers for whom contents and renditions are meant.

    Somebody unknown (employee −1, or no attributes) is in everybody's audience (``{}``) only, also
    where a rule says who is *not* meant. A rule that cannot be understood, or that mentions a
    segment which nobody knows, is for nobody: :mod:`recsys.audience.explain` says why.

    Parameters
    ----------
    catalogue
        Whose contents, renditions and employees these are.
    segments
        The learned segments; None: nobody is in one.
    named
        The company's own segments.
    """

    def __init__(
        self, catalogue: Catalogue, segments: Segments | None = None,
        named: NamedSegments | None = None,
    ) -> None:  # fmt: skip
        self._catalogue, self._segments = catalogue, segments
        self.named = named or NamedSegments()
        self._rules: dict[int, Audience | None] = {}
        self._known = _Remembered()

    def includes(self, employee: int, at: int, contents: Index) -> Bools:
        """Return bool, shape (n,): contents for everybody, or whose rule means the employee.

        ``at`` is in microseconds. A content whose every rendition has an audience of its own is for
        those who are meant by one of them at least. Cost: 30 µs for 10,000 contents without rules.
        """
        table = self._catalogue.contents
        rules = table["rule"].view(np.int32)[contents]
        reserved = self._catalogue.renditions.reserved(len(table))
        ruled = np.flatnonzero(rules >= 0)
        included = np.ones(len(contents), np.bool_)
        if len(ruled):
            published_at = table.published_at[contents[ruled]]
            included[ruled] = self.matches(employee, at, rules[ruled], published_at)
        if reserved is not None:
            for place in np.flatnonzero(included & reserved[contents]).tolist():
                content = int(contents[place])
                own = self._catalogue.renditions.of(content)
                included[place] = any(self.meant(employee, at, content, own))
        return included

    def meant(
        self, employee: int, at: int, content: int, renditions: Sequence[Rendition]
    ) -> list[bool]:
        """Return for each rendition of a content whether its own audience has the employee."""
        rules = [rendition.rule for rendition in renditions]
        if max(rules, default=UNKNOWN_INDEX) == UNKNOWN_INDEX:
            return [True] * len(rules)
        published_at = np.full(len(rules), self._catalogue.contents.published_at[content])
        found = self.matches(employee, at, np.array(rules, np.int32), published_at)
        return list(found.tolist())

    def matches(self, employee: int, at: int, rules: Index, published_at: Times) -> Bools:
        """Return bool, shape (n,): whether each rule means the employee.

        ``rules`` are places among the contents' ``rules``, −1 for everybody; ``published_at``, in
        microseconds, is when the content of each was published, which snapshots look at.
        """
        found = rules < 0
        version = self._catalogue.employees.version_at(employee, at)
        for rule in np.unique(rules[~found]).tolist():
            rows = rules == rule
            audience = self.of_rule(rule)
            if audience is None:
                continue
            if audience.mode == "snapshot":
                found[rows] = self._was_meant(employee, rule, audience, published_at[rows])
            else:
                learned = self.named.is_learned(audience) and version >= 0
                segment = self._segment(employee, at, version) if learned else None
                found[rows] = self._is_meant(version, rule, audience, segment)
        return found

    def population(self, at: int) -> Population:
        """Return everybody at a moment; segments are those of now."""
        segments = self._segments
        codes = None if segments is None else lambda: segments.codes(at)
        return Population(self._catalogue.employees, at, segments=codes, named=self.named)

    def compile(self, rule: Rule) -> Audience:
        """Return what a rule says; a wrong one raises a ``RuleError``."""
        return compile_rule(rule, self.named)

    def of_content(self, content: int) -> Audience | None:
        """Return the audience of a content by its rule; None if the rule is for nobody."""
        rule = int(self._catalogue.contents["rule"][content])
        return EVERYBODY if rule < 0 else self.of_rule(rule)

    def of_rule(self, rule: int) -> Audience | None:
        """Return what the rule at a place among the contents' ``rules`` says; None: for nobody."""
        if rule not in self._rules:
            try:
                text = self._catalogue.contents.rules.id(rule)
                self._rules[rule] = compile_rule(parse_rule(text), self.named)
            except DatasetError:
                self._rules[rule] = None
        return self._rules[rule]

    def people(
        self, audience: Audience | None, now: Population, published_at: int | None = None
    ) -> Bools:
        """Return bool, shape (n_employees,): everybody in an audience.

        ``now`` is of :meth:`population`; ``published_at`` (microseconds) is when the content was
        published, for a snapshot: without it means whom it would mean if published now.
        """
        if audience is None:
            return np.zeros(len(now.versions), np.bool_)
        if audience.is_everybody:
            return np.ones(len(now.versions), np.bool_)
        if audience.mode == "live" or published_at is None:
            return now.mask(audience.condition)
        employees = self._catalogue.employees
        then = Population(employees, published_at, named=self.named)
        who = np.arange(len(employees), dtype=np.int32)
        return then.mask(audience.condition) & (employees.known_since(who) <= published_at)

    def forget_employees(self) -> None:
        """Drop remembered answers; call after attributes changed, since versions move."""
        self._known = _Remembered()

    def refresh(self) -> None:
        """Drop remembered segments; call after contents or renditions changed."""
        self._known.segments = {}

    def _segment(self, employee: int, at: int, version: int) -> str | None:
        """Return the code of an employee's segment, kept while nothing new is known of them."""
        if self._segments is None:
            return None
        depends_on = version, self._segments.depends_on(employee, at)
        held = self._known.segments.get(employee)
        if held is None or held[0] != depends_on:
            held = depends_on, self._segments.of(employee, at).code
            self._known.segments[employee] = held
        return held[1]

    def _is_meant(self, version: int, rule: int, audience: Audience, segment: str | None) -> bool:
        if version < 0:
            return audience.is_everybody
        key = version, rule, segment
        answer = self._known.answers.get(key)
        if answer is None:
            answer = self._evaluated(audience, version, segment)
            if len(self._known.answers) >= _MOST_ANSWERS:
                self._known.answers = {}
            self._known.answers[key] = answer
        return answer

    def _was_meant(
        self, employee: int, rule: int, audience: Audience, published_at: Times
    ) -> list[bool]:
        """Return for each publication whether the employee was known then, and meant."""
        employees = self._catalogue.employees
        who = np.full(len(published_at), employee, np.int32)
        versions = employees.versions_at(who, published_at)
        was_known = (employees.known_since(who[:1]) <= published_at) & (versions >= 0)
        return [
            known and self._is_meant(version, rule, audience, None)
            for known, version in zip(was_known.tolist(), versions.tolist(), strict=True)
        ]

    def _evaluated(self, audience: Audience, version: int, segment: str | None) -> bool:
        employees, named = self._catalogue.employees, self.named
        known: dict[str, bool] = {}

        def leaf(comparison: Comparison) -> np.bool_:
            if isinstance(comparison, InSegment):
                return _YES if any(map(is_in, comparison.names)) else _NO
            held = employees.text(comparison.attribute, version)
            return _YES if held and any(map(comparison.holds, held.split(";"))) else _NO

        def is_in(name: str) -> bool:
            if name not in named:
                return name == segment
            if name not in known:
                known[name] = bool(evaluate(named.condition(name), leaf, _YES))
            return known[name]

        return bool(evaluate(audience.condition, leaf, _YES))
