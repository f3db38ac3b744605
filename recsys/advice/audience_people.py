"""Who is meant by an audience, and of whom nothing can be said."""

from dataclasses import dataclass

import numpy as np

from recsys.advice.cells import CELL_SIZE, Bools, Employees, in_cells, stand_ins
from recsys.audience.rules import Rule, matches
from recsys.catalogue.catalogue import Catalogue
from recsys.formats.stories import Float, Index
from recsys.segments.measurable import is_unmeasurable
from recsys.state.live import LiveState

__all__ = ["MOST_ASKED", "Headcount", "Panel", "meant_by", "panel_of"]

MOST_ASKED = 2_000
"""People whose posteriors are looked at: of 15,000 they give totals to a tenth (90 % interval),
which is less than what the appeal of a story leaves open, in a second."""


@dataclass(frozen=True, slots=True)
class Headcount:
    """People of an audience, each number to the nearest ``CELL_SIZE``."""

    people: int
    measured: int
    unmeasurable: int
    """Without a device or without any trace: whether they are interested, nobody knows."""
    opted_out: int
    """Do not want to be learned from."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Who speaks for an audience."""

    employees: Employees
    """(n,)."""
    weight: Float
    """(n,): how many of the audience each one stands for; sums to ``n_measured``."""
    cell: Index
    """(n,)."""
    n_measured: int
    left_out_share: float
    """Part of the audience's cells that was not asked, at random."""
    headcount: Headcount


def meant_by(catalogue: Catalogue, rules: list[Rule], at: int) -> Bools:
    """Return bool, shape (n_employees,): active employees whom all ``rules`` mean at ``at``.

    Somebody without attributes is in everybody's audience only, as for contents.
    """
    table = catalogue.employees
    n = len(table)
    versions = table.versions_at(np.arange(n, dtype=np.int32), np.full(n, at))
    gone = table.values["active"].index("false")
    meant = np.asarray((table.codes("active", versions) != gone) | (gone < 0), np.bool_)
    wanted = [rule for rule in rules if rule]
    if wanted:
        meant &= versions >= 0
        for employee in np.flatnonzero(meant):
            attributes = table.attributes(int(versions[employee]))
            meant[employee] = all(matches(rule, attributes) for rule in wanted)
    return meant


def panel_of(state: LiveState, meant: Bools, at: int, most: int = MOST_ASKED) -> Panel | None:
    """Return who speaks for the people who are ``meant``; None if fewer than ``CELL_SIZE`` can.

    The panel is the same for equal questions: all chance is fixed by the employee's index.
    """
    catalogue = state.catalogue
    who = np.arange(len(meant), dtype=np.int32)
    out = np.zeros(len(meant), np.bool_)
    out[catalogue.preferences.opted_out()] = True
    trace = np.array([state.showings.n_added(int(e)) > 0 for e in who], np.bool_)
    silent = is_unmeasurable(catalogue, who, trace, at) & ~out
    measured = meant & ~out & ~silent
    if np.count_nonzero(measured) < CELL_SIZE:
        return None
    rank = np.random.default_rng(0).random(len(who))
    # Cells are made of everybody who can be measured, whoever is meant this time.
    everybody = who[meant_by(catalogue, [], at) & ~out & ~silent]
    cell = in_cells(catalogue, everybody, at, rank[everybody])
    cell_rank = np.random.default_rng(1).random(int(cell.max()) + 1)
    rows, weight = stand_ins(cell, measured[everybody], cell_rank, most)
    n_cells = len(np.unique(cell[measured[everybody]]))
    return Panel(
        everybody[rows], weight, cell[rows], int(np.count_nonzero(measured)),
        1.0 - len(np.unique(cell[rows])) / n_cells,
        Headcount(*(_rounded(mask) for mask in (meant, measured, meant & silent, meant & out))),
    )  # fmt: skip


def _rounded(mask: Bools) -> int:
    return CELL_SIZE * round(np.count_nonzero(mask) / CELL_SIZE)
