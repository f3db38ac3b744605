"""Audience rules: a small JSON language over employee attributes.

A rule is one of ``{"all": [rules]}``, ``{"any": [rules]}``, ``{"not": rule}``,
``{"eq": {attribute: value}}`` and ``{"in": {attribute: [values]}}``. ``{"department": ["sales"]}``,
an object of attributes alone, is short for ``in`` (one value needs no list); ``{}`` is everybody.
An attribute with several values (``departments``) matches when one of them does; a missing
attribute matches nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

from recsys.errors import DatasetError

__all__ = ["check_rule", "matches", "parse_rule"]

Rule = Mapping[str, Any]

_COMBINING = ("all", "any")
_COMPARING = ("eq", "in")
_WORDS = (*_COMBINING, "not", *_COMPARING)
_DEEPEST = 16  # deeper nesting is a mistake or an attack, never an audience


def parse_rule(text: str) -> Rule:
    """Return the rule in a JSON text; raises :class:`DatasetError` naming what is wrong."""
    try:
        rule = json.loads(text)
    except (ValueError, RecursionError):
        raise DatasetError(f"audience rule {text[:80]!r} is no JSON; expected an object") from None
    check_rule(rule)
    return dict(rule)


def check_rule(rule: object, depth: int = 0) -> None:
    """Raise :class:`DatasetError` unless ``rule`` is well formed."""
    if depth > _DEEPEST:
        raise DatasetError(f"audience rule is nested deeper than {_DEEPEST} levels; flatten it")
    if not isinstance(rule, Mapping):
        raise DatasetError(f"audience rule {rule!r} is not an object of attributes or {_WORDS}")
    word = _word(rule)
    if word is None:
        _check_values(rule)
    elif len(rule) != 1:
        raise DatasetError(f"audience rule {rule!r} has {word!r} beside others; nest them in 'all'")
    elif word == "not":
        check_rule(rule[word], depth + 1)
    elif word in _COMBINING:
        _check_parts(word, rule[word], depth)
    else:
        _check_comparison(word, rule[word])


def _check_parts(word: str, parts: object, depth: int) -> None:
    if not isinstance(parts, list):
        raise DatasetError(f"audience rule {word!r} has {parts!r}; expected a list of rules")
    for part in parts:
        check_rule(part, depth + 1)


def _check_comparison(word: str, operand: object) -> None:
    if not isinstance(operand, Mapping) or not operand:
        raise DatasetError(f"audience rule {word!r} has {operand!r}; expected {{attribute: …}}")
    for name, values in operand.items():
        if isinstance(values, list) != (word == "in"):
            wanted = "a list of values" if word == "in" else "one value; a list goes with 'in'"
            raise DatasetError(
                f"audience rule {word!r} of {name!r} has {values!r}; expected {wanted}"
            )
    _check_values(operand)


def _check_values(wanted: Mapping[str, object]) -> None:
    for name, values in wanted.items():
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, str | int | float):
                raise DatasetError(
                    f"audience rule compares {name!r} with {value!r}; expected a text, a number, "
                    "true or false"
                )


def _word(rule: Rule) -> str | None:
    """Return the word of the language a rule has, None for an object of attributes alone."""
    return next((word for word in _WORDS if word in rule), None)


def matches(rule: Rule, attributes: Mapping[str, str]) -> bool:
    """Return whether somebody with these attributes (lists joined by ``;``) is in the audience."""
    word = _word(rule)
    operand: Any = rule if word is None else rule[word]
    if word == "all":
        return all(matches(part, attributes) for part in operand)
    if word == "any":
        return any(matches(part, attributes) for part in operand)
    if word == "not":
        return not matches(operand, attributes)
    return all(
        _has(attributes.get(name), values if isinstance(values, list) else [values])
        for name, values in operand.items()
    )


def _has(held: str | None, wanted: list[object]) -> bool:
    if not held:
        return False
    wanted_texts = {_text(value) for value in wanted}
    return any(part in wanted_texts for part in held.split(";"))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
