"""Audience rules a second time, straight from the JSON: slow, and without the code under test."""

import re
from collections.abc import Mapping
from typing import Any

Attributes = Mapping[str, str]
"""Texts by name; several values are joined by ``;``."""


def is_meant(
    rule: Mapping[str, Any], attributes: Attributes, segment: str | None = None,
    named: Mapping[str, Mapping[str, Any]] | None = None,
) -> bool:  # fmt: skip
    """Say whether somebody with these attributes meets a well-formed rule without mode."""

    def of(part: Mapping[str, Any]) -> bool:
        return is_meant(part, attributes, segment, named)

    def has(name: str, operand: Any) -> bool:
        values = operand if isinstance(operand, list) else [operand]
        if name == "segment":
            return any(of(named[v]) if named and v in named else v == segment for v in values)
        held = [part for part in attributes.get(name, "").split(";") if attributes.get(name)]
        if isinstance(operand, Mapping):
            return any(all(bound(part, w, v) for w, v in operand.items()) for part in held)
        wanted = {str(v).lower() if isinstance(v, bool) else str(v) for v in values}
        wanted |= {str(int(v)) for v in values if isinstance(v, float) and v == int(v)}
        return any(part in wanted for part in held)

    for word, operand in rule.items():
        if word == "all":
            return all(of(part) for part in operand)
        if word == "any":
            return any(of(part) for part in operand)
        if word == "not":
            return not of(operand)
        if word in ("eq", "in", "range"):
            return all(has(name, wanted) for name, wanted in operand.items())
    return all(has(name, wanted) for name, wanted in rule.items())


def bound(held: str, word: str, end: Any) -> bool:
    """Compare by number if both are plain numbers, else by text."""
    number = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
    if number.fullmatch(held) and number.fullmatch(str(end)):
        a, b = float(held), float(end)
        return {"gt": a > b, "gte": a >= b, "lt": a < b, "lte": a <= b}[word]
    x, y = held, str(end)
    return {"gt": x > y, "gte": x >= y, "lt": x < y, "lte": x <= y}[word]
