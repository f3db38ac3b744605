"""Point-in-time training rows: history replayed, each choice beside what else could be chosen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.candidates.shortlist import ShortlistRecipe, make_shortlist
from recsys.features.matrix import FEATURE_NAMES, feature_matrix
from recsys.features.moment import Moment, Sources
from recsys.ranker.choices import Choices

__all__ = ["Sampling", "TrainingRows", "collect_rows"]

Candidates = Callable[[int, int], npt.NDArray[np.int32]]

_LIKELY = FEATURE_NAMES.index("readers_rank_1h")


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


def collect_rows(
    sources: Sources,
    choices: Choices,
    candidates_of: Candidates,
    *,
    sampling: Sampling,
    shortlist: ShortlistRecipe,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> TrainingRows:
    """Replay the log and take a group of rows at every choice, as known strictly before it.

    ``sources.state`` holds the log as pending and is moved forward to the last choice. The latest
    ``sampling.max_targets`` are used. Draws depend on the seed and the choice's place from the end
    of the log, so a longer history changes nothing in the rows of a choice.
    """
    targets = choices.targets
    blocks: list[npt.NDArray[np.float32]] = []
    weights: list[npt.NDArray[np.float32]] = []
    kept: list[int] = []
    n_missed = 0
    for place in range(max(0, len(targets) - sampling.max_targets), len(targets)):
        employee, at = int(targets.employee[place]), int(targets.occurred_at[place])
        sources.state.advance(at)
        moment = Moment.of(sources, employee, candidates_of(employee, at), at)
        is_candidate = bool((moment.contents == targets.content[place]).any())
        moment = moment.narrow(make_shortlist(moment, shortlist)[0])
        chosen = np.flatnonzero(moment.contents == targets.content[place])
        if len(chosen) == 1:
            rng = np.random.default_rng([seed, len(targets) - place])
            features = feature_matrix(moment)
            rows, weight = _sample(features[:, _LIKELY], int(chosen[0]), sampling, rng)
            blocks.append(features[rows])
            weights.append(weight)
            kept.append(place)
        else:
            n_missed += is_candidate
        if progress is not None:
            progress()
    return TrainingRows(
        np.concatenate(blocks) if blocks else np.zeros((0, len(FEATURE_NAMES)), np.float32),
        np.array([len(block) for block in blocks], np.int32),
        choices.depth[kept],
        choices.position[kept],
        np.concatenate(weights) if weights else np.zeros(0, np.float32),
        n_missed,
        int(targets.occurred_at[kept[-1]]) if kept else None,
    )


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
