"""Who of many is asked: the same people for the same question, every department heard."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.advice.cells import CELL_SIZE

__all__ = ["MOST_SCORED", "Sample", "draw_sample"]

MOST_SCORED = 400
"""People whose ranking is computed, at four milliseconds each: the mean of a probability that
differs by 0.1 from person to person is known to half a hundredth, in a group of twenty to two."""

Bools = npt.NDArray[np.bool_]
Employees = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of many people and how many each one stands for."""

    rows: npt.NDArray[np.int64]
    """(m,), ascending."""
    weight: npt.NDArray[np.float64]
    """(m,), at least 1; sums to the number of those who could have been drawn."""


def draw_sample(
    employees: Employees, wanted: Bools, strata: Employees, most: int = MOST_SCORED
) -> Sample:
    """Draw from the people who are ``wanted``, bool of shape (n,), within ``strata`` (n,).

    Every stratum gives its share, but at least ``CELL_SIZE`` people if it has them, so the sample
    may be larger than ``most`` by that. Chance is fixed by the employee's index: equal questions
    get equal samples.
    """
    luck = np.random.default_rng(0).random(int(employees.max(initial=-1)) + 1)[employees]
    everybody = np.flatnonzero(wanted)
    rows, weights = [], []
    for stratum in np.unique(strata[everybody]).tolist():
        members = everybody[strata[everybody] == stratum]
        share = int(np.ceil(len(members) * min(1.0, most / len(everybody))))
        n = min(len(members), max(share, CELL_SIZE))
        rows.append(members[np.argsort(luck[members], kind="stable")[:n]])
        weights.append(np.full(n, len(members) / n))
    if not rows:
        return Sample(np.zeros(0, np.int64), np.zeros(0))
    drawn, weight = np.concatenate(rows), np.concatenate(weights)
    order = np.argsort(drawn)
    return Sample(drawn[order], weight[order])
