"""Which variant a unit gets by hash: the same answer everywhere, without any memory.

GrowthBook's hash, version 2 (its SDK specification, section on hashing): the 32-bit FNV-1a hash
of the decimal text of the FNV-1a hash of seed + unit, modulo 10,000. FNV-1a runs over UTF-16 code
units, as the JavaScript of the published SDKs does; over UTF-8 bytes, other names would get other
variants.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum, isfinite

from recsys.errors import ConfigurationError

__all__ = ["HashedVariants", "bucket_of", "fnv1a32"]

_OFFSET, _PRIME = 0x811C9DC5, 0x01000193
_BUCKETS = 10_000
_ROUNDING = 1e-6
"""Shares such as three times 0.333333 may miss 1 by this much."""


def fnv1a32(text: str) -> int:
    """Return the 32-bit FNV-1a hash of the UTF-16 code units of ``text``."""
    units = text.encode("utf-16-le", "surrogatepass")
    value = _OFFSET
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = ((value ^ (high << 8 | low)) * _PRIME) & 0xFFFFFFFF
    return value


def bucket_of(seed: str, unit: str) -> float:
    """Return the place of ``unit`` on 0..1, in steps of 1/10,000; uniform over units."""
    return fnv1a32(str(fnv1a32(seed + unit))) % _BUCKETS / _BUCKETS


@dataclass(frozen=True)
class HashedVariants:
    """The variants of one experiment as ranges of buckets.

    Each variant's range begins where the one before would end at full coverage, so raising the
    coverage moves nobody who is in. Changing weights does move people.

    Attributes
    ----------
    experiment
        Its key; also the seed of the hash.
    weights
        Variant → share of the covered units, in order; the shares sum to 1.
    coverage
        Share of all units that takes part.
    """

    experiment: str
    weights: Mapping[str, float]
    coverage: float = 1.0

    def __post_init__(self) -> None:
        if not self.experiment:
            raise ConfigurationError(
                "the experiment has no key; it is the seed of the hash: give it a name"
            )
        if not 0 <= self.coverage <= 1:
            raise ConfigurationError(
                f"the coverage is {self.coverage:g}, expected the share of all units that take "
                "part, from 0 to 1"
            )
        for variant, weight in self.weights.items():
            if not (isfinite(weight) and weight >= 0):
                raise ConfigurationError(
                    f"the variant {variant!r} has the weight {weight:g}, expected a share, 0 to 1"
                )
        total = fsum(self.weights.values())
        if abs(total - 1) > _ROUNDING:
            raise ConfigurationError(
                f"the weights of the variants sum to {total:g}, expected 1 (a=0.5,b=0.5)"
            )

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Return the buckets [low, high) of every variant."""
        ranges, start = {}, 0.0
        for variant, weight in self.weights.items():
            ranges[variant] = (start, start + self.coverage * weight)
            start += weight
        return ranges

    def variant(self, bucket: float) -> str | None:
        """Return whose range holds ``bucket``; None outside the coverage."""
        for variant, (low, high) in self.ranges().items():
            if low <= bucket < high:
                return variant
        return None
