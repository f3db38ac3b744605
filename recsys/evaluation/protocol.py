"""The live protocol: at every choice, rank everything the employee could have chosen.

For each target the world has seen all events strictly before it and nothing else. All scorers rank
the same candidates, all of them; negatives are never sampled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from recsys.evaluation.metrics import mean_rank
from recsys.interactions import Targets

__all__ = ["LiveWorld", "Ranks", "Scorer", "evaluate"]


class LiveWorld(Protocol):
    """What is known at a moment, and who could be shown what. Time runs forward."""

    def advance(self, at: int) -> None:
        """Observe everything strictly before ``at`` (microseconds); ``at`` never decreases."""

    def candidates(self, employee: int, at: int) -> npt.NDArray[np.int32]:
        """Return the contents this employee could be shown now, each once, in any order."""


class Scorer(Protocol):
    """A way to rank. It may follow the world or keep its own account of the log."""

    name: str

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.floating]:
        """Return one score per candidate, from what was known strictly before ``at``.

        Higher is better; ties share the middle rank; ``-inf`` = cannot score, ranks last; NaN is an
        error. ``at`` never decreases.
        """


@dataclass(frozen=True, slots=True)
class Ranks:
    """The rank every model gave to what was chosen."""

    models: tuple[str, ...]
    targets: Targets
    """The n targets that were among the candidates."""
    rank: npt.NDArray[np.float64]
    """Mean rank, 1-based, shape (n, n_models)."""
    n_candidates: npt.NDArray[np.int32]
    """Shape (n,)."""
    n_ineligible: int
    """Targets that were left out because they were not among the candidates."""

    def models_from(self, first: int, end: int) -> "Ranks":
        """Return the ranks of the models ``first`` to ``end`` − 1 on the same targets."""
        return replace(self, models=self.models[first:end], rank=self.rank[:, first:end])

    def select(self, rows: npt.NDArray[np.bool_]) -> "Ranks":
        """Return the ranks of some targets only, bool of shape (n,)."""
        return replace(
            self, targets=self.targets.take(rows), rank=self.rank[rows],
            n_candidates=self.n_candidates[rows],
        )  # fmt: skip


def evaluate(
    targets: Targets,
    world: LiveWorld,
    scorers: Sequence[Scorer],
    *,
    progress: Callable[[], None] | None = None,
) -> Ranks:
    """Walk through the targets in time order and let every scorer rank the candidates.

    ``progress`` is called after every target. Targets of one instant are all ranked before any of
    them is observed. Raises ``ValueError`` when targets are not in time order, or naming the scorer
    whose scores have another length or NaN.
    """
    if np.any(np.diff(targets.occurred_at) < 0):
        raise ValueError("targets are not in time order; pass them as find_targets returns them")
    rank = np.full((len(targets), len(scorers)), np.nan)
    n_candidates = np.zeros(len(targets), np.int32)
    eligible = np.zeros(len(targets), np.bool_)
    for row, (employee, content, at) in enumerate(
        zip(
            targets.employee.tolist(),
            targets.content.tolist(),
            targets.occurred_at.tolist(),
            strict=True,
        )
    ):
        world.advance(at)
        candidates = world.candidates(employee, at)
        chosen = np.flatnonzero(candidates == content)
        if len(chosen) == 1:
            eligible[row], n_candidates[row] = True, len(candidates)
            for column, scorer in enumerate(scorers):
                rank[row, column] = _rank(scorer, employee, candidates, at, int(chosen[0]))
        if progress is not None:
            progress()
    return Ranks(
        tuple(scorer.name for scorer in scorers),
        targets.take(eligible),
        rank[eligible],
        n_candidates[eligible],
        int(np.count_nonzero(~eligible)),
    )


def _rank(
    scorer: Scorer, employee: int, candidates: npt.NDArray[np.int32], at: int, chosen: int
) -> float:
    scores = scorer.score(employee, candidates, at)
    if scores.shape != candidates.shape:
        raise ValueError(
            f"scorer {scorer.name} returned shape {scores.shape} for {len(candidates)} candidates"
        )
    try:
        return mean_rank(scores, chosen)
    except ValueError as error:
        raise ValueError(f"scorer {scorer.name}: {error}") from None
