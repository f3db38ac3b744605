"""What members of a group tell about each other: an exact two-level Gaussian model.

Member i is x_i = own_i + Σ_g share_ig · effect_g, the effects entering the first k of d components:
an employee's interests are drawn around those of the departments, a content's appeal around the
knack of its voices.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Beliefs", "Groups"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Groups:
    """The prior: n members of dimension d in G groups with effects of dimension k ≤ d."""

    share: FloatArray
    """(n, G)."""
    effect_mean: FloatArray
    """(G, k)."""
    effect_covariance: FloatArray
    """(G, k, k), of independent groups."""
    own_mean: FloatArray
    """(d,)."""
    own_covariance: FloatArray
    """(d, d)."""

    def posterior(self, precision: FloatArray, shift: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean (n, d) and covariance (n, d, d) of every member given evidence on all.

        Evidence on member i is the Gaussian factor exp(−½ x'Px + s'x) with ``precision`` P,
        (n, d, d), and ``shift`` s, (n, d); zeros where there is none.
        """
        k = self.effect_mean.shape[1]
        own_precision = _inverse(self.own_covariance)
        given = _inverse(precision + own_precision)  # covariance of x_i given the effects
        # With own_i integrated out, evidence on the part that comes from the groups.
        remaining = shift - precision @ self.own_mean
        left_precision = (precision - precision @ given @ precision)[:, :k, :k]
        left_shift = (remaining - _times(precision @ given, remaining))[:, :k]
        mean, covariance = self._effects(left_precision, left_shift)
        pull = (given @ own_precision)[:, :, :k]
        base = _times(given, shift + own_precision @ self.own_mean)
        half = np.tensordot(self.share, covariance, axes=1)
        spread = np.einsum("ikbl,ib->ikl", half, self.share)
        return (
            base + _times(pull, self.share @ mean),
            given + pull @ spread @ pull.transpose(0, 2, 1),
        )

    def _effects(self, precision: FloatArray, shift: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean (G, k) and covariance (G, k, G, k) of the effects."""
        n_groups, k = self.effect_mean.shape
        prior = _inverse(self.effect_covariance)
        weighted = self.share[:, :, None, None] * precision[:, None]
        joint = np.tensordot(self.share.T, weighted, axes=1).transpose(0, 2, 1, 3)
        diagonal = np.arange(n_groups)
        joint[diagonal, :, diagonal, :] += prior
        covariance = _inverse(joint.reshape(n_groups * k, n_groups * k))
        total = np.asarray(self.share.T @ shift) + _times(prior, self.effect_mean)
        mean = covariance @ total.ravel()
        return mean.reshape(n_groups, k), covariance.reshape(n_groups, k, n_groups, k)


class Beliefs:
    """Gaussian beliefs about the members of ``groups``, to be changed in place between poolings."""

    def __init__(self, groups: Groups) -> None:
        n, d = len(groups.share), len(groups.own_mean)
        self._groups = groups
        self.mean, self.covariance = groups.posterior(np.zeros((n, d, d)), np.zeros((n, d)))
        self._prior = _natural(self.mean, self.covariance)

    def pool(self) -> None:
        """Let what was learned about each member count for the others of its groups."""
        now = _natural(self.mean, self.covariance)
        precision, shift = now[0] - self._prior[0], now[1] - self._prior[1]
        self.mean[:], self.covariance[:] = self._groups.posterior(precision, shift)
        now = _natural(self.mean, self.covariance)
        self._prior = now[0] - precision, now[1] - shift


def _natural(mean: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    precision = _inverse(covariance)
    return precision, _times(precision, mean)


def _inverse(matrices: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.inv(matrices), np.float64)


def _times(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Return the product of each of n matrices with its vector."""
    return np.asarray((matrices @ vectors[:, :, None])[:, :, 0])
