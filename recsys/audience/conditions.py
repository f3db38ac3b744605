"""What a rule says, as a tree of conditions, and how it is evaluated.

There is one evaluation: for one person the leaves are single truths, for everybody they are masks,
for whoever passes a screen they are as sure as what is known of them.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any as AnyValue
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "BOUNDS",
    "EVERYBODY",
    "All",
    "Any",
    "Audience",
    "Bound",
    "Comparison",
    "Condition",
    "Equals",
    "InSegment",
    "Known",
    "Mode",
    "Not",
    "Within",
    "as_number",
    "evaluate",
    "leaves",
]  # fmt: skip

Mode = Literal["live", "snapshot"]

BOUNDS: dict[str, Callable[[AnyValue, AnyValue], AnyValue]] = {
    "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
}  # fmt: skip
"""Words of ranges."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def as_number(text: str) -> float | None:
    """Return the number that a text is, None for any other text (``nan`` and ``2024-04`` too)."""
    return float(text) if _NUMBER.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Equals:
    """One value of the attribute is among ``values``."""

    attribute: str
    values: frozenset[str]

    def holds(self, value: str) -> bool:
        """Return whether one value of somebody meets this."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range: a word of ``BOUNDS`` and the value there."""

    word: str
    value: str

    def holds(self, value: str) -> bool:
        """Return whether a value is on the right side: as numbers if both are, else as texts."""
        compare, end, number = BOUNDS[self.word], as_number(self.value), as_number(value)
        if end is None or number is None:
            return bool(compare(value, self.value))
        return bool(compare(number, end))


@dataclass(frozen=True, slots=True)
class Within:
    """One value of the attribute is within all bounds."""

    attribute: str
    bounds: tuple[Bound, ...]

    def holds(self, value: str) -> bool:
        """Return whether one value of somebody meets this."""
        return all(bound.holds(value) for bound in self.bounds)


@dataclass(frozen=True, slots=True)
class InSegment:
    """Somebody is in one of the segments: learned codes, or names that the company defined."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; of no parts that is so."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds; of no parts none does."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Comparison = Equals | Within | InSegment
Condition = Comparison | All | Any | Not


@dataclass(frozen=True, slots=True)
class Known:
    """A truth about somebody of whom not everything is known: sure, possible or neither.

    Three values (Kleene 1952, "Introduction to metamathematics", §64): what follows whatever is
    true of the rest is sure.
    """

    is_sure: bool
    is_possible: bool

    def __and__(self, other: "Known") -> "Known":
        return Known(self.is_sure and other.is_sure, self.is_possible and other.is_possible)

    def __or__(self, other: "Known") -> "Known":
        return Known(self.is_sure or other.is_sure, self.is_possible or other.is_possible)

    def __invert__(self) -> "Known":
        return Known(not self.is_possible, not self.is_sure)


_T = TypeVar("_T", np.bool_, npt.NDArray[np.bool_], Known)


def evaluate(condition: Condition, leaf: Callable[[Comparison], _T], everybody: _T) -> _T:
    """Return who meets ``condition``: one truth, known or not, or a mask over n people.

    ``leaf`` answers comparisons and is asked for each of them; ``everybody`` is true for all.
    """
    if isinstance(condition, Not):
        return ~evaluate(condition.part, leaf, everybody)
    if not isinstance(condition, All | Any):
        return leaf(condition)
    combine = operator.and_ if isinstance(condition, All) else operator.or_
    if not condition.parts:
        return everybody if isinstance(condition, All) else ~everybody
    return reduce(combine, (evaluate(part, leaf, everybody) for part in condition.parts))


def leaves(condition: Condition) -> list[Comparison]:
    """Return all comparisons of a condition, from left to right."""
    if isinstance(condition, Not):
        return leaves(condition.part)
    if isinstance(condition, All | Any):
        return [leaf for part in condition.parts for leaf in leaves(part)]
    return [condition]


@dataclass(frozen=True)
class Audience:
    """A rule that was read: whom it means, and when that is decided."""

    condition: Condition
    mode: Mode = "live"

    @property
    def is_everybody(self) -> bool:
        """Whether people of whom nothing is known are meant too."""
        return self.condition == All(()) and self.mode == "live"

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Names of all segments that are mentioned, in turn."""
        found = [leaf.names for leaf in leaves(self.condition) if isinstance(leaf, InSegment)]
        return tuple(dict.fromkeys(name for names in found for name in names))


EVERYBODY = Audience(All(()))
"""Of a content without a rule."""
