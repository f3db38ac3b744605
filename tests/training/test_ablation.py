"""Shuffling a feature group costs what the ranker makes of it, and nothing else."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from recsys.evaluation.metrics import mean_rank
from recsys.evaluation.protocol import Ranks
from recsys.features.groups import GROUPS
from recsys.features.matrix import FEATURE_NAMES
from recsys.interactions import Targets
from recsys.ranker.ranker import Ranker
from recsys.scoring import LiveScorer, Shortlisted
from training.ablation import ShuffledGroup, group_losses, shuffled_groups

Floats = npt.NDArray[np.float64]
_N, _LISTED = 12, 9
_CANDIDATES = np.arange(_N, dtype=np.int32)
_WIDE = max(GROUPS, key=lambda group: len(group.columns))


def _listed(seed: int = 0) -> Shortlisted:
    features = np.random.default_rng(seed).random((_LISTED, len(FEATURE_NAMES)), np.float32)
    return Shortlisted(np.arange(_LISTED), features, np.ones(_N, np.float32))


def _scorer(listed: Shortlisted) -> LiveScorer:
    return cast("LiveScorer", SimpleNamespace(shortlist=lambda *_: listed))


class _Watcher:
    """A ranker that keeps what it was asked and scores by one column."""

    def __init__(self, column: str = FEATURE_NAMES[0]) -> None:
        self.asked: list[npt.NDArray[np.float32]] = []
        self._column = FEATURE_NAMES.index(column)

    def probability(self, features: npt.NDArray[np.float32]) -> Floats:
        self.asked.append(features)
        return features[:, self._column].astype(np.float64)


def _shuffled(listed: Shortlisted, seed: int, *questions: tuple[int, int]) -> list[Floats]:
    ranker = _Watcher()
    group = ShuffledGroup(_WIDE, cast("Ranker", ranker), _scorer(listed), seed)
    for employee, at in questions:
        assert len(group.score(employee, _CANDIDATES, at)) == _N
    return [features.astype(np.float64) for features in ranker.asked]


def test_only_the_groups_columns_move_and_they_move_together() -> None:
    listed = _listed()
    before = listed.features.copy()
    (after,) = _shuffled(listed, 0, (1, 5))
    own = [name in _WIDE.columns for name in FEATURE_NAMES]
    assert np.array_equal(after[:, np.invert(own)], before[:, np.invert(own)])
    rows = {tuple(row) for row in before[:, own].tolist()}
    assert {tuple(row) for row in after[:, own].tolist()} == rows
    assert not np.array_equal(after[:, own], before[:, own])
    assert np.array_equal(listed.features, before), "the engine's own features stay"


def test_the_order_depends_on_the_question_and_the_seed_alone() -> None:
    listed = _listed()
    first, second, later = _shuffled(listed, 0, (1, 5), (2, 5), (1, 6))
    (again,) = _shuffled(listed, 0, (2, 5))
    assert np.array_equal(second, again), "whatever was asked before"
    (other_seed,) = _shuffled(listed, 1, (1, 5))
    for other in (second, later, other_seed):
        assert not np.array_equal(first, other)


def test_a_group_the_ranker_ignores_costs_nothing() -> None:
    """A ranker of one column loses by the group of that column alone."""
    used = GROUPS[2]
    ranker = cast("Ranker", _Watcher(used.columns[0]))
    lost = dict.fromkeys((group.name for group in GROUPS), 0)
    for question in range(20):
        scorer = _scorer(_listed(question))
        own = scorer.shortlist(0, _CANDIDATES, question).scores(ranker)
        for group in shuffled_groups(ranker, scorer, seed=0):
            scores = group.score(0, _CANDIDATES, question)
            lost[group.name] += mean_rank(scores, int(np.argmax(own))) != 1.0
    assert lost.pop(used.name) > 10
    assert set(lost.values()) == {0}


def _ranks(models: tuple[str, ...], rank: list[list[float]]) -> Ranks:
    n = len(rank)
    targets = Targets(
        np.arange(n, dtype=np.int32), np.zeros(n, np.int32), np.arange(n, dtype=np.int64),
        np.zeros(n, np.int64),
    )  # fmt: skip
    return Ranks(models, targets, np.array(rank), np.full(n, 9, np.int32), 0)


def test_losses_by_hand() -> None:
    ranks = _ranks(("recsys", "other"), [[1, 9], [1, 9], [3, 9]])
    probes = _ranks(("text", "topic", "more"), [[3, 1, 9], [1, 1, 9], [3, 1, 9]])
    losses = group_losses(ranks, ["topic", "text"], probes, seed=0)
    assert [loss.group for loss in losses] == ["text", "topic"], "largest first"
    assert losses[0].loss == pytest.approx(0.5 / 3)
    assert losses[1].loss == pytest.approx(-0.5 / 3), "a group may do harm"
    assert losses[0].low == 0.0
    assert losses[0].low < losses[0].loss < losses[0].high


def test_without_choices_losses_are_unknown() -> None:
    nothing = np.zeros(3, np.bool_)
    full = _ranks(("a",), [[1], [1], [1]])
    empty = Ranks(full.models, full.targets.take(nothing), full.rank[nothing],
                  full.n_candidates[nothing], 0)  # fmt: skip
    (loss,) = group_losses(empty, ["a"], empty, seed=0)
    assert np.isnan([loss.loss, loss.low, loss.high]).all()
