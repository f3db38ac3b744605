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
    Ranks compare with the other candidates of the moment.
    """
    features = np.empty((len(moment.contents), len(FEATURE_NAMES)), np.float32)
    if len(features) == 0:
        return features
    first = 0
    for group in GROUPS:
        end = first + len(group.columns)
        group.fill(moment, features[:, first:end])
        first = end
    return features
