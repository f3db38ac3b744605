"""Named checks of a challenger beside the champion; each is passed, failed or not computable.

The checks of whom a challenger would serve worse are one family: every slice, every work style and
the gap between styles is a chance to be refused by luck alone. Their p-values are adjusted together
by Holm's method ("A simple sequentially rejective multiple test procedure", 1979), so a challenger
that is as good as the champion everywhere is refused by them in at most 5 of 100 nights, however
many departments a company has, and however much its slices overlap. Rejected: Bonferroni, which
refuses less for the same promise; Benjamini and Hochberg, who promise a share of false refusals
among all refusals, where here a single false one keeps a better model back.

The p-values are by label swapping: if the two models served somebody equally well, either could
have been called the challenger. All differences of an employee change sign together. Source: Good,
"Permutation, Parametric and Bootstrap Tests of Hypotheses" (2005), chapter 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.metrics import hit_rate, ndcg
from recsys.evaluation.summary import SMALLEST_GROUP

__all__ = ["ALPHA", "Check", "Group", "for_whom", "holm"]

ALPHA = 0.05
"""Chance to refuse, for whom it serves, a challenger that serves all as well as the champion."""

_SWAPS = 9_999
"""The smallest p-value is 1/10,000: enough for 500 groups at ``ALPHA``."""

_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One check; ``passed`` None = not computable. The sentence has no full stop."""

    name: str
    passed: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the choices, bool, shape (n_targets,), and what they are called."""

    name: str
    rows: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Test:
    kind: str
    """Of the check that it belongs to: ``slices`` or ``fairness``."""
    name: str
    difference: float
    p_value: float

    def sentence(self, adjusted: float) -> str:
        return f"{self.name} {self.difference:+.3f} (p {adjusted:.3f})"


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's method, in the given order."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, np.float64)[order] * (len(order) - np.arange(len(order)))
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted]


def for_whom(
    rank: npt.NDArray[np.float64],
    champion_rank: npt.NDArray[np.float64],
    employee: npt.NDArray[np.int32],
    slices: Sequence[Group],
    styles: Sequence[Group],
    *,
    reference: str = "champion",
    seed: int,
) -> tuple[Check, Check]:
    """Return whether a slice is served worse, and whether reach is fair across work styles.

    Ranks are those of one and the same choices, shape (n_targets,). ``slices`` are compared by
    NDCG@10 of their choices. ``styles``, which do not overlap, by reach: the share of somebody's
    choices that stood among the first ten, every employee counting once; the gap between the style
    served best and worst must not widen. Groups of fewer than ``SMALLEST_GROUP`` people are left
    out: nothing is said about them.
    """
    rng = np.random.default_rng(seed)
    people, person = np.unique(employee, return_inverse=True)
    slices, styles = (_large_enough(groups, person) for groups in (slices, styles))
    if not slices and not styles:
        few = f"no group has {SMALLEST_GROUP} people with choices that the champion has not seen"
        return Check("slices", None, few), Check("fairness", None, few)
    gains = ndcg(rank, 10) - ndcg(champion_rank, 10)
    signs = _signs(len(people), rng)
    tests = _slice_tests(gains, person, slices, signs)
    tests += _style_tests(rank, champion_rank, person, styles, signs)
    adjusted = holm([test.p_value for test in tests])
    return (
        _verdict("slices", tests, adjusted, f"{reference} in NDCG@10"),
        _verdict("fairness", tests, adjusted, f"{reference} in reach within the first ten"),
    )


def _verdict(kind: str, tests: Sequence[_Test], adjusted: Sequence[float], whom: str) -> Check:
    own = [(t, p) for t, p in zip(tests, adjusted, strict=True) if t.kind == kind]
    if not own:
        return Check(kind, None, f"no group of {SMALLEST_GROUP} people to compare with {whom}")
    worse = [test.sentence(p) for test, p in own if p < ALPHA]
    if worse:
        return Check(kind, False, f"worse than {whom}: {', '.join(worse)}")
    lowest, p = min(own, key=lambda pair: pair[1])
    return Check(
        kind, True,
        f"not worse than {whom} in any of {len(own)} comparisons, least sure: "
        f"{lowest.sentence(p)}",
    )  # fmt: skip


def _large_enough(groups: Sequence[Group], person: npt.NDArray[np.intp]) -> list[Group]:
    return [g for g in groups if len(np.unique(person[g.rows])) >= SMALLEST_GROUP]


def _signs(n_people: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Return which names are swapped, −1 or 1, shape (_SWAPS, n_people)."""
    swapped: npt.NDArray[np.int8] = rng.integers(0, 2, (_SWAPS, n_people), np.int8) * 2 - 1
    return swapped


def _slice_tests(
    gains: npt.NDArray[np.float64], person: npt.NDArray[np.intp], slices: Sequence[Group],
    signs: npt.NDArray[np.int8],
) -> list[_Test]:  # fmt: skip
    tests = []
    for part in slices:
        sums = np.bincount(person[part.rows], gains[part.rows], signs.shape[1]).astype(np.float64)
        mean = float(gains[part.rows].mean())
        tests.append(_Test("slices", part.name, mean, _p_lower(sums.sum(), _swapped(signs, sums))))
    return tests


def _style_tests(
    rank: npt.NDArray[np.float64], champion_rank: npt.NDArray[np.float64],
    person: npt.NDArray[np.intp], styles: Sequence[Group], signs: npt.NDArray[np.int8],
) -> list[_Test]:  # fmt: skip
    if not styles:
        return []
    counts = np.maximum(np.bincount(person), 1)
    own, champions = (np.bincount(person, hit_rate(r, 10)) / counts for r in (rank, champion_rank))
    middle, half = (own + champions) / 2.0, (own - champions) / 2.0
    members = [np.unique(person[style.rows]) for style in styles]
    tests = []
    centre, moved = [], []
    for style, whom in zip(styles, members, strict=True):
        swings = _swapped(signs[:, whom], half[whom]) / len(whom)
        mean = float(half[whom].mean())
        centre.append(float(middle[whom].mean()))
        moved.append(np.concatenate([[mean], swings]))
        tests.append(_Test("fairness", style.name, 2.0 * mean, _p_lower(mean, swings)))
    if len(styles) > 1:
        level, swing = np.array(centre)[:, None], np.stack(moved)
        wider = np.ptp(level + swing, axis=0) - np.ptp(level - swing, axis=0)
        p_value = _p_lower(-float(wider[0]), -wider[1:])
        name = "gap between the work styles served best and worst"
        tests.append(_Test("fairness", name, float(wider[0]), p_value))
    return tests


def _swapped(signs: npt.NDArray[np.int8], sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the total after each swap, shape (_SWAPS,); in blocks, as float64 signs are large."""
    block = max(1, _BLOCK_CELLS // max(1, len(sums)))
    parts = [signs[i : i + block].astype(np.float64) @ sums for i in range(0, len(signs), block)]
    return np.concatenate(parts)


def _p_lower(found: float, swapped: npt.NDArray[np.float64]) -> float:
    """Return P(as low or lower) under swapping; the found one counts as a swap."""
    tolerance = 1e-12 + 1e-9 * abs(found)  # sums of the same numbers in another order
    n_low = np.count_nonzero(swapped <= found + tolerance)
    return (1.0 + n_low) / (1.0 + len(swapped))
