"""What came of a server's pages, as figures that can be computed again for any weighting of people.

Every measure is a function of weights, float64 (R, E): R rows of how often each employee counts,
all ones for the figure itself, draws with replacement for its interval. Two servers are compared
under the same rows, so the interval is paired: Efron and Tibshirani, "An introduction to the
bootstrap" (1993), chapter 6, with employees as the units that are drawn.

- *completions*, *opens*, *dismissals*: answers to slots of pages, per visitor; what comes by a link
  from mail or chat has nothing to do with pages and is left out.
- *silent reach*: of employees with a device, employed since the first day, whose interactions in
  the training time are at or below the 25th percentile, those who visit in the measured time:
  distinct contents looked at per person (all have the same audience but for language, so this is,
  up to a constant, the mean over contents of the share that looked); beside it distinct contents
  opened per person, and the share who opened anything. *silent looks* counts every look: distinct
  ones can never be more, whatever is shown. Those silent by this definition also hardly visit; the
  *quiet* are the quarter of all visitors with the fewest interactions, with the same figures.
- *cross-department*: share of opens (looks) on contents owned by a department that is none of the
  reader's own, and the number of such opens per visitor. *departments met*: distinct other
  departments a visitor opened something of.
- *concentration*: the Gini coefficient of P(looked at) summed per content, over contents live at
  some moment of the measured time, and the share of the tenth of them with most of it.
- *starving*: contents published in the measured time, three days old or more at its end, with
  fewer than 10 looks. *contents seen by the silent*: share of live contents with a silent look.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from recsys.simulator.ground import Ground
from recsys.simulator.traits import Records

__all__ = [
    "FloatArray", "Statistic", "by_person", "departments_met", "gini_rows", "is_other_department",
    "measures", "pairs", "ratio", "relative", "top_share_rows", "weights",
]  # fmt: skip

FloatArray = npt.NDArray[np.float64]
Statistic: TypeAlias = Callable[[FloatArray], FloatArray]
"""Takes weights (R, E), returns the figure for each row, (R,)."""

_FEW_LOOKS = 10
_TOP_SHARE = 0.1


def weights(n_employees: int, n_replicates: int, rng: np.random.Generator) -> FloatArray:
    """Return float64, (1 + n_replicates, n_employees): ones, then draws with replacement."""
    draws = rng.multinomial(n_employees, np.full(n_employees, 1 / n_employees), n_replicates)
    return np.concatenate([np.ones((1, n_employees)), draws])


def relative(ours: Statistic, pure: Statistic, rows: FloatArray) -> tuple[float, float, float]:
    """Return our figure over theirs minus 1, with the ends of its paired 95 % interval.

    NaN where the other figure is 0.
    """
    theirs = pure(rows)
    # Of a rare thing some draws hold none; the interval is then as good as unknown.
    change = ours(rows) / np.where(theirs == 0.0, np.nan, theirs) - 1.0
    low, high = np.percentile(change[1:], [2.5, 97.5])
    return float(change[0]), float(low), float(high)


def measures(answers: Records, ground: Ground) -> dict[str, Statistic]:
    """Return every measure of one policy's answers by its name."""
    crossing = is_other_department(answers, ground)
    looked, opened = answers["looked"], answers["opened"]
    seen = pairs(answers, looked, ground) > 0
    read = pairs(answers, opened, ground) > 0
    looks = pairs(answers, looked, ground)
    exposure = pairs(answers, answers["p_looked"], ground)[:, ground.live]
    visitors = ground.visitors.astype(float)

    def per_visitor(column: str) -> Statistic:
        return ratio(by_person(answers, answers[column], ground), visitors)

    def share_crossing(happened: npt.NDArray[np.bool_]) -> Statistic:
        return ratio(
            by_person(answers, happened & crossing, ground), by_person(answers, happened, ground)
        )

    return {
        "completions per visitor": per_visitor("completed"),
        "opens per visitor": per_visitor("opened"),
        "dismissals per visitor": per_visitor("dismissed"),
        **_reach("silent", ground.silent, looks, read),
        **_reach("quiet", ground.quiet, looks, read),
        "cross-department share of opens": share_crossing(opened),
        "cross-department share of looks": share_crossing(looked),
        "cross-department opens per visitor": ratio(
            by_person(answers, opened & crossing, ground), visitors
        ),
        "departments met": ratio(departments_met(read, ground), visitors),
        "concentration: Gini of exposure": lambda rows: gini_rows(rows @ exposure),
        "concentration: share of the top tenth": lambda rows: top_share_rows(rows @ exposure),
        "starving contents": _starving(looks[:, ground.ripe]),
        "contents seen by the silent": _covered(seen[ground.silent][:, ground.live], ground.silent),
    }


