"""Point-in-time training rows: history replayed, each choice beside what else could be chosen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.candidates.shortlist import ShortlistRecipe, make_shortlist
from recsys.features.matrix import FEATURE_NAMES, feature_matrix
from recsys.features.moment import Moment, Sources
from recsys.interactions import Targets
from recsys.ranker.choice_rows import ChoiceRows
from recsys.ranker.choices import Choices

__all__ = ["Candidates", "Sampling", "TrainingRows", "rows_to_learn", "take_rows"]

Candidates = Callable[[int, int], npt.NDArray[np.int32]]

_LIKELY = FEATURE_NAMES.index("readers_rank_1h")
_NO_ROWS = np.zeros((0, len(FEATURE_NAMES)), np.float32)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many of the candidates that were not chosen stand beside each chosen one.

    They are taken from the shortlist the ranker will have to order: ``n_likely`` are drawn among
    the ``likely_pool`` a plain list would have shown first (by readers of the last hour, then
    newest), ``n_any`` among the rest: the first teach the top of the list, the second keep the rest
    of it in order.
    """

    max_targets: int = 20_000
    n_likely: int = 25
    likely_pool: int = 80
    n_any: int = 20


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows grouped by question; within a group the first row is the chosen content."""

    features: npt.NDArray[np.float32]
    """Shape (n_rows, n_features)."""
    group_sizes: npt.NDArray[np.int32]
    """Rows of each question, shape (n_questions,)."""
    depth: npt.NDArray[np.int8]
    """How deep the choice went (see :mod:`recsys.ranker.choices`), shape (n_questions,)."""
    position: npt.NDArray[np.int16]
    """Where the chosen content was shown, 0 = unknown, shape (n_questions,)."""
    weight: npt.NDArray[np.float32]
    """How many candidates of the shortlist a row stands for, shape (n_rows,)."""
    n_missed: int = 0
    """Choices that were not on the shortlist: what the cut loses."""
    last_at: int | None = None
    """When the latest question was asked, microseconds; None for a part of the questions."""

    @property
    def labels(self) -> npt.NDArray[np.int32]:
        """Return the depth in the chosen row of each group, else 0; shape (n_rows,)."""
        labels = np.zeros(len(self.features), np.int32)
        labels[np.cumsum(self.group_sizes) - self.group_sizes] = self.depth
        return labels

    def questions(self, first: int, end: int) -> "TrainingRows":
        """Return the groups ``first`` to ``end`` − 1."""
        starts = np.concatenate([[0], np.cumsum(self.group_sizes)])
        rows = slice(int(starts[first]), int(starts[end]))
        return TrainingRows(
            self.features[rows], self.group_sizes[first:end], self.depth[first:end],
            self.position[first:end], self.weight[rows],
        )  # fmt: skip


def rows_to_learn(taken: ChoiceRows, choices: Choices) -> TrainingRows:
    """Return what a ranker learns from: the rows of choices with their depth and position."""
    has_rows = taken.sizes > 0
    asked_at = choices.targets.occurred_at[has_rows]
    return TrainingRows(
        taken.features, taken.sizes[has_rows], choices.depth[has_rows],
        choices.position[has_rows], taken.weight, int(taken.is_missed.sum()),
        int(asked_at.max()) if len(asked_at) else None,
    )  # fmt: skip


def take_rows(
    sources: Sources,
    targets: Targets,
    candidates_of: Candidates,
    *,
    sampling: Sampling,
    shortlist: ShortlistRecipe,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> ChoiceRows:
    """Replay the log and take a group of rows at every choice, as known strictly before it.

    ``sources.state`` holds the log as pending and is moved forward to the last choice. Draws depend
    on the seed, the moment, and which of the choices of one microsecond it is, so a choice has the
    same rows whatever else is in the log before or after it, and whatever anybody is called.
    """
    blocks: list[npt.NDArray[np.float32]] = []
    weights: list[npt.NDArray[np.float32]] = []
    is_missed: list[bool] = []
    nth, last_at = 0, None
    for employee, content, at in zip(
        targets.employee.tolist(), targets.content.tolist(), targets.occurred_at.tolist(),
        strict=True,
    ):  # fmt: skip
        nth = nth + 1 if at == last_at else 0
        last_at = at
        sources.state.advance(at)
        moment = Moment.of(sources, employee, candidates_of(employee, at), at)
        is_candidate = bool((moment.contents == content).any())
        moment = moment.narrow(make_shortlist(moment, shortlist)[0])
        chosen = np.flatnonzero(moment.contents == content)
        features, weight = _NO_ROWS, _NO_ROWS[:, 0]
        if len(chosen) == 1:
            rng = np.random.default_rng([seed, at, nth])
            features = feature_matrix(moment)
            rows, weight = _sample(features[:, _LIKELY], int(chosen[0]), sampling, rng)
            features = features[rows]
        blocks.append(features)
        weights.append(weight)
        is_missed.append(is_candidate and len(chosen) != 1)
        if progress is not None:
            progress()
    return ChoiceRows.of(blocks, weights, is_missed)


def _sample(
    likely_rank: npt.NDArray[np.float32], chosen: int, sampling: Sampling, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return rows of the shortlist, the chosen one first, and what each stands for."""
    others = np.flatnonzero(np.arange(len(likely_rank)) != chosen)
    is_likely = likely_rank[others] < sampling.likely_pool
    parts, weights = [np.array([chosen])], [np.ones(1)]
    for pool, n in ((others[is_likely], sampling.n_likely), (others[~is_likely], sampling.n_any)):
        drawn = np.sort(rng.choice(pool, min(n, len(pool)), replace=False))
        parts.append(drawn)
        weights.append(np.full(len(drawn), len(pool) / max(len(drawn), 1)))
    return np.concatenate(parts), np.concatenate(weights).astype(np.float32)
