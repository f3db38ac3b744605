"""Who is in which variant, and where that is known from.

The one source so far is the hash. A stored assignment, drawn in blocks over the known roster, goes
before it once experiments are kept in the store; hence ``source``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from experiments.hashing import HashedVariants, bucket_of

__all__ = ["Assignment", "Source", "assign_by_hash"]

Source = Literal["hash"]


@dataclass(frozen=True)
class Assignment:
    """One unit's variant; None: it does not take part. ``bucket`` is its place on 0..1."""

    unit: str
    variant: str | None
    source: Source
    bucket: float


def assign_by_hash(variants: HashedVariants, units: Iterable[str]) -> list[Assignment]:
    """Return one assignment for every distinct unit, in the order they first appear.

    An empty unit is nobody and is passed over: hashing it would put all nameless people into one
    variant.
    """
    distinct = dict.fromkeys(unit for unit in units if unit)
    buckets = ((unit, bucket_of(variants.experiment, unit)) for unit in distinct)
    return [Assignment(unit, variants.variant(bucket), "hash", bucket) for unit, bucket in buckets]
