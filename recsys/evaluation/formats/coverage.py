"""Do the intervals hold? Completions of a format, counted over the window, against its start."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap
from recsys.evaluation.formats.walk import FormatTest, Visit
from recsys.state.showings import Showings

__all__ = [
    "LEAST_SHOWINGS",
    "NOMINAL",
    "Coverage",
    "CoverageJudge",
    "central_share",
    "count_distribution",
]

NOMINAL = 0.9
"""As the intervals of the answers promise."""

LEAST_SHOWINGS = 20
"""Showings of an employee in a format: of fewer, a count of completions tells hardly anything."""

_DRAWS = 100
"""Draws of a person's effects: five beyond each end of a 90 % interval."""

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many counts their intervals held; one count per employee and format."""

    held: Estimates
    """Share within 90 % intervals, shape (1,), with an interval over employees; NaN of nothing."""
    n_counts: int
    n_employees: int


class CoverageJudge:
    """A judge that predicts each employee's window at its first visit.

    For every format shown at least 20 times it compares the number of completions with its
    predictive distribution: chance given the person's effects (Poisson binomial), over what is not
    known of these effects. Nothing of the window itself enters, so a taste that changes there, or
    effects that are believed too firmly, show as coverage that is too low.
    """

    def __init__(self, test: FormatTest, seed: int) -> None:
        self._test = test
        self._rng = np.random.default_rng(seed)
        self._seen: set[int] = set()
        self._employee: list[int] = []
        self._share: list[float] = []

    def see(self, visit: Visit) -> None:
        """Predict all of the window's showings of an employee who comes for the first time."""
        if visit.employee in self._seen:
            return
        self._seen.add(visit.employee)
        everything = self._test.showings
        own = everything.take(everything.employee == visit.employee)
        n_shown = np.bincount(own.form)
        often = own.take(n_shown[own.form] >= LEAST_SHOWINGS)
        if len(often) == 0:
            return
        p = self._draws(visit, often)
        for form in np.unique(often.form).tolist():
            rows = often.form == form
            distribution = count_distribution(p[:, rows])
            n_completed = int(np.count_nonzero(often.completed[rows]))
            self._employee.append(visit.employee)
            self._share.append(central_share(distribution, n_completed))

    def coverage(self, rng: np.random.Generator) -> Coverage:
        """Return what was found; call after the walk."""
        employee = np.array(self._employee, np.int32)
        share = np.array(self._share).reshape(-1, 1)
        held = cluster_bootstrap(share, employee, rng)
        return Coverage(held, len(employee), len(np.unique(employee)))

    def _draws(self, visit: Visit, showings: Showings) -> Float:
        """Return P(completed) of the showings under draws of the person's effects, (draws, n)."""
        tastes = self._test.tastes
        person = tastes.person(visit.employee, visit.at)
        effects = self._rng.multivariate_normal(
            person.mean, person.covariance, _DRAWS, method="eigh"
        )
        known = np.zeros_like(person.covariance)
        return np.stack(
            [
                tastes.p_completed(replace(person, mean=mean, covariance=known), showings)
                for mean in effects
            ]
        )


def count_distribution(p: Float) -> Float:
    """Return the probabilities of 0..n successes, shape (n + 1,), averaged over draws.

    ``p``, shape (n_draws, n), are the probabilities of n independent trials under each draw. Exact,
    by adding one trial after the other.
    """
    n_draws, n = p.shape
    distribution = np.zeros((n_draws, n + 1))
    distribution[:, 0] = 1.0
    for trial in range(n):
        succeeds = p[:, [trial]]
        distribution[:, 1:] = (
            distribution[:, 1:] * (1.0 - succeeds) + distribution[:, :-1] * succeeds
        )
        distribution[:, 0] *= 1.0 - p[:, trial]
    return np.asarray(distribution.mean(axis=0))


def central_share(distribution: Float, observed: int, nominal: float = NOMINAL) -> float:
    """Return how much of an observed count lies in the central interval of a distribution, 0..1.

    Counts are lumpy: an interval of whole counts never holds exactly 90 %. So each count stands for
    the stretch of cumulative probability that is its own, and the part of the stretch inside
    (5 %, 95 %) counts; its mean is 0.9 if the distribution is right (the non-randomised probability
    integral transform; Czado, Gneiting and Held 2009, "Predictive model assessment for count
    data").
    """
    reached = np.concatenate([[0.0], np.cumsum(distribution)])
    low, high = reached[observed], reached[observed + 1]
    tail = (1.0 - nominal) / 2.0
    if high - low <= 0.0:  # all but impossible: in or out with its place
        return float(tail <= low <= 1.0 - tail)
    return float(max(min(high, 1.0 - tail) - max(low, tail), 0.0) / (high - low))
