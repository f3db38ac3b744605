"""Interactions as arrays, and what follows from them alone: first ones, targets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["FirstInteractions", "InteractionLog", "Targets", "find_targets", "first_interactions"]


@dataclass(frozen=True, slots=True)
class InteractionLog:
    """Interactions with a content: ``occurred_at`` ascending, ties in file order. Shape (n,)."""

    employee: npt.NDArray[np.int32]
    content: npt.NDArray[np.int32]
    occurred_at: npt.NDArray[np.int64]
    """Microseconds since 1970."""

    def __len__(self) -> int:
        return len(self.occurred_at)

    def pair_codes(self) -> npt.NDArray[np.int64]:
        """Return one int64 per row that is the same for the same employee and content."""
        n_contents = np.int64(self.content.max(initial=-1)) + 1
        return self.employee.astype(np.int64) * n_contents + self.content


@dataclass(frozen=True, slots=True)
class FirstInteractions:
    """The first interaction of every (employee, content) pair, in log order. Shape (n_pairs,)."""

    employee: npt.NDArray[np.int32]
    content: npt.NDArray[np.int32]
    occurred_at: npt.NDArray[np.int64]
    is_content_first: npt.NDArray[np.bool_]
    """No interaction with this content is earlier in file order."""

    def count_before(self, at: int) -> int:
        """Return how many pairs were formed strictly before ``at``; they are a prefix."""
        return int(np.searchsorted(self.occurred_at, at, side="left"))


@dataclass(frozen=True, slots=True)
class Targets:
    """What employees chose, in log order; each is ranked at its own moment. Shape (n_targets,)."""

    employee: npt.NDArray[np.int32]
    content: npt.NDArray[np.int32]
    occurred_at: npt.NDArray[np.int64]
    n_contents_before: npt.NDArray[np.int64]
    """How many contents the employee had interacted with strictly before."""

    def __len__(self) -> int:
        return len(self.occurred_at)

    def take(self, rows: npt.NDArray[np.bool_]) -> "Targets":
        """Return the targets where ``rows``, bool of shape (n_targets,), is true."""
        return Targets(
            self.employee[rows],
            self.content[rows],
            self.occurred_at[rows],
            self.n_contents_before[rows],
        )

    def evenly_spaced(self, at_most: int | None) -> "Targets":
        """Return ``at_most`` of the targets at even distances; all of them if there are no more."""
        if at_most is None or len(self) <= at_most:
            return self
        rows = np.zeros(len(self), np.bool_)
        rows[np.arange(at_most) * len(self) // at_most] = True
        return self.take(rows)


def first_interactions(log: InteractionLog) -> FirstInteractions:
    """Return the first interaction of every pair over the whole log; ties go by file order."""
    first = ~pd.Series(log.pair_codes()).duplicated().to_numpy()
    content_first = ~pd.Series(log.content).duplicated().to_numpy()
    return FirstInteractions(
        log.employee[first],
        log.content[first],
        log.occurred_at[first],
        content_first[first],
    )


def find_targets(log: InteractionLog, start_us: int, end_us: int) -> Targets:
    """Return the targets of the test window ``start_us <= occurred_at < end_us``.

    A target is the first interaction of a pair over the whole log, so a pair first touched before
    the window has none. A content's very first interaction in file order is no target: where the
    publication time is a proxy it is the publication itself.
    """
    pairs = first_interactions(log)
    times = pd.Series(pairs.occurred_at)
    before = (times.groupby(pairs.employee).rank(method="min") - 1).to_numpy(np.int64)
    everything = Targets(pairs.employee, pairs.content, pairs.occurred_at, before)
    in_window = (pairs.occurred_at >= start_us) & (pairs.occurred_at < end_us)
    return everything.take(in_window & ~pairs.is_content_first)
