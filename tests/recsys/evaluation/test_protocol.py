from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from recsys.evaluation.protocol import evaluate
from recsys.interactions import Targets

_N_CONTENTS = 5


@dataclass
class EverybodySeesAll:
    """Contents 0..3 for everybody; content 4 for nobody."""

    moments: list[int] = field(default_factory=list)

    def advance(self, at: int) -> None:
        self.moments.append(at)

    def candidates(self, employee: int, at: int) -> npt.NDArray[np.int32]:
        return np.array([3, 1, 0, 2], np.int32)


@dataclass
class Fixed:
    """The same score per content for everybody."""

    by_content: list[float]
    name: str = "fixed"
    asked: list[tuple[int, int]] = field(default_factory=list)

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        self.asked.append((employee, at))
        return np.array(self.by_content)[candidates]


def _targets(rows: list[tuple[int, int, int]]) -> Targets:
    employee, content, at = np.array(rows, np.int64).reshape(-1, 3).T
    return Targets(
        employee.astype(np.int32), content.astype(np.int32), at, np.zeros(len(at), np.int64)
    )


def test_every_scorer_ranks_the_same_candidates_at_every_moment() -> None:
    world = EverybodySeesAll()
    up, tied = Fixed([1, 2, 3, 4, 5]), Fixed([0, 0, 0, 0, 0], name="tied")
    ranks = evaluate(_targets([(0, 3, 10), (1, 0, 10), (0, 2, 12)]), world, [up, tied])
    assert ranks.models == ("fixed", "tied")
    assert ranks.rank.tolist() == [[1, 2.5], [4, 2.5], [2, 2.5]]
    assert ranks.n_candidates.tolist() == [4, 4, 4]
    assert world.moments == [10, 10, 12]
    assert up.asked == tied.asked == [(0, 10), (1, 10), (0, 12)]


def test_ineligible_targets_are_counted_and_left_out() -> None:
    n_done = 0

    def progress() -> None:
        nonlocal n_done
        n_done += 1

    targets = _targets([(0, 4, 1), (0, 1, 2), (2, 4, 3)])
    ranks = evaluate(targets, EverybodySeesAll(), [Fixed([1, 2, 3, 4, 5])], progress=progress)
    assert ranks.n_ineligible == 2
    assert ranks.targets.content.tolist() == [1]
    assert ranks.rank.tolist() == [[3]]
    assert n_done == 3


def test_no_targets_give_no_ranks() -> None:
    ranks = evaluate(_targets([]), EverybodySeesAll(), [Fixed([0] * _N_CONTENTS)])
    assert ranks.rank.shape == (0, 1)
    assert ranks.n_ineligible == 0


def test_a_scorer_at_fault_is_named() -> None:
    targets = _targets([(0, 1, 2)])
    with pytest.raises(ValueError, match="scorer fixed: a score is NaN"):
        evaluate(targets, EverybodySeesAll(), [Fixed([np.nan] * _N_CONTENTS)])

    class TooShort(Fixed):
        def score(
            self, employee: int, candidates: npt.NDArray[np.int32], at: int
        ) -> npt.NDArray[np.float64]:
            return np.zeros(1)

    with pytest.raises(ValueError, match=r"scorer fixed returned shape \(1,\) for 4 candidates"):
        evaluate(targets, EverybodySeesAll(), [TooShort([])])


def test_time_runs_forward() -> None:
    with pytest.raises(ValueError, match="time order"):
        evaluate(_targets([(0, 1, 5), (0, 2, 4)]), EverybodySeesAll(), [])
