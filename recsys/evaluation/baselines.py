"""Baselines that follow the log: newest first, and popularity that decays.

They keep their own account of the log, independent of the engine's live state, so that they can
serve as an oracle for it.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.interactions import InteractionLog
from recsys.times import SECOND_US

__all__ = ["HALF_LIVES", "REPEAT_WEIGHT", "DecayedPopularity", "NewestFirst"]

HALF_LIVES: dict[str, int] = {"5min": 300, "1h": 3_600, "6h": 21_600, "1d": 86_400, "3d": 259_200}
"""Label → half-life in seconds. It is the baseline's only parameter and matters a great deal."""

REPEAT_WEIGHT = 0.2
"""What an interaction counts after the first one of the same employee with the same content."""


class NewestFirst:
    """The latest published first; ``published_at`` is int64 microseconds by content."""

    name = "newest_first"

    def __init__(self, published_at: npt.NDArray[np.int64]) -> None:
        self._published_at = published_at.astype(np.float64)  # exact: times stay below 2^53 µs

    def score(
        self,
        employee: int,  # noqa: ARG002 (the same list for everybody)
        candidates: npt.NDArray[np.int32],
        at: int,  # noqa: ARG002 (age differences do not change)
    ) -> npt.NDArray[np.float64]:
        """Return publication times."""
        return self._published_at[candidates]


def _log2_weights(log: InteractionLog) -> npt.NDArray[np.float64]:
    """Return log2 of 1 for the first interaction of a pair and of 0.2 for a repeat, shape (n,)."""
    is_repeat = pd.Series(log.pair_codes()).duplicated().to_numpy()
    return np.where(is_repeat, math.log2(REPEAT_WEIGHT), 0.0)


class DecayedPopularity:
    """Interactions per content, halved every half-life: Σ weight × 2^(−age / half-life).

    Kept as log2 Σ weight × 2^(time / half-life): growth with time is the same for every content, so
    this number needs no decay, orders like the sum at any moment, and does not underflow however
    long ago an interaction was. A content without interactions is ``-inf``. Contents with equal
    histories tie exactly.

    With ``department`` (int32 by employee, −1 = unknown), counts are of the employee's own
    department; employees of an unknown one get the counts of everybody. Memory: 8 bytes ×
    (departments + 1) × contents.
    """

    def __init__(
        self,
        name: str,
        log: InteractionLog,
        *,
        half_life_seconds: float,
        n_contents: int,
        department: npt.NDArray[np.int32] | None = None,
    ) -> None:
        self.name = name
        self._log = log
        self._log2_weight = _log2_weights(log)
        self._half_life_us = half_life_seconds * SECOND_US
        self._origin = int(log.occurred_at[0]) if len(log.occurred_at) else 0
        self._department = department
        n_departments = 0 if department is None else int(department.max(initial=-1)) + 1
        self._log2_counts = np.full((n_departments + 1, n_contents), -np.inf)  # last: everybody
        self._n_seen = 0

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return log2 of decayed counts, up to a constant common to all candidates."""
        self._advance(at)
        row = -1 if self._department is None else self._department[employee]
        return np.asarray(self._log2_counts[row, candidates])

    def counts(self, at: int) -> npt.NDArray[np.float64]:
        """Return decayed counts of everybody at ``at``, shape (n_contents,); to about 1e-10."""
        self._advance(at)
        age = (at - self._origin) / self._half_life_us
        return np.asarray(np.exp2(self._log2_counts[-1] - age))

    def _advance(self, at: int) -> None:
        """Count the interactions strictly before ``at``."""
        end = int(np.searchsorted(self._log.occurred_at, at, side="left"))
        if end <= self._n_seen:
            return
        new = slice(self._n_seen, end)
        content = self._log.content[new]
        time = (self._log.occurred_at[new] - self._origin) / self._half_life_us
        amount = self._log2_weight[new] + time
        np.logaddexp2.at(self._log2_counts[-1], content, amount)
        if self._department is not None:
            department = self._department[self._log.employee[new]]
            known = department >= 0
            np.logaddexp2.at(self._log2_counts, (department[known], content[known]), amount[known])
        self._n_seen = end
