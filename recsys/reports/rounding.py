"""Sizes of groups, rounded so that two groups that differ by one person cannot be told apart."""

import numpy as np
import numpy.typing as npt

from recsys.reports.suppression import DEFAULT_K

__all__ = ["rounded_size"]


def rounded_size(members: npt.NDArray[np.bool_], step: int = DEFAULT_K) -> int:
    """Return the number of ``members``, bool of shape (n_employees,), as a multiple of ``step``.

    Up or down is drawn in proportion to the remainder, so the mean is right, and by a number that
    belongs to this very group: equal groups get equal answers however often they are asked about,
    and whoever fills a group up to the brink of rounding does not see one more person tip it over.
    The group's number is the sum of numbers of its members (cell keys; Fraser and Wooton 2005, "A
    proposed method for confidentialising tabular output to protect against differencing").
    """
    keys = np.random.PCG64(0).random_raw(len(members))
    key = int(keys[members].sum(dtype=np.uint64)) / 2**64  # the sum runs over, which is wanted
    return int(step * np.floor(np.count_nonzero(members) / step + key))
