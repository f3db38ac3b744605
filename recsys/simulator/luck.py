"""Luck that belongs to a showing, not to the order of asking: common random numbers.

What happens when an employee is shown a content for the n-th time is decided by numbers hashed from
(seed, employee, content, n). Two policies that show the same thing to the same person so get the
same answer whatever else they do, and their difference is not blurred by different luck (Law,
"Simulation Modeling and Analysis", chapter 11).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.errors import ConfigurationError
from recsys.kernels import kernel, mix64
from recsys.simulator.log import constant
from recsys.simulator.town import Chance

__all__ = ["Luck"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_LOOKING, _OPENING, _READING, _SETTLING, _LINK_SHOWN, _LINK_ANSWER = (
    constant(purpose) for purpose in range(6)
)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio, the step of splitmix64: zeros in a row do not stay zero."""
_FIRST = constant(0)


@dataclass(frozen=True, slots=True)
class Luck:
    """The luck of one run.

    ``settled_share`` says how far interest is settled at first sight: in that share of later
    showings the luck of opening is that of the first showing again, so who did not open then will
    hardly open now. Every single showing keeps its planted probability; only repeats hang together.
    The default 0 is the simulator's own rule, a new chance at every showing, which makes repeating
    oneself as worthwhile as it can be.
    """

    seed: int = 1
    settled_share: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.settled_share <= 1.0 or self.seed < 0:
            raise ConfigurationError(
                f"luck has seed {self.seed} and settled_share {self.settled_share}; "
                "expected a seed of 0 or more and a share between 0 and 1"
            )

    def of_page(self, employee: int, contents: IntArray, nth: IntArray) -> FloatArray:
        """Return float64, shape (n, 2): uniform numbers that decide looking and opening.

        ``nth`` counts earlier showings of each content to this employee, from 0.
        """
        found = np.empty((len(contents), 2))
        _fill(self.seed, employee, contents, nth, self.settled_share, found)
        return found

    def of_reading(self, employee: int, content: int, nth: int) -> np.random.Generator:
        """Return what decides the rest; its first number decides about completing."""
        return _generator(_key(self.seed, _READING, employee, content, nth))

    def of_link(self, visit: int) -> Chance:
        """Return the streams of a link that a visit begins with."""
        shown, answer = (
            _generator(_key(self.seed, purpose, visit, 0, 0))
            for purpose in (_LINK_SHOWN, _LINK_ANSWER)
        )
        return Chance(shown, answer)


def _generator(key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(int(key)))


@kernel
def _key(seed: int, purpose: int, employee: int, content: int, nth: int) -> int:
    key = np.uint64(seed)
    for part in (purpose, employee, content, nth):
        key = mix64((key ^ np.uint64(part)) + _GOLDEN)
    return key  # type: ignore[return-value]  # an unsigned integer


@kernel
def _uniform(seed: int, purpose: int, employee: int, content: int, nth: int) -> float:
    """Return a number in [0, 1): the upper 53 bits, all that a double holds."""
    key = np.uint64(_key(seed, purpose, employee, content, nth))
    upper: float = np.float64(key >> np.uint64(11)) * 2.0**-53
    return upper


@kernel
def _fill(
    seed: int,
    employee: int,
    contents: IntArray,
    nth: IntArray,
    settled_share: float,
    found: FloatArray,
) -> None:
    for slot in range(len(contents)):
        content, n = contents[slot], nth[slot]
        found[slot, 0] = _uniform(seed, _LOOKING, employee, content, n)
        if _uniform(seed, _SETTLING, employee, content, n) < settled_share:
            n = _FIRST
        found[slot, 1] = _uniform(seed, _OPENING, employee, content, n)
