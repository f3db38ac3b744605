"""Who reads what I read just read this: co-reading over the latest contacts."""

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.state.recent import Recent
from recsys.times import DAY_US, HOUR_US

__all__ = ["CO_READING_HALF_LIVES", "CoReading"]

CO_READING_HALF_LIVES: tuple[int, ...] = (2 * HOUR_US, 2 * DAY_US)
"""What like-minded colleagues read this morning, and this week."""

_OWN_HALF_LIFE = 7 * DAY_US
"""My older reads say less about what I share with whom; a week is a reading cycle."""

_LEAST_GAIN = 1e-300
"""A read of decades ago must not underflow to 0, which means: not a neighbour yet."""

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@kernel
def _neighbours(
    me: int, mine: Index, mine_at: Times, readers: Index, now: int, own_half_life: float,
    weight: Float, who: Index,
) -> int:  # fmt: skip
    n = 0
    for i in range(len(mine)):
        if mine[i] >= len(readers):
            continue
        n_readers = 0
        while n_readers < readers.shape[1] and readers[mine[i], n_readers] >= 0:
            n_readers += 1
        # Adamic & Adar 2003: sharing a content that few read says more.
        gain = np.exp2(-(now - mine_at[i]) / own_half_life) / np.log(1.0 + max(n_readers, 2))
        gain = max(gain, _LEAST_GAIN)
        for j in range(n_readers):
            other = readers[mine[i], j]
            if other == me:
                continue
            if weight[other] == 0.0:
                who[n] = other
                n += 1
            weight[other] += gain
    return n


@kernel
def _spread(
    who: Index, n_who: int, weight: Float, contents: Index, contents_at: Times, now: int,
    half_lives: Float, score: Float,
) -> float:  # fmt: skip
    total = 0.0
    for i in range(n_who):
        other = who[i]
        total += weight[other]
        for j in range(contents.shape[1]):
            content = contents[other, j]
            if content < 0:
                break
            elapsed = float(now - contents_at[other, j])
            for h in range(len(half_lives)):
                score[content, h] += weight[other] * np.exp2(-elapsed / half_lives[h])
        weight[other] = 0.0
    return total


class CoReading:
    """Scores contents by the weighted, decayed recent readings of colleagues with shared reads.

    Holds scratch memory that grows with the company; not thread-safe.
    """

    def __init__(self) -> None:
        self._weight: Float = np.zeros(0)
        self._who: Index = np.zeros(0, np.int32)
        self._score: Float = np.zeros((0, len(CO_READING_HALF_LIVES)))
        self._half_lives = np.asarray(CO_READING_HALF_LIVES, np.float64)

    def scores(
        self, contents: Recent, readers: Recent, employee: int, candidates: Index, now: int
    ) -> Float:
        """Return float64, shape (n_candidates, n_half_lives): shares of neighbours' weight, 0..1.

        Zero for an employee without reads and for contents no neighbour touched lately.
        """
        mine, mine_at = contents.of(employee)
        if len(mine) == 0:
            return np.zeros((len(candidates), len(self._half_lives)))
        self._reserve(
            len(contents.partners), max(len(readers.partners), int(candidates.max(initial=-1)) + 1)
        )
        n_who = _neighbours(
            employee, mine, mine_at, readers.partners, now, float(_OWN_HALF_LIFE),
            self._weight, self._who,
        )  # fmt: skip
        total = _spread(
            self._who, n_who, self._weight, contents.partners, contents.times, now,
            self._half_lives, self._score,
        )  # fmt: skip
        out = (
            self._score[candidates] / total if total > 0 else np.zeros_like(self._score[candidates])
        )
        self._score[:] = 0.0
        return out

    def _reserve(self, n_employees: int, n_contents: int) -> None:
        if len(self._weight) < n_employees:
            self._weight = np.zeros(2 * n_employees)
            self._who = np.zeros(2 * n_employees, np.int32)
        if len(self._score) < n_contents:
            self._score = np.zeros((2 * n_contents, len(self._half_lives)))
