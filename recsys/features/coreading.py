"""Who reads what I read just read this: colleagues alike, by shared readings.

The likeness of two employees is what they both read, where a content that few read says more (after
Adamic & Adar 2003) and own readings fade, over how much each of them reads. Without that
division the most active colleagues are everybody's neighbours and most of the gain is gone.
Everything is live: a reading of a minute ago counts, and nothing is fitted overnight.
"""

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.state.decayed import CountTable, count
from recsys.state.live import LiveState
from recsys.times import DAY_US

__all__ = ["CO_READING_COLUMNS", "CoReading"]

CO_READING_COLUMNS: tuple[str, ...] = (
    "alike_15min", "alike_2h", "alike_24h", "alike_ever", "alike_mean", "alike_nearest",
)  # fmt: skip

_OWN_HALF_LIFE = 60.0 * DAY_US
"""Older readings say less about whom I am like; two months keep the occasional reader."""

_LEAST_GAIN = 1e-300
"""A read of decades ago must not underflow to 0, which means: not a neighbour yet."""

_NEWEST = 6
"""So many of a colleague's latest readings are looked at for candidates: about their last visit."""

_STILL_NEWS = 3 * DAY_US
"""What colleagues read before that is no candidate on their account."""

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@kernel
def _norm(activity: CountTable, employee: int, now: int) -> float:
    # Between the cosine (a root) and the product: tried on a development window. 0.5 on top: with
    # hardly any readings, sharing one of them is no likeness yet.
    return float(0.5 + max(count(activity, employee, 0, now), 0.0) ** 0.75)


@kernel
def _meet(
    me: int, mine: Index, mine_at: Times, readers: Index, activity: CountTable, now: int,
    likeness: Float, who: Index,
) -> int:  # fmt: skip
    """Fill ``likeness`` by employee; return how many colleagues in ``who`` have some."""
    n = 0
    for i in range(len(mine)):
        if mine[i] < 0:
            break
        if mine[i] >= len(readers):
            continue
        n_readers = 0
        while n_readers < readers.shape[1] and readers[mine[i], n_readers] >= 0:
            n_readers += 1
        rarity = 1.0 / np.log(1.0 + max(n_readers, 2))
        gain = max(np.exp2(-(now - mine_at[i]) / _OWN_HALF_LIFE) * rarity, _LEAST_GAIN)
        for j in range(n_readers):
            other = readers[mine[i], j]
            if other == me:
                continue
            if likeness[other] == 0.0:
                who[n] = other
                n += 1
            likeness[other] += gain
    norm = _norm(activity, me, now)
    for i in range(n):
        likeness[who[i]] /= norm * _norm(activity, who[i], now)
    return n


@kernel
def _spread(
    who: Index, likeness: Float, theirs: Index, theirs_at: Times, now: int, score: Float,
    candidates: Index, out: Float,
) -> None:  # fmt: skip
    """Sum likeness over who read each candidate lately; ``score`` is scratch, zero before/after."""
    for clear in range(2):
        for i in range(len(who)):
            for j in range(min(_NEWEST, theirs.shape[1])):
                content = theirs[who[i], j]
                if content < 0 or now - theirs_at[who[i], j] > _STILL_NEWS:
                    break
                if clear == 0:
                    fading = np.exp2(-(now - theirs_at[who[i], j]) / (0.5 * DAY_US))
                    score[content] += likeness[who[i]] * fading
                else:
                    score[content] = 0.0
        if clear == 0:
            for i in range(len(candidates)):
                out[i] = score[candidates[i]]


@kernel
def _alike(
    likeness: Float, readers: Index, readers_at: Times, readers_24h: Float, contents: Index,
    now: int, out: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    for i in range(len(contents)):
        minutes15 = hours2 = hours24 = ever = nearest = 0.0
        if contents[i] < len(readers):
            for j in range(readers.shape[1]):
                other = readers[contents[i], j]
                if other < 0:
                    break
                alike = likeness[other]
                if alike == 0.0:
                    continue
                # Half-lives of a day, a twelfth of it, and an eighth of that: powers of one number.
                in24 = np.exp2(-(now - readers_at[contents[i], j]) / DAY_US)
                in6 = in24 * in24 * in24 * in24
                in2 = in6 * in6 * in6
                in1 = in2 * in2
                in_half = in1 * in1
                minutes15 += alike * in_half * in_half
                hours2 += alike * in2
                hours24 += alike * in24
                ever += alike
                nearest = max(nearest, alike)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = minutes15, hours2, hours24, ever
        out[i, 4] = hours24 / (readers_24h[i] + 0.5)
        out[i, 5] = nearest


class CoReading:
    """The likeness of an employee's colleagues, and what follows for contents.

    One employee at a time: :meth:`meet`, then ask. Holds scratch memory of 12 bytes an employee
    and 8 a content; not thread-safe.
    """

    def __init__(self, state: LiveState) -> None:
        self._state = state
        self._likeness: Float = np.zeros(0)
        self._who: Index = np.zeros(0, np.int32)
        self._score: Float = np.zeros(0)
        self._n = 0

    def meet(self, employee: int, at: int) -> None:
        """Find the colleagues who are like ``employee`` (−1: nobody is)."""
        contents, readers = self._state.recent_contents, self._state.recent_readers
        self._likeness[self._who[: self._n]] = 0.0
        self._n = 0
        self._reserve()
        if 0 <= employee < len(contents.partners):
            self._n = _meet(
                employee, contents.partners[employee], contents.times[employee], readers.partners,
                self._state.counters.employee_firsts.table, at, self._likeness, self._who,
            )  # fmt: skip

    def recommend(self, candidates: Index, at: int) -> Float:
        """Return float64 (n,): likeness of those who read each candidate in the last days."""
        found = np.zeros(len(candidates))
        theirs = self._state.recent_contents
        who = self._who[: self._n]
        if self._n:
            _spread(
                who, self._likeness, theirs.partners, theirs.times, at, self._score, candidates,
                found,
            )  # fmt: skip
        return found

    def fill(
        self, contents: Index, readers_24h: Float, at: int, out: npt.NDArray[np.float32]
    ) -> None:
        """Write the ``CO_READING_COLUMNS`` of contents; zero where nobody alike read them."""
        readers = self._state.recent_readers
        _alike(self._likeness, readers.partners, readers.times, readers_24h, contents, at, out)

    def _reserve(self) -> None:
        n_employees = len(self._state.catalogue.employees.ids)
        if len(self._likeness) < n_employees:
            self._likeness = np.zeros(2 * n_employees)
            self._who = np.zeros(2 * n_employees, np.int32)
        n_contents = len(self._state.catalogue.contents.ids)
        if len(self._score) < n_contents:
            self._score = np.zeros(2 * n_contents)
