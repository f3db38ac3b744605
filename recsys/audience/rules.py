"""Audience rules: a small JSON language over employee attributes and segments.

=====================================  ============================================================
``{}``                                 everybody, people of whom nothing is known included
``{"department": ["sales", "it"]}``    one of these values; one value needs no list
``{"hire_month": {"gte": "2024-04"}}`` a range: ``gt``, ``gte``, ``lt``, ``lte``, one or two of them
``{"segment": "deep_reader"}``         a behavioural segment, or one that the company defined
``{"site": "tokyo", "grade": 3}``      several attributes: all of them
``{"all": […]}``, ``{"any": […]}``     all, or at least one, of the rules in the list
``{"not": rule}``                      everybody else of whom attributes are known
``{"eq": …}, {"in": …}, {"range": …}`` the same comparisons in long form, for attributes of any name
``{"mode": "snapshot", "rule": rule}`` whom the rule means at publication, whatever changes later
=====================================  ============================================================

Numbers compare as numbers where both sides are, else as text: ISO months and days order as they
should. An attribute with several values (``departments``) matches when one of them does; a missing
attribute matches nothing. ``segment`` is always a segment; an attribute that is called like another
word of the language needs the long form. ``mode`` is ``live`` if it is not given; it stands
outermost only.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any as AnyValue
from typing import NoReturn

from recsys.audience.conditions import (
    BOUNDS,
    All,
    Any,
    Audience,
    Bound,
    Condition,
    Equals,
    InSegment,
    Mode,
    Not,
    Within,
)
from recsys.errors import DatasetError
from recsys.schema import TABLES, Kind

__all__ = ["SEGMENT", "Rule", "RuleError", "check_rule", "parse_rule", "read_rule"]

Rule = Mapping[str, AnyValue]

SEGMENT = "segment"
"""The name that stands for segments in comparisons."""

_COMPARING = ("eq", "in", "range")
_WORDS = ("all", "any", "not", *_COMPARING)
_MODES: tuple[Mode, ...] = ("live", "snapshot")

_DEEPEST = 16  # deeper nesting is a mistake or an attack, never an audience
_MOST_PARTS = 5_000  # rules and values together: a list of all team ids of a large company
_LONGEST_JSON = 200_000  # characters: so many parts, with forty for each
_LONGEST_TEXT = 200  # characters of a name or value: the longest id that the API takes

_CHOICES: dict[str, tuple[str, ...]] = {
    column.name: ("true", "false") if column.kind is Kind.FLAG else column.choices
    for column in TABLES["employees"].columns
    if column.kind is Kind.FLAG or column.choices
}
"""What the values of an attribute can only be."""


class RuleError(DatasetError):
    """A rule that cannot be understood; ``place`` says where, as ``all.1.department``."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"audience rule{f' at {place!r}' if place else ''}: {problem}")
        self.place = place


def parse_rule(text: str) -> Rule:
    """Return the rule in a JSON text; raises :class:`RuleError` naming what is wrong."""
    if len(text) > _LONGEST_JSON:
        problem = f"{len(text):,} characters; expected {_LONGEST_JSON:,} at most; use an attribute"
        raise RuleError("", problem)
    try:
        rule = json.loads(text)
    except (ValueError, RecursionError):
        raise RuleError("", f"{text[:80]!r} is no JSON; expected an object") from None
    check_rule(rule)
    return dict(rule)


def check_rule(rule: object) -> None:
    """Raise :class:`RuleError` unless ``rule`` is well formed; names of segments are not known."""
    read_rule(rule)


def read_rule(rule: object) -> Audience:
    """Return what a rule says; raises :class:`RuleError` unless it is well formed."""
    reader = _Reader()
    if not isinstance(rule, Mapping) or not {"mode", "rule"} & rule.keys():
        return Audience(reader.condition(rule, ""))
    if not rule.keys() <= {"mode", "rule"} or "rule" not in rule:
        raise RuleError("", 'expected {"mode": "snapshot", "rule": {…}}; nest others in \'all\'')
    mode = rule.get("mode", "live")
    if mode not in _MODES:
        raise RuleError("mode", f"{_shown(mode)} is no mode; expected one of {', '.join(_MODES)}")
    audience = Audience(reader.condition(rule["rule"], "rule"), mode)
    if mode == "snapshot" and audience.segments:
        raise RuleError(
            "rule",
            f"the segment {audience.segments[0]!r} in a snapshot; segments are known as of now "
            'only, expected attributes, or "mode": "live"',
        )
    return audience


