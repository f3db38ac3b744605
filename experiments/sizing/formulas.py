"""How many units or clusters a test of two equal arms needs, and what a given number detects.

With the variances v1 and v2 of one unit in the two arms and the effect Δ, an arm needs
``n ≥ (q_{1-α/2} + q_power)² (v1 + v2) / Δ²`` units. The quantiles q are normal for a proportion,
whose variance follows from its mean, and Student's t with 2n - 2 degrees of freedom for a mean.
Clusters of size m (mean) with variation CV multiply the variance by the design effect
``1 + ICC ((m - 1) + m CV²)`` (Eldridge, Ashby and Kerry 2006) and leave 2k - 2 degrees of freedom
for k clusters an arm.

Where clusters are so few that the analysis judges by permutation, two things cost power. Its
p-values come in steps of 2 in C(2k, k), so that the test keeps the last step below α. And uneven
clusters weigh more the fewer they are: averaged over draws of sizes, the variance within clusters
gains CV²/k (Jensen), that between them loses as much, and the few large clusters that carry a mean
leave fewer degrees of freedom, worth another CV²/k of the part within. With the share s of the
variance that is within, the variance is multiplied by ``1 + max(0, 3s - 1) CV²/k``; what that is
worth is measured by ``benchmarks/experiment_power.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, comb, floor, isfinite, sqrt

from scipy import optimize, stats

from experiments.estimates import MIN_CLUSTERS
from experiments.permutation import MANY_CLUSTERS
from recsys.errors import ConfigurationError

__all__ = [
    "Clusters",
    "Outcome",
    "Promise",
    "Sizing",
    "detectable_effect",
    "least_clusters",
    "size",
]

_FEWEST_STEPS = 5
_MOST_UNITS = 1e12
"""Nobody has more people; beyond it the arithmetic of whole numbers is pointless."""


@dataclass(frozen=True)
class Outcome:
    """What is measured on one unit.

    Attributes
    ----------
    baseline
        Mean of the control arm; of a proportion a share, 0..1.
    sd
        Standard deviation between units; None for a proportion (0/1 a unit).
    variance_share
        What a covariate leaves of the variance, 1 - r² (CUPED); 1 without one.
    """

    baseline: float
    sd: float | None = None
    variance_share: float = 1.0

    def __post_init__(self) -> None:
        if not isfinite(self.baseline):
            raise ConfigurationError(f"the baseline is {self.baseline}, expected a number")
        if self.sd is None and not 0 <= self.baseline <= 1:
            raise ConfigurationError(
                f"the baseline of a proportion is {self.baseline:g}, expected a share from 0 to 1 "
                "(0.3 for 30 %); give the standard deviation if the metric is a mean"
            )
        if self.sd is not None and not (isfinite(self.sd) and self.sd > 0):
            raise ConfigurationError(
                f"the standard deviation is {self.sd:g}, expected a number above 0"
            )
        if not 0 < self.variance_share <= 1:
            raise ConfigurationError(
                f"the covariate leaves {self.variance_share:g} of the variance, expected above 0 "
                "and at most 1; a covariate that tells everything cannot come from before the test"
            )

    def variance(self, effect: float) -> float:
        """Return the sum over both arms of the variance of one unit, under this effect."""
        if self.sd is not None:
            return 2 * self.sd**2 * self.variance_share
        treated = self.baseline + effect
        spread = self.baseline * (1 - self.baseline) + treated * (1 - treated)
        return spread * self.variance_share

    def check_effect(self, effect: float) -> None:
        """Raise :class:`ConfigurationError` if ``effect`` (absolute) is none, or cannot be."""
        if not isfinite(effect) or effect == 0:
            raise ConfigurationError(
                f"the smallest effect to be found (mde) is {effect:g}, expected a difference other "
                "than 0: no test finds that nothing differs"
            )
        treated = self.baseline + effect
        if self.sd is None and not 0 <= treated <= 1:
            raise ConfigurationError(
                f"a proportion of {self.baseline:g} changed by {effect:g} is {treated:g}, expected "
                "a share from 0 to 1; the effect is absolute (0.05 for five points)"
            )


@dataclass(frozen=True)
class Clusters:
    """Groups that get their variant together: mean size, likeness (ICC), variation of size."""

    size: float
    icc: float
    size_cv: float = 0.0

    def __post_init__(self) -> None:
        if not (isfinite(self.size) and self.size >= 1):
            raise ConfigurationError(
                f"the cluster size is {self.size:g}, expected the mean number of units in a "
                "cluster, 1 or more"
            )
        if not 0 <= self.icc <= 1:
            raise ConfigurationError(
                f"the ICC is {self.icc:g}, expected 0 (members are like strangers) to 1 (all alike)"
            )
        if not (isfinite(self.size_cv) and self.size_cv >= 0):
            raise ConfigurationError(
                f"the variation of cluster sizes is {self.size_cv:g}, expected their standard "
                "deviation over their mean, 0 or more"
            )

    @property
    def design_effect(self) -> float:
        """By how much clusters inflate the variance; 1 = not at all."""
        return 1 + self.icc * ((self.size - 1) + self.size * self.size_cv**2)

    def inflation(self, k: int) -> float:
        """Return what k clusters an arm multiply the variance by, over that of k single units."""
        few = 1.0
        if 2 * k < MANY_CLUSTERS:
            within = (1 - self.icc) / self.design_effect
            few = 1 + max(0.0, 3 * within - 1) * self.size_cv**2 / k
        return few * self.design_effect / self.size


@dataclass(frozen=True)
class Promise:
    """What is asked of the test: error of the first kind, two-sided, and power."""

    alpha: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ConfigurationError(f"alpha is {self.alpha:g}, expected between 0 and 1 (0.05)")
        if not self.alpha < self.power < 1:
            raise ConfigurationError(
                f"the power is {self.power:g}, expected between alpha ({self.alpha:g}) and 1 (0.8)"
            )

    def normal(self) -> float:
        """Return the sum of both quantiles where the variance is known."""
        return float(stats.norm.ppf(1 - self.alpha / 2) + stats.norm.ppf(self.power))

    def student(self, per_arm: int) -> float:
        """Return the sum of both quantiles for so many units or clusters an arm."""
        return self._student(self.alpha, per_arm)

    def of_clusters(self, k: int) -> float:
        """Return the same where few clusters are judged by permutation: α is its last step."""
        if 2 * k >= MANY_CLUSTERS:
            return self.student(k)
        step = 2 / comb(2 * k, k)
        return self._student(step * floor(self.alpha / step * (1 + 1e-12)), k)

    def _student(self, alpha: float, per_arm: int) -> float:
        law = stats.t(2 * per_arm - 2)
        return float(law.ppf(1 - alpha / 2) + law.ppf(self.power))


@dataclass(frozen=True)
class Sizing:
    """What an arm needs; ``clusters_per_arm`` is None where units are randomised one by one."""

    units_per_arm: int
    clusters_per_arm: int | None
    design_effect: float
    alpha: float
    power: float


def size(
    outcome: Outcome, effect: float, promise: Promise, clusters: Clusters | None = None
) -> Sizing:
    """Return the smallest test that finds ``effect`` (absolute, of either sign) as promised.

    Raises
    ------
    ConfigurationError
        If the effect is 0 or not a number, leads a proportion out of 0..1, or needs more than
        10¹² units.
    """
    outcome.check_effect(effect)
    spread = outcome.variance(effect) / effect**2
    if clusters is None:
        units = _smallest(
            _needed_units(outcome, spread, promise), promise.normal() ** 2 * spread, 2
        )
        return Sizing(units, None, 1.0, promise.alpha, promise.power)
    bound = promise.normal() ** 2 * spread * clusters.design_effect / clusters.size
    k = _smallest(
        lambda k: promise.of_clusters(k) ** 2 * spread * clusters.inflation(k),
        bound,
        least_clusters(promise.alpha),
    )
    units = ceil(round(k * clusters.size, 6))  # 40 clusters of 12.1 are 484, not 485
    return Sizing(units, k, clusters.design_effect, promise.alpha, promise.power)


def detectable_effect(
    outcome: Outcome, per_arm: int, promise: Promise, clusters: Clusters | None = None
) -> float | None:
    """Return the smallest increase that ``per_arm`` units, or clusters, detect as promised.

    None where no increase is detected: too few, or a proportion would have to pass 1.
    """
    least = 2 if clusters is None else least_clusters(promise.alpha)
    if per_arm < least:
        return None
    if clusters is not None:
        q, inflation = promise.of_clusters(per_arm), clusters.inflation(per_arm)
    else:
        q = promise.normal() if outcome.sd is None else promise.student(per_arm)
        inflation = 1.0

    def lacking(effect: float) -> float:
        return effect - q * sqrt(outcome.variance(effect) * inflation / per_arm)

    if outcome.sd is not None:
        return -lacking(0.0)
    most = 1 - outcome.baseline
    if most <= 0 or lacking(most) < 0:
        return None
    # Where nothing varies yet (baseline 0), the least effect is not 0: start just above it.
    return float(optimize.brentq(lacking, most * 1e-12, most, xtol=1e-12))


def least_clusters(alpha: float) -> int:
    """Return the fewest clusters an arm for which a power can be promised.

    Few clusters are judged by permutation, whose p-values come in steps of 2 in C(2k, k). Where
    fewer than five steps make up ``alpha``, the smallest of all decide alone, and Student's t says
    nothing about those: with 4 clusters an arm the promise was missed by 5 to 17 points.
    """
    k = MIN_CLUSTERS
    while 2 / comb(2 * k, k) * _FEWEST_STEPS > alpha:
        k += 1
    return k


def _needed_units(outcome: Outcome, spread: float, promise: Promise) -> Callable[[int], float]:
    if outcome.sd is None:
        return lambda _: promise.normal() ** 2 * spread
    return lambda n: promise.student(n) ** 2 * spread


def _smallest(needed: Callable[[int], float], bound: float, least: int) -> int:
    """Return the smallest n ≥ needed(n), which falls with n and never below ``bound``."""
    if not bound < _MOST_UNITS:
        raise ConfigurationError(
            "the effect is so small against the spread that more than 10¹² units would be needed; "
            "plan for a larger effect"
        )
    n = max(least, ceil(bound))
    while n < needed(n):
        n += 1
    return n
