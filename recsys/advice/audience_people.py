"""Who is meant by an audience, and of whom nothing can be said."""

from dataclasses import dataclass

import numpy as np

from recsys.advice.cells import CELL_SIZE, Bools, Employees, in_cells, stand_ins
from recsys.audience.audience import Audiences
from recsys.audience.conditions import EVERYBODY, Audience
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.presence import is_active
from recsys.formats.stories import Float, Index
from recsys.reports.rounding import rounded_size
from recsys.segments.measurable import is_unmeasurable
from recsys.state.live import LiveState

__all__ = ["MOST_ASKED", "Headcount", "Panel", "meant_by", "panel_of"]

MOST_ASKED = 2_000
"""People whose posteriors are looked at: of 15,000 they give totals to a tenth (90 % interval),
which is less than what the appeal of a story leaves open, in a second."""


@dataclass(frozen=True, slots=True)
class Headcount:
    """People of an audience, in multiples of ``CELL_SIZE``."""

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


def meant_by(
    catalogue: Catalogue, audiences: Audiences, at: int, audience: Audience | None = EVERYBODY,
    content: int | None = None,
) -> Bools:  # fmt: skip
    """Return bool, shape (n_employees,): active employees in an ``audience`` at ``at``.

    With a ``content`` they are also in its own. Somebody without attributes is in everybody's
    audience only.
    """
    now = audiences.population(at)
    meant = is_active(catalogue.employees, now.versions) & audiences.people(audience, now)
    if content is not None:
        published_at = int(catalogue.contents.published_at[content])
        meant &= audiences.people(audiences.of_content(content), now, published_at)
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
    table = catalogue.employees
    active = is_active(table, table.versions_at(who, np.full(len(who), at)))
    everybody = who[active & ~out & ~silent]
    cell = in_cells(catalogue, everybody, at, rank[everybody])
    cell_rank = np.random.default_rng(1).random(int(cell.max()) + 1)
    rows, weight = stand_ins(cell, measured[everybody], cell_rank, most)
    n_cells = len(np.unique(cell[measured[everybody]]))
    return Panel(
        everybody[rows], weight, cell[rows], int(np.count_nonzero(measured)),
        1.0 - len(np.unique(cell[rows])) / n_cells,
        Headcount(*(
            rounded_size(mask, CELL_SIZE) for mask in (meant, measured, meant & silent, meant & out)
        )),
    )  # fmt: skip
