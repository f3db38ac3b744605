"""Feature matrices: one row per candidate, all groups side by side."""

import numpy as np
import numpy.typing as npt

from recsys.features.groups import GROUPS
from recsys.features.moment import Moment

__all__ = ["FEATURE_NAMES", "feature_matrix"]

FEATURE_NAMES: tuple[str, ...] = tuple(name for group in GROUPS for name in group.columns)
"""Column names of every feature matrix."""


def feature_matrix(moment: Moment) -> npt.NDArray[np.float32]:
    """Return float32 features, shape (n_candidates, n_features); NaN where a value is unknown.

    Single precision on purpose: states that differ by rounding only then give equal features.
    """
    if len(moment.candidates) == 0:
        return np.zeros((0, len(FEATURE_NAMES)), np.float32)
    blocks = [group.compute(moment) for group in GROUPS]
    return np.concatenate(blocks, axis=1, dtype=np.float32, casting="same_kind")
