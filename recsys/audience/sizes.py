"""How large an audience is, in numbers that tell nothing about few people.

Counts go through :mod:`recsys.reports.suppression` first and what may be shown is rounded to tens
(:mod:`recsys.reports.rounding`), as all numbers of people that anybody may ask for at will.
"""

from dataclasses import dataclass

import numpy as np

from recsys.audience.audience import Audiences
from recsys.audience.explain import explain_rule
from recsys.audience.population import Bools, Population
from recsys.audience.rules import Rule
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.presence import has_device, is_active, is_on_leave
from recsys.errors import DatasetError
from recsys.reports.rounding import rounded_size
from recsys.reports.suppression import DEFAULT_K, suppress

__all__ = ["AudienceSize", "GroupSize", "estimate"]

_MOST_GROUPS = 500
"""Largest groups that are listed; nobody reads more."""


@dataclass(frozen=True, slots=True)
class GroupSize:
    """Active people of the audience with one value of an attribute."""

    value: str
    people: int


@dataclass(frozen=True, slots=True)
class AudienceSize:
    """Numbers of people, each a multiple of ten.

    None stands for fewer than ``DEFAULT_K``, from nobody on, and for what would tell such a number:
    all but so few.
    """

    people: int | None
    """Everybody the rule means, people who have left included."""
    active: int | None
    """Those who are not said to have left. All further numbers are parts of them."""
    reachable: int | None
    """With a PC or a mobile, as far as the company says."""
    unreachable: int | None
    on_leave: int | None
    opted_out: int | None
    """Do not want to be learned from; contents reach them all the same."""
    by: str | None
    groups: tuple[GroupSize, ...]
    """By the attribute ``by``, the largest first; groups that may not be shown are left out."""
    message: str | None
    """Said where nothing can be told."""
    warnings: tuple[str, ...]
    """Probable mistakes in the rule."""

    @property
    def is_suppressed(self) -> bool:
        """Whether the audience is too small for any number."""
        return self.people is None


def estimate(
    audiences: Audiences, catalogue: Catalogue, rule: Rule, at: int, by: str | None = None
) -> AudienceSize:
    """Return the size of the audience that a rule has at ``at`` (microseconds).

    A snapshot is estimated as if its content were published now. Cost: some milliseconds with
    100,000 employees, and what the codes of all segments cost if the rule mentions one.

    Raises
    ------
    recsys.audience.rules.RuleError
        If the rule is wrong.
    DatasetError
        If there is no attribute ``by``.
    """
    audience = audiences.compile(rule)
    employees = catalogue.employees
    if by is not None and by not in employees.values:
        raise DatasetError(
            f"no employee has an attribute {by!r}; known: {', '.join(employees.values)}"
        )
    now = audiences.population(at)
    meant = audiences.people(audience, now) & now.is_known
    warnings = explain_rule(audience, now, employees)
    if np.count_nonzero(meant) < DEFAULT_K:
        few = f"fewer than {DEFAULT_K} people are meant, maybe nobody; no number is shown"
        return AudienceSize(None, None, None, None, None, None, by, (), few, warnings)
    active = meant & is_active(employees, now.versions)
    reachable = has_device(employees, now.versions)
    out = np.zeros(len(meant), np.bool_)
    out[catalogue.preferences.opted_out()] = True
    return AudienceSize(
        rounded_size(meant), _part(meant, active),
        _part(meant, active, reachable), _part(meant, active, ~reachable),
        _part(meant, active, is_on_leave(employees, now.versions, at)),
        _part(meant, active, out), by,
        () if by is None else _groups(catalogue, now, by, meant, active), None, warnings,
    )  # fmt: skip


def _part(meant: Bools, active: Bools, part: Bools | None = None) -> int | None:
    """Return the size of the active people who are a ``part``, None if it may not be shown.

    The others and those who have left make up the rest of the table. Both may be hidden and still
    be few together, so all who are not a part have to be many as well.
    """
    inside = active if part is None else active & part
    cells = [inside, meant & ~active] if part is None else [inside, active & ~part, meant & ~active]
    counts = [np.count_nonzero(cell) for cell in cells]
    # Nobody has left: then there is no such group, and nothing to hide about it.
    table = suppress(np.array(counts if counts[-1] else counts[:-1], np.int64))
    are_others_few = part is not None and sum(counts[1:]) < DEFAULT_K
    return rounded_size(inside) if table.is_shown[0] and not are_others_few else None


def _groups(
    catalogue: Catalogue, now: Population, by: str, meant: Bools, active: Bools
) -> tuple[GroupSize, ...]:
    """Return the groups that may be shown.

    All that are too small are one cell of the table, with those who have left or have no value: a
    cell that is large enough again says nothing about any of them.
    """
    values, codes = catalogue.employees.values[by], now.codes(by)
    n = np.bincount(codes[active & (codes >= 0)], minlength=len(values))
    large = np.flatnonzero(n >= DEFAULT_K)
    rest = np.count_nonzero(meant) - int(n[large].sum())
    counts = [*n[large].tolist(), *([rest] if rest else [])]
    is_shown = suppress(np.array(counts, np.int64)).is_shown[: len(large)]
    shown = sorted(large[is_shown].tolist(), key=lambda code: (-int(n[code]), values.id(code)))
    sizes = (
        GroupSize(values.id(code), rounded_size(active & (codes == code)))
        for code in shown[:_MOST_GROUPS]
    )
    return tuple(sorted(sizes, key=lambda group: -group.people))
