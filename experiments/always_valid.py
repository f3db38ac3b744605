"""Intervals that hold at every moment at once, however often and whenever somebody looks."""

import math

__all__ = ["multiplier", "p_value"]


def multiplier(n: int, alpha: float = 0.05, tuned_to: float = 5000) -> float:
    """Return how many standard errors an always-valid interval reaches to each side.

    Robbins' normal mixture as asymptotic confidence sequence (Waudby-Smith et al. 2024, eq. 2.5).

    Parameters
    ----------
    n
        Randomisation units of both arms so far: employees or clusters, never employee-days, which
        are not independent (with days for units a third of all tests without an effect alarm).
    tuned_to
        The number of units at which the interval is narrowest.

    Examples
    --------
    >>> round(multiplier(500), 5)
    3.85505
    """
    scale = n * _rho_squared(alpha, tuned_to)
    return math.sqrt(2 * (scale + 1) / scale * math.log(math.sqrt(scale + 1) / alpha))


def p_value(z: float, n: int, alpha: float = 0.05, tuned_to: float = 5000) -> float:
    """Return the always-valid p-value of an estimate ``z`` standard errors from no effect.

    It is below ``alpha`` exactly where the interval of :func:`multiplier` excludes no effect.
    """
    scale = n * _rho_squared(alpha, tuned_to)
    log_evidence = scale * z * z / (2 * (scale + 1)) - math.log(scale + 1) / 2
    return math.exp(min(-log_evidence, 0.0))


def _rho_squared(alpha: float, tuned_to: float) -> float:
    log = -2 * math.log(alpha)
    return (log + math.log(log + 1)) / tuned_to
