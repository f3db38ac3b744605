"""A content's audience by what became of it, in numbers that tell nothing about small groups.

One sheet holds all numbers of an answer: the fates, their running totals from the far end, and the
split by departments and by work style. The split has four columns and not twelve, and groups with
fewer than ``k`` people are put together, because every small number costs a second one that has to
go with it; how many opened it is the last to go. The attributes of the split cannot be chosen: two
answers about one content with different splits could be subtracted.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from recsys.catalogue.employees import EmployeeTable
from recsys.reach.fates import CAUSES, FATES, NOT_DELIVERABLE, STAGES, Codes
from recsys.reach.sheet import Sheet
from recsys.reports.suppression import DEFAULT_K

__all__ = ["COLUMNS", "SPLITS", "Funnel", "GroupReach", "Groups", "StageReach", "draw_funnel",
           "groups_of"]  # fmt: skip

SPLITS: tuple[str, ...] = ("department", "work_style")
"""Where people belong, and how they get to a screen."""

COLUMNS: tuple[str, ...] = ("opened", "seen", "delivered", "not_delivered")
"""Of the split: opened or further; the furthest stage; everybody else, whatever the cause."""

MOST_GROUPS = 20
"""Of one attribute; the smaller ones are put together. More fit on no page."""

_COLUMN_OF_FATE = np.array(
    [
        COLUMNS.index(
            "not_delivered" if fate in CAUSES else "opened" if STAGES.index(fate) > 2 else fate
        )
        for fate in FATES
    ]
)


@dataclass(frozen=True, slots=True)
class StageReach:
    """People at one stage; None where it is hidden."""

    stage: str
    furthest: int | None
    """Came exactly so far; the stages and the causes make the audience."""
    at_least: int | None
    """Came so far or further."""


@dataclass(frozen=True, slots=True)
class GroupReach:
    """What became of the people of one group; None where it is hidden."""

    group: str | None
    """None: the small groups together, and those of whom nobody says where they belong."""
    people: int | None
    opened: int | None
    seen: int | None
    delivered: int | None
    not_delivered: int | None


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group of one attribute each of n people belongs to."""

    names: tuple[str | None, ...]
    """The largest first, then by name; None, the others, last."""
    code: npt.NDArray[np.int64]
    """Place in ``names``, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """The audience of one content by fate; None where a number is hidden."""

    audience: int | None
    stages: tuple[StageReach, ...]
    """From the nearest to the furthest."""
    not_reached: Mapping[str, int | None]
    """By cause, in the order of ``CAUSES``."""
    not_deliverable: int | None
    """The causes of ``NOT_DELIVERABLE`` together."""
    not_delivered: int | None
    """All causes together."""
    by: Mapping[str, tuple[GroupReach, ...]]
    """By attribute of ``SPLITS``; empty for sensitive contents and where the audience is hidden."""


def draw_funnel(
    codes: Codes, groups: Mapping[str, Groups], no_secret: Collection[str] = (), k: int = DEFAULT_K
) -> Funnel:
    """Count fates, int8 of shape (n,), and split them by ``groups``. Pure.

    That nobody has a fate is shown of those in ``no_secret`` only.
    """
    sheet = Sheet()
    counts = np.bincount(codes, minlength=len(FATES)).tolist()
    for fate, count in zip(FATES, counts, strict=True):
        if count > 0 or fate not in no_secret:
            sheet.put(fate, count)
    _add_totals(sheet)
    for attribute, belonging in groups.items():
        _add_split(sheet, attribute, belonging, codes)
    shown = defaultdict(int) | sheet.shown(k, ("audience", _from("opened")))
    return Funnel(
        shown["audience"],
        tuple(StageReach(stage, shown[stage], shown[_from(stage)]) for stage in STAGES),
        {cause: shown[cause] for cause in CAUSES},
        shown["not_deliverable"],
        shown["not_delivered"],
        {name: _rows(shown, name, g) for name, g in groups.items() if shown["audience"]},
    )


def groups_of(
    table: EmployeeTable, attribute: str, versions: npt.NDArray[np.int64], k: int = DEFAULT_K
) -> Groups:
    """Return the groups of people by the version of their attributes; none is below ``k``.

    But the others may be: they stay by themselves, where suppression hides them.
    """
    codes = table.codes(attribute, versions)
    found, sizes = np.unique(codes[codes >= 0], return_counts=True)
    named = sorted(
        (-size, table.values[attribute].id(code), code)
        for code, size in zip(found.tolist(), sizes.tolist(), strict=True)
        if size >= k
    )[:MOST_GROUPS]
    place = np.full(len(table.values[attribute]) + 1, len(named))
    place[[code for _, _, code in named]] = np.arange(len(named))
    belonging = place[codes]  # −1, not known, takes the last
    has_others = bool((belonging == len(named)).any())
    others: tuple[None, ...] = (None,) if has_others else ()
    return Groups((*(name for _, name, _ in named), *others), belonging)


def _from(stage: str) -> Hashable:
    """Return the key of the people who came so far or further."""
    return stage if stage == STAGES[-1] else ("at least", stage)


def _add_totals(sheet: Sheet) -> None:
    for nearer, further in reversed(list(pairwise(STAGES))):
        sheet.add_up(_from(nearer), [nearer, _from(further)])
    sheet.add_up("not_deliverable", NOT_DELIVERABLE)
    rest = [cause for cause in CAUSES if cause not in NOT_DELIVERABLE]
    sheet.add_up("not_delivered", [*rest, "not_deliverable"])
    sheet.add_up("audience", [_from(STAGES[0]), "not_delivered"])


def _add_split(sheet: Sheet, attribute: str, groups: Groups, codes: Codes) -> None:
    counts = np.zeros((len(groups.names), len(COLUMNS)), np.int64)
    np.add.at(counts, (groups.code, _COLUMN_OF_FATE[codes]), 1)
    rows = range(len(groups.names))
    for row in rows:
        for column, count in zip(COLUMNS, counts[row].tolist(), strict=True):
            sheet.put((attribute, row, column), count)
        sheet.add_up((attribute, row), [(attribute, row, column) for column in COLUMNS])
    if groups.names:
        totals = (_from("opened"), "seen", "delivered", "not_delivered")
        for column, total in zip(COLUMNS, totals, strict=True):
            sheet.add_up(total, [(attribute, row, column) for row in rows])
        sheet.add_up("audience", [(attribute, row) for row in rows])


def _rows(
    shown: Mapping[Hashable, int | None], attribute: str, groups: Groups
) -> tuple[GroupReach, ...]:
    return tuple(
        GroupReach(
            name,
            shown[attribute, row],
            *(shown[attribute, row, column] for column in COLUMNS),
        )
        for row, name in enumerate(groups.names)
    )
