"""Slates that were drawn whole, slot by slot: what another policy's whole slates are worth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from recsys.evaluation.logged_actions import Clusters, Estimate, Float, LoggedActions, Numbers
from recsys.evaluation.policy_estimates import PolicyValue, policy_value
from recsys.evaluation.policy_value import LOGGING
from recsys.evaluation.slates.outcomes import NOT_SEEN, Outcomes
from recsys.evaluation.slates.walk import Retrace, drawn_slots
from recsys.slate.draft import Index
from recsys.store.slate_log import LoggedSlate

__all__ = ["DEPTHS", "WholeJudge", "WholeValues", "rips"]

DEPTHS = (1, 3, 5, 10)
"""Slots from the top; weights multiply, so that a log supports few of them long before many."""

_PLACED = ("mandatory", "pinned")


def rips(
    rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
    clip: float | None = None, clusters: Clusters = None,
) -> Estimate:  # fmt: skip
    """Return the mean over slates of Σ reward · (product of weights down to its slot).

    For readers who go from the top down: what comes of a slot depends on it and on those above,
    never on those below, whose weights are left out. So it is unbiased then, and varies less than
    :func:`recsys.evaluation.ope.ips` with the product over the slate.

    Parameters
    ----------
    rewards, propensities, evaluation_probabilities : shape (n, k), one row per slate; a slate of
        fewer slots has reward 0 and probability 1 in the rest
    clip : largest product of weights
    clusters : shape (n,)

    Notes
    -----
    McInerney et al. (2020), "Counterfactual evaluation of slate recommendations with sequential
    reward interactions". ``ess`` and ``max_weight`` are those of the whole products.
    """
    earned, logged, wanted = (
        np.asarray(a, np.float64) for a in (rewards, propensities, evaluation_probabilities)
    )
    log = LoggedActions.of(
        earned.sum(axis=1), logged.prod(axis=1), wanted.prod(axis=1), clip, clusters
    )
    weights = np.cumprod(wanted / logged, axis=1)
    if clip is not None:
        weights = np.minimum(weights, clip)
    return log.mean_of((weights * earned).sum(axis=1))


@dataclass(frozen=True, slots=True)
class WholeValues:
    """Openings per slate in the slots down to a depth, by policy, the logging one first."""

    by_depth: Mapping[int, tuple[PolicyValue, ...]]
    """Empty where no slate was drawn whole."""
    n_slates: int
    n_employees: int


class WholeJudge:
    """A judge of slates all of whose slots were drawn, but for must-reads and pins.

    Those of the rule ``plackett_luce``. Elsewhere nearly all slots are certain: another policy's
    slate has no chance of being in the log, and no number of slates gives it one.
    """

    def __init__(self, outcomes: Outcomes, policies: tuple[str, ...]) -> None:
        self._outcomes = outcomes
        self._employee: list[int] = []
        self._rewards: list[Float] = []
        self._logged: list[Float] = []
        self._wanted: dict[str, list[Float]] = {name: [] for name in policies}

    def wants(self, logged: LoggedSlate) -> bool:
        """Return whether the slate was drawn whole."""
        is_placed = np.array([i.slot_type in _PLACED for i in logged.slate.items], np.bool_)
        is_drawn = drawn_slots(logged)
        return bool(is_drawn.any() and (is_drawn | is_placed).all())

    def see(self, logged: LoggedSlate, employee: int, policies: Mapping[str, Retrace]) -> None:
        """Ask all policies how likely they were to answer this slate, down to the last depth."""
        items = logged.slate.items[: DEPTHS[-1]]
        outcomes = [self._outcomes.get((*logged.request, i.content_id), NOT_SEEN) for i in items]
        self._employee.append(employee)
        self._rewards.append(_padded([float(o.opened) for o in outcomes], 0.0))
        self._logged.append(_padded([item.propensity for item in items], 1.0))
        for name, retrace in policies.items():
            found = retrace().probabilities()[: DEPTHS[-1]]
            self._wanted[name].append(_padded(found.tolist(), 1.0))

    def values(self, clip: float | None = None) -> WholeValues:
        """Return openings per slate by depth; employees are clusters."""
        n = len(self._employee)
        if n == 0:
            return WholeValues({}, 0, 0)
        employee = np.array(self._employee, np.int32)
        rewards, logged = np.array(self._rewards), np.array(self._logged)
        columns = {LOGGING: logged} | {name: np.array(p) for name, p in self._wanted.items()}
        by_depth = {
            depth: tuple(
                _value(name, rewards, logged, wanted, employee, depth, clip)
                for name, wanted in columns.items()
            )
            for depth in DEPTHS
        }
        return WholeValues(by_depth, n, len(np.unique(employee)))


def _padded(values: list[float], rest: float) -> Float:
    return np.array(values + [rest] * (DEPTHS[-1] - len(values)))


def _value(
    name: str, rewards: Float, logged: Float, wanted: Float, employee: Index,
    depth: int, clip: float | None,
) -> PolicyValue:  # fmt: skip
    r, p, e = rewards[:, :depth], logged[:, :depth], wanted[:, :depth]
    found = policy_value(name, r.sum(axis=1), p.prod(axis=1), e.prod(axis=1), employee, clip=clip)
    cascade = rips(r, p, e, clip, employee)
    cascade = replace(cascade, verdict=found.estimates["ips"].verdict)
    return replace(found, estimates={**found.estimates, "rips": cascade})
