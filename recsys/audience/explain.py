"""What in a rule is probably a mistake: attributes and values that nobody has."""

from collections.abc import Iterator

import numpy as np

from recsys.audience.conditions import Audience, Comparison, Equals, InSegment, leaves
from recsys.audience.population import Population
from recsys.catalogue.employees import EmployeeTable
from recsys.reports.suppression import DEFAULT_K

__all__ = ["explain_rule"]

_MOST = 20
"""Warnings; whoever has more has one problem, not many."""
_FREQUENT = 10
_NAMES = 40


def explain_rule(audience: Audience, now: Population, employees: EmployeeTable) -> tuple[str, ...]:
    """Return warnings about single comparisons of a rule, in English and in turn, at most 21.

    Of a value it is only said that fewer than ``DEFAULT_K`` employees have it, also if nobody has,
    and values are only listed if so many have them: a warning is no way to look for a person.
    """
    found = list(
        dict.fromkeys(
            warning
            for leaf in leaves(audience.condition)
            for warning in _warnings(leaf, now, employees)
        )
    )
    if len(found) > _MOST:
        found[_MOST:] = [f"{len(found) - _MOST:,} more comparisons that fit hardly anybody"]
    return tuple(found)


def _warnings(leaf: Comparison, now: Population, employees: EmployeeTable) -> Iterator[str]:
    if isinstance(leaf, InSegment):
        for name in leaf.names:
            if _is_rare(InSegment((name,)), now):
                yield f"fewer than {DEFAULT_K} employees, maybe none, are in the segment {name!r}"
        return
    if leaf.attribute not in employees.values:
        names = list(employees.values)
        told = ", ".join(names[:_NAMES]) + (", …" if len(names) > _NAMES else "")
        yield f"no employee has an attribute {leaf.attribute!r}; known attributes: {told}"
        return
    known = _frequent(leaf.attribute, now, employees)
    if not isinstance(leaf, Equals):
        if _is_rare(leaf, now):
            yield _rare(f"a {leaf.attribute} in this range", known)
        return
    for value in sorted(leaf.values):
        if _is_rare(Equals(leaf.attribute, frozenset([value])), now):
            yield _rare(f"{leaf.attribute} {value!r}", known)


def _is_rare(leaf: Comparison, now: Population) -> bool:
    return int(np.count_nonzero(now.leaf(leaf))) < DEFAULT_K


def _rare(what: str, known: str) -> str:
    return f"fewer than {DEFAULT_K} employees, maybe none, have {what}; known: {known}"


def _frequent(attribute: str, now: Population, employees: EmployeeTable) -> str:
    """Return the values that most employees have, the most frequent first, without rare ones."""
    values, codes = employees.values[attribute], now.codes(attribute)
    n = np.bincount(codes[codes >= 0], minlength=len(values))
    order = np.argsort(-n, kind="stable")
    common = [values.id(code) for code in order.tolist() if n[code] >= DEFAULT_K]
    if not common:
        return f"no value that {DEFAULT_K} employees share"
    return ", ".join(common[:_FREQUENT]) + (", …" if len(common) > _FREQUENT else "")
