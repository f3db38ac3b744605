"""Point-in-time training rows: history replayed, each choice beside what else could be chosen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.features.matrix import FEATURE_NAMES, feature_matrix
from recsys.features.moment import Moment, Sources
from recsys.interactions import Targets
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.times import HOUR_US

__all__ = ["Sampling", "TrainingRows", "collect_rows"]

Candidates = Callable[[int, int], npt.NDArray[np.int32]]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many of the candidates that were not chosen stand beside each chosen one.

    ``n_likely`` are drawn among the ``likely_pool`` a plain list would have shown first (by
    readers of the last hour, then newest), ``n_any`` among all: the first teach the top of the
    list, the second keep the rest of it in order.
    """

    max_targets: int = 20_000
    n_likely: int = 20
    likely_pool: int = 100
    n_any: int = 20


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows grouped by question; within a group the first row is the chosen content."""

    features: npt.NDArray[np.float32]
    """Shape (n_rows, n_features)."""
    group_sizes: npt.NDArray[np.int32]
    """Rows of each question, shape (n_questions,)."""

    @property
    def labels(self) -> npt.NDArray[np.int32]:
        """Return 1 for the chosen row of each group, else 0; shape (n_rows,)."""
        labels = np.zeros(len(self.features), np.int32)
        labels[np.cumsum(self.group_sizes) - self.group_sizes] = 1
        return labels


def collect_rows(
    sources: Sources,
    targets: Targets,
    candidates_of: Candidates,
    *,
    sampling: Sampling,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> TrainingRows:
    """Replay the log and take a group of rows at every target, as known strictly before it.

    ``sources.state`` holds the log as pending and is moved forward to the last target. The latest
    ``sampling.max_targets`` are used. Draws depend on the seed and the target's place from the end
    of the log, so a longer history changes nothing in the rows of a target.
    """
    blocks: list[npt.NDArray[np.float32]] = []
    first = max(0, len(targets) - sampling.max_targets)
    for place in range(first, len(targets)):
        employee, content = int(targets.employee[place]), int(targets.content[place])
        at = int(targets.occurred_at[place])
        sources.state.advance(at)
        candidates = candidates_of(employee, at)
        chosen = np.flatnonzero(candidates == content)
        if len(chosen) == 1:
            rng = np.random.default_rng([seed, len(targets) - place])
            moment = Moment.of(sources, employee, candidates, at)
            places = _sample(moment.readers[:, _LIKELY], int(chosen[0]), sampling, rng)
            blocks.append(feature_matrix(moment.narrow(places)))
        if progress is not None:
            progress()
    sizes = np.array([len(block) for block in blocks], np.int32)
    features = np.concatenate(blocks) if blocks else np.zeros((0, len(FEATURE_NAMES)), np.float32)
    return TrainingRows(features, sizes)


_LIKELY = POPULARITY_HALF_LIVES.index(HOUR_US)


def _sample(
    readers: npt.NDArray[np.float64], chosen: int, sampling: Sampling, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return places among the candidates: the chosen one first, then the others, each once."""
    n_rows = len(readers)
    pool = min(sampling.likely_pool, n_rows)
    # Candidates come newest first, so a stable sort leaves equals in that order.
    likely = np.argsort(-readers, kind="stable")[:pool]
    drawn = np.concatenate(
        [
            rng.choice(likely, min(sampling.n_likely, pool), replace=False),
            rng.choice(n_rows, min(sampling.n_any, n_rows), replace=False),
        ]
    )
    others = np.unique(drawn[drawn != chosen])
    return np.concatenate([[chosen], others]).astype(np.int64)