@dataclass(slots=True)
class _Reader:
    """Reads one rule and counts its parts."""

    n_parts: int = field(default=0)

    def condition(self, rule: object, place: str, depth: int = 0) -> Condition:
        if depth > _DEEPEST:
            raise RuleError(place, f"nested deeper than {_DEEPEST} levels; flatten it")
        if not isinstance(rule, Mapping):
            words = ", ".join(_WORDS)
            raise RuleError(place, f"{_shown(rule)} is not an object of attributes or {words}")
        self._count(place)
        word = next((word for word in _WORDS if word in rule), None)
        if word is None:
            return self._comparisons("", rule, place)
        if len(rule) != 1:
            raise RuleError(place, f"{word!r} stands beside others; nest them in 'all'")
        inner = _below(place, word)
        if word == "not":
            return Not(self.condition(rule[word], inner, depth + 1))
        if word in _COMPARING:
            return self._comparisons(word, rule[word], inner)
        return self._parts(word, rule[word], inner, depth)

    def _parts(self, word: str, parts: object, place: str, depth: int) -> Condition:
        if not isinstance(parts, list):
            raise RuleError(place, f"{_shown(parts)} is no list of rules")
        read = tuple(
            self.condition(part, _below(place, i), depth + 1) for i, part in enumerate(parts)
        )
        return All(read) if word == "all" else Any(read)

    def _comparisons(self, word: str, wanted: object, place: str) -> Condition:
        if not isinstance(wanted, Mapping) or (word and not wanted):
            raise RuleError(place, f"{_shown(wanted)} is not {{attribute: …}}")
        read: list[Condition] = []
        for name, operand in wanted.items():
            if not isinstance(name, str) or len(name) > _LONGEST_TEXT:
                raise RuleError(place, f"{_shown(name)} is no name of an attribute")
            if word not in {"eq", "in"} and (word or isinstance(operand, Mapping)):
                read.append(self._range(name, operand, _below(place, name)))
            else:
                read.append(self._equals(word, name, operand, _below(place, name)))
        return read[0] if len(read) == 1 else All(tuple(read))

    def _equals(self, word: str, name: str, operand: object, place: str) -> Condition:
        if word and isinstance(operand, list) != (word == "in"):
            wanted = "a list of values" if word == "in" else "one value; a list goes with 'in'"
            raise RuleError(place, f"{word!r} has {_shown(operand)}; expected {wanted}")
        values = operand if isinstance(operand, list) else [operand]
        self._count(place, len(values))
        texts = [text for value in values for text in _texts(value, place)]
        if name == SEGMENT:
            return InSegment(tuple(dict.fromkeys(texts)))
        allowed = _CHOICES.get(name)
        for text in texts if allowed else ():
            if text not in (allowed or ()):
                _refuse(place, name, text)
        return Equals(name, frozenset(texts))

    def _range(self, name: str, operand: object, place: str) -> Within:
        words = ", ".join(BOUNDS)
        if not isinstance(operand, Mapping) or not operand or not operand.keys() <= BOUNDS.keys():
            shown = _shown(operand)
            if isinstance(operand, Mapping):
                shown = ", ".join(_shown(key) for key in list(operand)[:4]) or "no bound"
            raise RuleError(place, f'{shown}; expected bounds ({words}), as {{"gte": "2024-04"}}')
        if name == SEGMENT or name in _CHOICES:
            raise RuleError(place, f"{name} has no order, so no range; expected one value or 'in'")
        bounds = []
        for word, value in operand.items():
            self._count(place)
            if isinstance(value, bool):
                raise RuleError(_below(place, word), "a flag has no order; expected text or number")
            bounds.append(Bound(word, _texts(value, _below(place, word))[0]))
        return Within(name, tuple(bounds))

    def _count(self, place: str, n: int = 1) -> None:
        self.n_parts += n
        if self.n_parts > _MOST_PARTS:
            raise RuleError(
                place, f"more than {_MOST_PARTS:,} parts and values; use an attribute instead"
            )


def _texts(value: object, place: str) -> tuple[str, ...]:
    """Return a value as the texts that equal it: 3.0 is both ``3.0`` and ``3``."""
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            problem = f"a text of {len(value):,} characters; expected {_LONGEST_TEXT} at most"
            raise RuleError(place, problem)
        return (value,)
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, float) and math.isfinite(value):
        is_whole = value.is_integer() and abs(value) < 2**53
        return (str(value), str(int(value))) if is_whole else (str(value),)
    if isinstance(value, int) and abs(value) < 10**_LONGEST_TEXT:
        return (str(value),)
    raise RuleError(place, f"{_shown(value)}; expected a text, a number, true or false")


def _refuse(place: str, name: str, text: str) -> NoReturn:
    raise RuleError(place, f"{name} cannot be {text!r}; expected {' or '.join(_CHOICES[name])}")


def _below(place: str, name: object) -> str:
    told = str(name)[:40]
    return f"{place}.{told}" if place else told


def _shown(value: object) -> str:
    """Return a wrong value as it is written, or what it is where that could be endless."""
    if value is None or isinstance(value, bool):
        return str(json.dumps(value))
    if isinstance(value, str | float):
        return repr(value[:80] if isinstance(value, str) else value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**40 else "a number without end"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"
