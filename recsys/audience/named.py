"""Segments that a company defines itself: a name for a rule, to be used in other rules."""

import json
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from recsys.audience.conditions import Audience, Condition
from recsys.audience.rules import RuleError, read_rule
from recsys.errors import ConfigurationError, DatasetError
from recsys.segments.groups import CODES

__all__ = ["NamedSegments", "compile_rule", "read_named_segments"]

_DEEPEST = 8
"""Definitions that are made of each other: more than a person can keep in mind."""
_MOST = 1_000
_LONGEST_NAME = 100
_LISTED = 20  # names in a message


class NamedSegments:
    """The company's own segments by name; immutable.

    Raises :class:`DatasetError` where a name is that of a learned segment, a rule is wrong or a
    snapshot, names are unknown, or definitions go round in a circle.
    """

    def __init__(self, rules: Mapping[str, object] | None = None) -> None:
        given = rules or {}
        if len(given) > _MOST:
            raise DatasetError(f"{len(given):,} segments are defined; expected {_MOST:,} at most")
        self._conditions = {name: _read(name, rule) for name, rule in given.items()}
        uses = {name: Audience(c).segments for name, c in self._conditions.items()}
        for name, mentioned in uses.items():
            self._check_known(mentioned, f"the segment {name!r}")
        self._learned = self._follow(uses)

    def __contains__(self, name: str) -> bool:
        return name in self._conditions

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that are defined."""
        return tuple(self._conditions)

    def condition(self, name: str) -> Condition:
        """Return what a defined name stands for; ``KeyError`` for another."""
        return self._conditions[name]

    def check(self, audience: Audience) -> None:
        """Raise :class:`RuleError` if a rule mentions a segment that nobody defined or learned."""
        self._check_known(audience.segments, "")

    def is_learned(self, audience: Audience) -> bool:
        """Return whether an audience depends on how people read, directly or by a definition."""
        return any(name in CODES or self._learned[name] for name in audience.segments)

    def _check_known(self, names: Iterable[str], where: str) -> None:
        for name in names:
            if name not in CODES and name not in self._conditions:
                told = f"there is no segment {name!r}; known: {', '.join(CODES)}"
                if self._conditions:
                    told += f"; defined: {', '.join(self.names[:_LISTED])}"
                raise RuleError("segment", f"{told}{f' (in {where})' if where else ''}")

    def _follow(self, uses: Mapping[str, tuple[str, ...]]) -> dict[str, bool]:
        """Return of each name whether it depends on learned segments; refuses circles."""
        try:
            order = list(TopologicalSorter(uses).static_order())
        except CycleError as error:
            circle = list(error.args[1])[:0:-1]
            first = circle.index(next(name for name in uses if name in circle))
            told = " → ".join([*circle[first:], *circle[:first], circle[first]])
            raise DatasetError(
                f"segments are defined by each other in a circle: {told}; define one of them by "
                "attributes"
            ) from None
        learned: dict[str, bool] = {}
        depth: dict[str, int] = {}
        for name in order:
            used = uses.get(name, ())
            learned[name] = name in CODES or any(learned[other] for other in used)
            depth[name] = 1 + max((depth[other] for other in used), default=0)
            if depth[name] > _DEEPEST:
                raise DatasetError(
                    f"the segment {name!r} is made of segments more than {_DEEPEST} deep; define "
                    "some of them by attributes"
                )
        return learned


def compile_rule(rule: object, named: NamedSegments | None = None) -> Audience:
    """Return what a rule says, all its segments known.

    Raises :class:`RuleError` on a rule that is not well formed or mentions an unknown segment.
    :class:`recsys.audience.population.Population` tells who is meant.
    """
    audience = read_rule(rule)
    (named or NamedSegments()).check(audience)
    return audience


def read_named_segments(path: Path | None) -> NamedSegments:
    """Read a JSON object of names and rules; without a ``path`` nothing is defined.

    Raises :class:`ConfigurationError` naming the file and what is wrong in it.
    """
    if path is None:
        return NamedSegments()
    hint = f"the file of segments {path} (setting RECSYS_SEGMENTS)"
    try:
        rules = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
        if not isinstance(rules, dict):
            raise ConfigurationError(f'{hint} holds no object; expected {{"name": rule, …}}')
        return NamedSegments(rules)
    except OSError as error:
        raise ConfigurationError(f"{hint} cannot be read: {error.strerror}; check it") from None
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{hint} is no JSON in UTF-8; correct it") from None
    except DatasetError as error:
        raise ConfigurationError(f"{hint}: {error}") from None


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in members:
        if name in found:
            raise DatasetError(f"{name!r} occurs twice in one object; expected every name once")
        found[name] = value
    return found


def _read(name: str, rule: object) -> Condition:
    if not name or len(name) > _LONGEST_NAME:
        raise DatasetError(
            f"{name[:_LONGEST_NAME]!r} cannot name a segment; expected 1 to {_LONGEST_NAME} "
            "characters"
        )
    if name in CODES:
        raise DatasetError(f"the segment {name!r} is a learned one; define yours by another name")
    try:
        audience = read_rule(rule)
    except RuleError as error:
        raise DatasetError(f"the segment {name!r}: {error}") from None
    if audience.mode == "snapshot":
        raise DatasetError(
            f"the segment {name!r} is a snapshot; only the audience of a content can be one, since "
            "a segment is never published"
        )
    return audience.condition
