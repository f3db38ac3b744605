"""P-values adjusted for the number of questions asked."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import false_discovery_control

from experiments.design import Correction

__all__ = ["adjust"]


def adjust(p_values: Sequence[float], correction: Correction) -> list[float]:
    """Return adjusted p-values in the same order.

    ``holm`` (1979) bounds the chance of any false claim, ``bh`` (Benjamini and Hochberg 1995) the
    expected share of false ones among the claims; ``none`` leaves them as they are.
    """
    values = np.asarray(p_values, np.float64)
    if correction == "none" or len(values) < 2:
        return list(p_values)
    if correction == "bh":
        found: list[float] = false_discovery_control(values).tolist()
        return found
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return list(adjusted.tolist())
