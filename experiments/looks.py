"""Planned looks at a fixed roster: how large z must be at each, and the p-value it stands for."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

__all__ = ["bounds", "repeated_p_value"]

Float = npt.NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)
"""Enough for 100 looks: the bounds change by less than 1e-6 with twice as many."""


@lru_cache(maxsize=256)
def bounds(looks: tuple[float, ...], alpha: float = 0.05) -> tuple[float, ...]:
    """Return the two-sided bound of z at each look, which together cost ``alpha``.

    Until share t of the information α · t² has been spent: little early, so that the last bound is
    close to the usual 1.96 (Lan and DeMets 1983; Kim and DeMets 1987, power family). Bounds by the
    recursion of Armitage, McPherson and Rowe (1969): the density of the running sum within the
    bounds so far, carried from look to look.

    Parameters
    ----------
    looks
        Increasing shares of the final information in (0, 1].
    alpha
        Two-sided error over all looks up to t = 1, in (0, 1).

    Examples
    --------
    >>> [round(z, 4) for z in bounds((0.25, 0.5, 0.75, 1.0))]
    [2.9552, 2.5594, 2.3009, 2.0919]
    """
    found = [float(-ndtri(alpha * looks[0] ** 2 / 2))]
    edge = found[0] * np.sqrt(looks[0])
    points = edge * _NODES
    density = edge * _WEIGHTS * _normal(points, looks[0])
    for before, now in pairwise(looks):
        step = np.sqrt(now - before)
        edge = _edge(points, density, step, alpha * (now**2 - before**2), np.sqrt(now))
        found.append(float(edge / np.sqrt(now)))
        onwards = edge * _NODES
        carried = _normal(onwards[:, None] - points, now - before) @ density
        points, density = onwards, edge * _WEIGHTS * carried
    return tuple(found)


def _normal(x: Float, variance: float) -> Float:
    return np.asarray(np.exp(-0.5 * x * x / variance) / np.sqrt(2 * np.pi * variance))


def _edge(points: Float, density: Float, step: float, spend: float, scale: float) -> float:
    """Return where the running sum leaves with probability ``spend`` at this look."""

    def excess(edge: float) -> float:
        leaves = ndtr((points - edge) / step) + ndtr((-points - edge) / step)
        return float(density @ leaves) - spend

    return float(brentq(excess, 0.0, 40.0 * scale)) if excess(0.0) > 0 else 0.0


def repeated_p_value(z: float, looks: tuple[float, ...], look: int, alpha: float = 0.05) -> float:
    """Return the smallest α whose bound at this look, counted from 1, ``z`` reaches.

    A repeated p-value (Jennison and Turnbull 2000, ch. 9): at most ``alpha`` exactly where |z| is
    at or beyond the bound, and never below the p-value of a single test or 1e-16.
    """
    curve = _curve(looks, look, alpha)
    lowest, highest = curve.x[[0, -1]]
    return 1.0 if abs(z) <= lowest else float(np.exp(curve(min(abs(z), highest))))


@lru_cache(maxsize=64)
def _curve(looks: tuple[float, ...], look: int, alpha: float) -> PchipInterpolator:
    """Return the logarithm of α as a function of the bound at one look."""
    spread = np.concatenate([np.logspace(-16, -2, 29), np.linspace(0.02, 0.999, 40), [alpha]])
    alphas = np.unique(spread)[::-1]
    heights = np.array([bounds(looks, float(a))[look - 1] for a in alphas])
    is_rise = np.concatenate([[True], np.diff(heights) > 0])
    return PchipInterpolator(heights[is_rise], np.log(alphas[is_rise]))
