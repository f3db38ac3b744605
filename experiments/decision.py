"""From an estimate to the p-value and the interval that decide, by the rule that was planned."""

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from experiments import always_valid
from experiments.design import Design
from experiments.estimates import Estimate
from experiments.looks import bounds, repeated_p_value
from experiments.permutation import MANY_CLUSTERS, Permutations

__all__ = ["Judgement", "Rule", "rule_of"]

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the results say about one estimate."""

    p_value: float
    effect_ci: Interval
    rel_effect_ci: Interval | None
    decision_p_value: float
    decision_ci: Interval


@dataclass(frozen=True, slots=True)
class Rule:
    """One test at ``alpha``, always valid, or one of several planned looks."""

    alpha: float
    tuned_to: float | None = None
    """Units an always-valid interval is tuned to; None for the other rules."""
    looks: tuple[float, ...] = ()
    look: int = 1

    def judge(self, estimate: Estimate, permutations: Permutations | None) -> Judgement:
        """Return p-values and intervals; with few clusters the permutations decide.

        There is no randomisation test that is valid at every moment. An always-valid analysis of
        few clusters decides by its own interval, carried over from the normal distribution to
        Student's t at equal tails: as it stands it alarms in a tenth of tests with ten clusters.
        """
        effect, rel_effect = estimate.effect, estimate.rel_effect
        reach = self._reach(estimate)
        p_value = self._p_value(effect / estimate.se, estimate)
        effect_ci = _around(effect, reach * estimate.se)
        relative_ci = None
        if rel_effect is not None and estimate.rel_se is not None:
            relative_ci = _around(rel_effect, reach * estimate.rel_se)
        decision_p_value, decision_ci = p_value, effect_ci
        if permutations is not None and estimate.n < MANY_CLUSTERS:
            if self.tuned_to is None:
                decision_p_value = self._planned(permutations.p_value)
                decision_ci = permutations.interval(self.level)
            else:
                z = -float(ndtri(stdtr(estimate.df, -abs(effect / estimate.se))))
                decision_p_value = self._p_value(z, estimate)
                few = -float(stdtrit(estimate.df, ndtr(-reach)))
                decision_ci = _around(effect, few * estimate.se)
        return Judgement(p_value, effect_ci, relative_ci, decision_p_value, decision_ci)

    @property
    def z(self) -> float:
        """How many standard errors a large-sample estimate must be from no effect at this look."""
        return bounds(self.looks or (1.0,), self.alpha)[self.look - 1]

    @property
    def level(self) -> float:
        """The two-sided error of this look alone."""
        return float(2 * ndtr(-self.z))

    def _reach(self, estimate: Estimate) -> float:
        """Return half the interval in standard errors."""
        if self.tuned_to is not None:
            return always_valid.multiplier(estimate.n, self.alpha, self.tuned_to)
        return float(-stdtrit(estimate.df, self.level / 2))

    def _p_value(self, distance: float, estimate: Estimate) -> float:
        if self.tuned_to is not None:
            return always_valid.p_value(distance, estimate.n, self.alpha, self.tuned_to)
        return self._planned(float(2 * stdtr(estimate.df, -abs(distance))))

    def _planned(self, p_value: float) -> float:
        """Return what the p-value of a single test is worth at this look."""
        if not self.looks:
            return p_value
        z = float(-ndtri(p_value / 2)) if p_value > 0 else math.inf
        return repeated_p_value(z, self.looks, self.look, self.alpha)


def rule_of(design: Design) -> Rule:
    """Return the rule that a design planned."""
    tuned_to = design.sequential_n if design.sequential else None
    return Rule(design.alpha, tuned_to, design.looks, design.look or 1)


def _around(value: float, half: float) -> Interval:
    return value - half, value + half
