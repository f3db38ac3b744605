"""The axes along which people read differently: what a segment may be made of, and nothing else.

All are in logits against what the company does under the same circumstances; 0 is the usual
employee. There is no age, no sex and no hour of the day here, nor anything made of them.
"""

import numpy as np
import numpy.typing as npt

from recsys.schema import FORMAT_FAMILIES, FORMATS

__all__ = ["AXES", "DEPTH", "FAMILY", "INTEREST", "N_AXES", "TIME_COST", "Float", "Index"]

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

AXES: tuple[str, ...] = ("interest", "time_cost", "depth", *FORMAT_FAMILIES)
"""- ``interest``: readiness to open what is shown.
- ``time_cost``: how much more readily short things are opened and completed than long ones, per
  standard deviation of log length.
- ``depth``: readiness to stay to the end once something is opened, and to go beyond reading.
- one per format family: readiness to open and complete things in this form."""

N_AXES = len(AXES)
INTEREST, TIME_COST, DEPTH = (AXES.index(name) for name in ("interest", "time_cost", "depth"))

FAMILY: npt.NDArray[np.int64] = np.array(
    [AXES.index(family) for family, formats in FORMAT_FAMILIES.items() for _ in formats], np.int64
)
"""(n_formats,): the axis of each format's family, by place in ``FORMATS``."""

assert len(FAMILY) == len(FORMATS)
