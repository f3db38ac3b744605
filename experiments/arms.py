"""One arm of a contrast: its mean, as observed and adjusted, and how precisely that is known.

An arm is described by the means of numerator, denominator and covariate and by their covariance;
means, proportions, ratios, covariates, strata and clusters are then the same formula, a gradient
over those means (the delta method).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.moments import Moments

__all__ = ["Arm", "gradient_of", "value_of"]

Float = npt.NDArray[np.float64]


def value_of(means: Float, theta: float) -> float:
    """Return numerator / denominator − θ · covariate."""
    return float(means[0] / means[1] - theta * means[2])


def gradient_of(means: Float, theta: float) -> Float:
    """Return the gradient of :func:`value_of` over the means, shape (3,)."""
    return np.array([1 / means[1], -means[0] / means[1] ** 2, -theta])


@dataclass(frozen=True, slots=True)
class Arm:
    """What is known about one arm: as a whole, and stratum by stratum."""

    whole: Moments
    strata: list[Moments]
    weights: Float
    """Of the strata, shape (n_strata,), sum 1."""
    theta: float
    is_binomial: bool
    raw: float
    """The mean or ratio as observed."""

    @property
    def adjusted(self) -> float:
        """The same without the covariate's part, at the strata's shares of both arms."""
        return value_of(self.means, self.theta)

    @property
    def means(self) -> Float:
        """Of numerator, denominator and covariate, at the strata's shares of both arms."""
        return np.asarray(self.weights @ np.stack([cell.means for cell in self.strata]))

    @property
    def gradient(self) -> Float:
        """Of the adjusted value over the three means."""
        return gradient_of(self.means, self.theta)

    def variances(self) -> list[float]:
        """Return each stratum's part in the variance of the adjusted value."""
        g = self.gradient
        pairs = zip(self.weights.tolist(), self.strata, strict=True)
        return [w * w * self._along(cell, g, g) / cell.n for w, cell in pairs]

    def whole_variance(self) -> float:
        """Return the variance that the value would have without strata."""
        return self._along(self.whole, self.gradient, self.gradient) / self.whole.n

    def raw_variance(self) -> float:
        """Return the variance of the value as observed."""
        g = gradient_of(self.whole.means, 0.0)
        return self._along(self.whole, g, g) / self.whole.n

    def raw_covariance(self) -> float:
        """Return the covariance of the adjusted value with the value as observed."""
        g, raw = self.gradient, gradient_of(self.whole.means, 0.0)
        pairs = zip(self.weights.tolist(), self.strata, strict=True)
        return float(sum(w * self._along(cell, g, raw) for w, cell in pairs)) / self.whole.n

    def _along(self, cell: Moments, left: Float, right: Float) -> float:
        # p (1 - p), as proportions have it, is the variance over n.
        factor = (cell.n - 1) / cell.n if self.is_binomial else 1.0
        return factor * float(left @ cell.spread @ right)
