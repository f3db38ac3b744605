"""Rows to learn from: each choice beside what else was on its shortlist."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from recsys.affinity.factors import FactorProvider
from recsys.audience.audience import Audiences
from recsys.candidates.eligible import EligibleContents
from recsys.candidates.shortlist import ShortlistRecipe, make_shortlist
from recsys.catalogue.catalogue import Catalogue
from recsys.features.content_vectors import ContentVectors
from recsys.features.matrix import FEATURE_NAMES, feature_matrix
from recsys.features.moment import Moment, Sources
from recsys.interactions import InteractionLog, find_targets
from recsys.ranker.choices import Choices, describe_choices
from recsys.ranker.training_rows import Sampling, TrainingRows, rows_to_learn, take_rows
from recsys.state.live import LiveState
from recsys.text.vectors import TextModel
from recsys.times import DAY_US

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_SAMPLING = Sampling(max_targets=80, n_likely=3, likely_pool=6, n_any=4)
_SHORT = ShortlistRecipe(
    all_up_to=0, newest=1, readers_1h=1, readers_6h=2, readers_3d=8, alike=1
)  # so short that it misses some choices


class Replay:
    """The company's log before its first question, and the choices in it."""

    def __init__(self, company: "Company") -> None:
        catalogue = Catalogue.of(company.dataset)
        log = catalogue.encode(company.dataset["events"])
        self.state = LiveState(catalogue, lateness_us=2 * DAY_US)
        self.state.observe(log)
        text = ContentVectors(TextModel.fit([], size=1, seed=0), catalogue.contents)
        self.sources = Sources(self.state, text, FactorProvider(catalogue, []))
        self.candidates: Callable[[int, int], npt.NDArray[np.int32]]
        self.candidates = EligibleContents(self.state, Audiences(catalogue)).retrieve
        known = catalogue.contents["known"].view(np.bool_)
        read = log.take(log.is_interaction & known[log.content])
        interactions = InteractionLog(read.employee, read.content, read.occurred_at)
        targets = find_targets(interactions, 0, int(log.occurred_at.max()) + 1)
        self.choices = describe_choices(targets, log)

    def rows(
        self,
        choices: Choices | None = None,
        sampling: Sampling = _SAMPLING,
        shortlist: ShortlistRecipe = _SHORT,
        seed: int = 4,
    ) -> TrainingRows:
        choices = (self.choices if choices is None else choices).latest(sampling.max_targets)
        taken = take_rows(
            self.sources, choices.targets, self.candidates, sampling=sampling, shortlist=shortlist,
            seed=seed,
        )  # fmt: skip
        return rows_to_learn(taken, choices)


def _last(choices: Choices, n: int) -> Choices:
    rows = np.arange(len(choices)) >= len(choices) - n
    return Choices(choices.targets.take(rows), choices.depth[rows], choices.position[rows])


def _groups(rows: TrainingRows) -> list[npt.NDArray[np.intp]]:
    return np.split(np.arange(len(rows.features)), np.cumsum(rows.group_sizes)[:-1])