def gini_rows(values: FloatArray) -> FloatArray:
    """Return the Gini coefficient of every row of values ≥ 0, (R,); NaN for a row of zeros."""
    ordered = np.sort(values, axis=1)
    n = ordered.shape[1]
    with np.errstate(invalid="ignore"):
        return np.asarray(ordered @ (2 * np.arange(1, n + 1) - n - 1) / (n * ordered.sum(axis=1)))


def top_share_rows(values: FloatArray) -> FloatArray:
    """Return the share of the total that the largest tenth (at least one) of every row has."""
    n = max(1, round(_TOP_SHARE * values.shape[1]))
    largest = np.partition(values, -n, axis=1)[:, -n:]
    with np.errstate(invalid="ignore"):
        return np.asarray(largest.sum(axis=1) / values.sum(axis=1))


def _reach(
    name: str, people: npt.NDArray[np.bool_], looks: FloatArray, read: npt.NDArray[np.bool_]
) -> dict[str, Statistic]:
    """Return how some people are reached; ``looks`` and ``read`` have shape (E, C)."""
    found = {
        f"{name} reach: contents looked at": (looks > 0).sum(axis=1),
        f"{name} reach: contents opened": read.sum(axis=1),
        f"{name} who opened anything": read.any(axis=1),
        f"{name} looks": looks.sum(axis=1),
    }
    return {label: ratio(values * people, people) for label, values in found.items()}


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Statistic:
    """Return the figure Σ numerator / Σ denominator, both by employee, (E,)."""
    above, below = np.asarray(numerator, float), np.asarray(denominator, float)

    def statistic(rows: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((rows @ above) / (rows @ below))

    return statistic


def _starving(looks: FloatArray) -> Statistic:
    return lambda rows: np.asarray((rows @ looks < _FEW_LOOKS).mean(axis=1))


def _covered(seen: npt.NDArray[np.bool_], people: npt.NDArray[np.bool_]) -> Statistic:
    return lambda rows: np.asarray((rows[:, people] @ seen > 0).mean(axis=1))


def by_person(answers: Records, values: npt.NDArray[np.generic], ground: Ground) -> FloatArray:
    """Return sums by employee, (E,)."""
    n = len(ground.departments)
    sums = np.bincount(answers["employee"], np.asarray(values, float), minlength=n)
    return np.asarray(sums, np.float64)


def pairs(answers: Records, values: npt.NDArray[np.generic], ground: Ground) -> FloatArray:
    """Return sums by employee and content, (E, C)."""
    shape = len(ground.departments), len(ground.owners)
    code = answers["employee"] * shape[1] + answers["content"]
    flat = np.bincount(code, np.asarray(values, float), minlength=shape[0] * shape[1])
    return np.asarray(flat, np.float64).reshape(shape)


def is_other_department(answers: Records, ground: Ground) -> npt.NDArray[np.bool_]:
    """Return by answer whether the content is owned by none of the reader's departments."""
    own = ground.departments[answers["employee"]]
    return np.asarray((own != ground.owners[answers["content"]][:, None]).all(axis=1))


def departments_met(read: npt.NDArray[np.bool_], ground: Ground) -> FloatArray:
    """Return how many departments besides the own ones each employee opened something of, (E,)."""
    met = np.zeros(len(read))
    for department in np.unique(ground.owners):
        other = (ground.departments != department).all(axis=1)
        met += other & read[:, ground.owners == department].any(axis=1)
    return met
