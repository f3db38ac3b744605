"""Logged actions: checked, weighted, and what a mean over them is worth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.evaluation.cluster_ratio import ClusterRatio, effective_number

__all__ = [
    "LEAST_CLUSTERS",
    "LEAST_ESS",
    "Clusters",
    "Estimate",
    "Float",
    "LoggedActions",
    "Numbers",
    "check_positive",
    "numbers",
]

LEAST_ESS = 100
"""Below that many effective actions a share of one half is known to ±0.1 at best: no evidence."""

LEAST_CLUSTERS = 4
"""As for the arms of an experiment; intervals were measured to hold down to there."""

Numbers = npt.ArrayLike
Clusters = npt.ArrayLike | None
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean reward of an evaluation policy, and how far it can be trusted."""

    value: float
    """NaN where nothing can be said."""
    stderr: float
    """Robust to clusters; NaN with fewer than two (without clusters: actions)."""
    interval: tuple[float, float]
    """95 %: :attr:`recsys.evaluation.cluster_ratio.ClusterRatio.interval`, or the bootstrap's."""
    ess: float
    """(Σw)²/Σw²: so many actions of the evaluation policy itself would tell as much."""
    max_weight: float
    clip_share: float
    """Share of actions whose weight ``clip`` made smaller. ``ess`` and ``max_weight`` are of the
    weights after that."""
    verdict: str
    """``ok``, or ``refused: `` and the reason; numbers of a refused estimate decide nothing."""


@dataclass(frozen=True, slots=True)
class LoggedActions:
    """Rewards of n actions, and how much each says about the evaluation policy."""

    rewards: Float
    weights: Float
    """(n,), evaluation probability / propensity, after clipping."""
    clip_share: float
    cluster: npt.NDArray[np.intp]
    """(n,), 0..G−1."""
    is_certain: bool
    """Whether every propensity is 1: nothing was left to chance."""
    bootstrap: np.random.Generator | None = None
    """Draws clusters for the interval; None: none are drawn."""

    @classmethod
    def of(
        cls, rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
        clip: float | None, clusters: Clusters, bootstrap: np.random.Generator | None = None,
    ) -> "LoggedActions":  # fmt: skip
        """Check and weight what the estimators of :mod:`recsys.evaluation.ope` are given."""
        earned = numbers("rewards", rewards)
        n = len(earned)
        logged = numbers("propensities", propensities, n)
        wanted = numbers("evaluation_probabilities", evaluation_probabilities, n)
        _check_range("propensities", logged, "in (0, 1]", (logged > 0) & (logged <= 1))
        _check_range("evaluation_probabilities", wanted, "in [0, 1]", (wanted >= 0) & (wanted <= 1))
        check_positive("clip", clip)
        raw = wanted / logged
        weights = raw if clip is None else np.minimum(raw, clip)
        clip_share = float(np.mean(weights < raw)) if n else 0.0
        cluster = _numbered(clusters, n)
        return cls(earned, weights, clip_share, cluster, bool((logged == 1).all()), bootstrap)

    def mean_of(self, values: Float) -> Estimate:
        """Return the estimate that is the mean of one value per action."""
        return self.ratio(values, np.ones(len(values)))

    def ratio(self, numerators: Float, denominators: Float) -> Estimate:
        """Return the estimate Σ numerators / Σ denominators, and what supports it."""
        ratio = ClusterRatio.of(numerators, denominators, self.cluster)
        rng = self.bootstrap
        interval = ratio.interval if rng is None else ratio.bootstrap_interval(rng)
        return Estimate(
            ratio.value, ratio.stderr, interval, effective_number(self.weights),
            float(self.weights.max(initial=0.0)), self.clip_share, self._verdict(),
        )  # fmt: skip

    def _verdict(self) -> str:
        reason = self._missing() or self._thin()
        return f"refused: {reason}" if reason else "ok"

    def _missing(self) -> str:
        """Return what makes any answer impossible, however long the log; empty if nothing does."""
        if len(self.weights) == 0:
            return "no logged actions"
        if self.is_certain:
            return (
                "a deterministic log; every propensity is 1, so nothing tells what another action "
                "would have earned"
            )
        if not self.weights.any():
            return "no overlap; the evaluation policy takes none of the logged actions"
        return ""

    def _thin(self) -> str:
        """Return what there is too little of; empty if there is enough."""
        carried = np.bincount(self.cluster, self.weights).astype(np.float64)
        ess, n_effective = effective_number(self.weights), effective_number(carried)
        if ess < LEAST_ESS:
            return f"{ess:.1f} effective actions; at least {LEAST_ESS} are needed"
        if len(carried) < 2:
            return "all actions are of one cluster, nothing tells how another would differ"
        if n_effective < LEAST_CLUSTERS:
            return (
                f"{n_effective:.1f} effective clusters carry the estimate; at least "
                f"{LEAST_CLUSTERS} are needed"
            )
        return ""


def numbers(name: str, values: Numbers, n: int | None = None) -> Float:
    """Return finite float64 of shape (n,); ``ValueError`` says what is wrong with ``name``."""
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or (n is not None and len(array) != n):
        expected = "one dimension" if n is None else f"shape ({n},) as the rewards have"
        raise ValueError(f"{name} have shape {array.shape}; expected {expected}")
    _check_range(name, array, "finite", np.isfinite(array))
    return array


def _check_range(name: str, values: Float, expected: str, is_good: npt.NDArray[np.bool_]) -> None:
    if not is_good.all():
        row = int(np.argmin(is_good))
        raise ValueError(
            f"{name}[{row}] is {values[row]}; expected {expected}; leave such actions out"
        )


def check_positive(name: str, value: float | None) -> None:
    """Raise ``ValueError`` on a bound that is neither None nor above 0."""
    if value is not None and not value > 0:
        raise ValueError(f"{name} is {value}; expected a number above 0, or None for no bound")


def _numbered(clusters: Clusters, n: int) -> npt.NDArray[np.intp]:
    """Return the number of each action's cluster, 0..G−1; without clusters each is its own."""
    if clusters is None:
        return np.arange(n)
    codes, _ = pd.factorize(np.asarray(clusters))
    if codes.shape != (n,):
        raise ValueError(f"clusters have shape {codes.shape}; expected ({n},) as the rewards have")
    if (codes < 0).any():
        raise ValueError(
            f"clusters[{int(np.argmin(codes))}] is missing; every action needs the label of its "
            "cluster"
        )
    return codes