def _assert_same(mine: TrainingRows, theirs: TrainingRows) -> None:
    for name in ("features", "group_sizes", "depth", "position", "weight", "labels"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


def test_groups_are_what_a_replay_by_hand_gives(company: "Company") -> None:
    """Size, weights and features of every group, against the shortlist of its own moment."""
    replay = Replay(company)
    rows, by_hand = replay.rows(), Replay(company)
    choices = _last(by_hand.choices, _SAMPLING.max_targets)
    groups = iter(_groups(rows))
    likely = FEATURE_NAMES.index("readers_rank_1h")
    kept, n_missed = [], 0
    for n, (employee, content, at) in enumerate(
        zip(choices.targets.employee.tolist(), choices.targets.content.tolist(),
            choices.targets.occurred_at.tolist(), strict=True)
    ):  # fmt: skip
        by_hand.state.advance(at)
        candidates = by_hand.candidates(employee, at)
        moment = Moment.of(by_hand.sources, employee, candidates, at)
        moment = moment.narrow(make_shortlist(moment, _SHORT)[0])
        if content not in moment.contents:
            n_missed += content in candidates
            continue
        kept.append(n)
        group = next(groups)
        matrix, features = feature_matrix(moment), rows.features[group]
        np.testing.assert_array_equal(features[0], matrix[moment.contents.tolist().index(content)])
        every = {row.tobytes() for row in matrix}
        assert len(every) == len(matrix)  # otherwise "which row" would have no answer
        assert {row.tobytes() for row in features} <= every
        assert len({row.tobytes() for row in features}) == len(group)
        others = np.delete(matrix, moment.contents.tolist().index(content), axis=0)
        n_likely = int((others[:, likely] < _SAMPLING.likely_pool).sum())
        n_rest = len(others) - n_likely
        drawn_likely, drawn_rest = min(3, n_likely), min(4, n_rest)
        expected = [1.0, *([n_likely / max(drawn_likely, 1)] * drawn_likely),
                    *([n_rest / max(drawn_rest, 1)] * drawn_rest)]  # fmt: skip
        assert rows.weight[group].tolist() == pytest.approx(expected)
        assert rows.weight[group].sum() == pytest.approx(len(moment.contents))
        is_likely = features[1:, likely] < _SAMPLING.likely_pool
        assert is_likely.tolist() == [True] * drawn_likely + [False] * drawn_rest
    assert next(groups, None) is None
    assert rows.n_missed == n_missed > 0
    np.testing.assert_array_equal(rows.depth, choices.depth[kept])
    np.testing.assert_array_equal(rows.position, choices.position[kept])


def test_labels_are_the_depth_of_the_first_row_of_each_group(company: "Company") -> None:
    replay = Replay(company)
    depth = np.arange(len(replay.choices), dtype=np.int8) % 3 + 1
    rows = replay.rows(replace(replay.choices, depth=depth))
    assert set(rows.depth.tolist()) == {1, 2, 3}
    for group, deep in zip(_groups(rows), rows.depth.tolist(), strict=True):
        assert rows.labels[group].tolist() == [deep] + [0] * (len(group) - 1)


def test_questions_are_a_slice_of_the_groups(company: "Company") -> None:
    rows = Replay(company).rows()
    n, groups = len(rows.group_sizes), _groups(rows)
    _assert_same(rows.questions(0, n), rows)
    part = rows.questions(10, 13)
    inside = np.concatenate(groups[10:13])
    assert part.group_sizes.tolist() == rows.group_sizes[10:13].tolist()
    for name in ("features", "weight", "labels"):
        np.testing.assert_array_equal(getattr(part, name), getattr(rows, name)[inside])
    assert len(rows.questions(5, 5).features) == 0


def test_a_longer_history_changes_nothing_in_the_rows_of_a_choice(company: "Company") -> None:
    whole = Replay(company)
    late = Replay(company)
    rows = whole.rows(sampling=replace(_SAMPLING, max_targets=60))
    _assert_same(late.rows(_last(late.choices, 60)), rows)
    longer = Replay(company).rows(sampling=replace(_SAMPLING, max_targets=90))
    n, m = len(longer.group_sizes), len(rows.group_sizes)
    assert n > m
    _assert_same(longer.questions(n - m, n), rows)


def test_draws_depend_on_the_seed(company: "Company") -> None:
    first, again, other = (Replay(company).rows(seed=seed) for seed in (4, 4, 5))
    _assert_same(first, again)
    assert not np.array_equal(first.features, other.features)
    np.testing.assert_array_equal(first.weight, other.weight)


def test_nothing_is_missed_where_everything_is_on_the_list(company: "Company") -> None:
    rows = Replay(company).rows(shortlist=ShortlistRecipe())
    assert rows.n_missed == 0
    assert len(rows.group_sizes) == _SAMPLING.max_targets


def test_no_choices_give_no_rows(company: "Company") -> None:
    replay = Replay(company)
    rows = replay.rows(_last(replay.choices, 0))
    assert rows.features.shape == (0, len(FEATURE_NAMES))
    assert len(rows.labels) == len(rows.weight) == rows.n_missed == 0


def test_a_choice_that_was_no_candidate_is_not_the_shortlists_miss(company: "Company") -> None:
    replay = Replay(company)
    retrieve, chosen = replay.candidates, set(replay.choices.targets.content[-80:].tolist())
    replay.candidates = lambda employee, at: np.array(
        [c for c in retrieve(employee, at).tolist() if c not in chosen], np.int32
    )
    rows = replay.rows()
    assert len(rows.group_sizes) == rows.n_missed == 0
