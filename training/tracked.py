"""What a run says about itself beside its figures: nested runs, and the tables it learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["NestedRun", "Reading", "Table"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure at a step; ``at`` is the moment it is about, None = now."""

    name: str
    value: float
    step: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NestedRun:
    """A run below another one; within it a name stands for one run."""

    name: str
    parameters: Mapping[str, object]
    readings: Sequence[Reading]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a data set without any of its rows."""

    name: str
    digest: str
    """Of the content: equal tables have equal digests."""
    columns: Mapping[str, str]
    """Name → ``boolean``, ``long``, ``double``, ``datetime`` or ``string``."""
    n_rows: int
