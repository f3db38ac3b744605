"""Logged actions: checked, weighted, and what a mean over them is worth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

__all__ = [
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

Numbers = npt.ArrayLike
Clusters = npt.ArrayLike | None
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean reward of an evaluation policy, and how far it can be trusted."""

    value: float
    """NaN where nothing can be said."""
    stderr: float
    """NaN with fewer than two clusters (without clusters: actions)."""
    interval: tuple[float, float]
    """95 %, by Student's t with as many degrees of freedom as there are clusters, less one."""
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

    @classmethod
    def of(
        cls, rewards: Numbers, propensities: Numbers, evaluation_probabilities: Numbers,
        clip: float | None, clusters: Clusters,
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
        return cls(earned, weights, clip_share, _numbered(clusters, n))

    def mean_of(self, values: Float) -> Estimate:
        """Return the estimate that is the mean of one value per action."""
        value = float(values.mean()) if len(values) else np.nan
        return self.estimate(value, self.stderr(values - value))

    def stderr(self, scores: Float) -> float:
        """Return the standard error of a value, robust to clusters.

        ``scores``, shape (n,), are how far each action moves it times n (its influence function,
        of mean 0): for a mean the deviations from it. NaN with fewer than two clusters.
        """
        sums = np.bincount(self.cluster, scores)
        n_clusters = len(sums)
        if n_clusters < 2:
            return np.nan
        return float(np.sqrt(n_clusters / (n_clusters - 1) * (sums**2).sum()) / len(scores))

    def estimate(self, value: float, stderr: float) -> Estimate:
        """Return a value with its interval and what the weights say of its support."""
        n_clusters = int(self.cluster.max(initial=-1)) + 1
        reach = float(special.stdtrit(max(n_clusters - 1, 1), 0.975)) * stderr
        squares = (self.weights**2).sum()
        ess = float(self.weights.sum() ** 2 / squares) if squares > 0 else 0.0
        largest = float(self.weights.max(initial=0.0))
        verdict = _verdict(len(self.weights), n_clusters, ess)
        interval = value - reach, value + reach
        return Estimate(value, stderr, interval, ess, largest, self.clip_share, verdict)


def _verdict(n: int, n_clusters: int, ess: float) -> str:
    if n == 0:
        return "refused: no logged actions"
    if ess < LEAST_ESS:
        return f"refused: {ess:.1f} effective actions; at least {LEAST_ESS} are needed"
    if n_clusters < 2:
        return "refused: all actions are of one cluster, nothing tells how another would differ"
    return "ok"


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
