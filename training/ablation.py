"""What each feature group is worth: the ranking with the group's columns shuffled.

Nothing is fitted anew. A group is shuffled among the candidates of one question, its columns
together, so every candidate keeps plausible values, only not its own (Breiman 2001, section 10,
within questions). What two groups both tell is lost with neither, so losses do not add up; what is
alike for all candidates, such as the employee's habits, cannot be lost this way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.bootstrap import cluster_bootstrap
from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks
from recsys.features.groups import GROUPS, FeatureGroup
from recsys.features.matrix import FEATURE_NAMES
from recsys.randomness import generator_for
from recsys.ranker.ranker import Ranker
from recsys.scoring import LiveScorer

__all__ = ["GroupLoss", "ShuffledGroup", "group_losses", "shuffled_groups"]


@dataclass(frozen=True, slots=True)
class GroupLoss:
    """NDCG@10 lost when a group is shuffled, with its paired 95 % interval; NaN = unknown."""

    group: str
    loss: float
    low: float
    high: float


class ShuffledGroup:
    """A scorer beside the engine: its trees and features, one group shuffled.

    The order depends on the seed and the question alone, never on the order of asking.
    """

    def __init__(self, group: FeatureGroup, ranker: Ranker, scorer: LiveScorer, seed: int) -> None:
        self.name = group.name
        self._columns = [FEATURE_NAMES.index(column) for column in group.columns]
        self._ranker = ranker
        self._scorer = scorer
        self._seed = seed

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the scores after shuffling."""
        listed = self._scorer.shortlist(employee, candidates, at)
        rng = generator_for("shuffled group", self.name, self._seed, employee, at)
        features = listed.features.copy()
        features[:, self._columns] = rng.permutation(features[:, self._columns])
        return listed.scores(self._ranker, features=features)


def shuffled_groups(ranker: Ranker, scorer: LiveScorer, seed: int) -> list[ShuffledGroup]:
    """Return one scorer for every feature group."""
    return [ShuffledGroup(group, ranker, scorer, seed) for group in GROUPS]


def group_losses(
    ranks: Ranks, groups: Sequence[str], probes: Ranks, *, seed: int
) -> tuple[GroupLoss, ...]:
    """Return what each of ``groups`` is worth to the first model of ``ranks``, largest loss first.

    ``probes`` holds the ranks of the shuffled ones on the same targets.
    """
    columns = [probes.models.index(name) for name in groups]
    lost = ndcg(ranks.rank[:, :1], 10) - ndcg(probes.rank[:, columns], 10)
    found = cluster_bootstrap(lost, ranks.targets.employee, np.random.default_rng(seed))
    rows = zip(groups, found.value, found.low, found.high, strict=True)
    losses = (GroupLoss(name, float(v), float(low), float(high)) for name, v, low, high in rows)
    return tuple(sorted(losses, key=lambda loss: -loss.loss))
