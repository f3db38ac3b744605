"""Whether the judged model has learned from what it is tested on.

Two looks at it. Where it comes from: nothing in it may be later than the split. And how its rows
do: features that know the future put the chosen content first also on held-back rows, and fail on
the test, where the future is not there.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from recsys.evaluation.metrics import ndcg
from recsys.model import Model
from recsys.ranker.forest import Forest
from recsys.ranker.lambdarank import MIN_QUESTIONS, RankerRecipe, fit_trees
from recsys.ranker.training_rows import TrainingRows
from recsys.times import from_micros, to_micros
from training.gate_checks import Check

__all__ = ["LARGEST_GAP", "check_generalisation", "check_provenance", "held_back_ndcg"]

LARGEST_GAP = 0.25
"""NDCG@10 on held-back questions of the past minus that on the test. Healthy simulated companies of
300 and 400 people were at 0.07 and 0.10: the rows leave out choices that missed the shortlist."""

_LEAST_QUESTIONS = 100
"""Held back, and in the test: NDCG@10 of fewer is uncertain by more than 0.04."""

_LATEST = 3_000
"""Questions of the past that are looked at: a feature that tells the answer is learned from few."""

_HELD_BACK_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    at: int


def check_provenance(model: Model, last_question_at: int | None, split: datetime) -> Check:
    """Refuse a model any part of which was fitted on something from ``split`` on.

    ``last_question_at`` is when the latest row of the ranker was taken, microseconds.
    """
    parts = [_Part("the model", to_micros(model.trained_until))]
    if model.factors is not None:
        parts.append(_Part("its affinities", model.factors.fitted_at))
    if last_question_at is not None:
        parts.append(_Part("the ranker's last question", last_question_at))
    later = [part for part in parts if part.at > to_micros(split)]
    begins = f"{split:%F %H:%M}"
    if later:
        what = " and ".join(f"{part.name} ({from_micros(part.at):%F %H:%M})" for part in later)
        return Check(
            "provenance", False,
            f"later than the beginning of the test ({begins}): {what}; the model has learned from "
            "what it is tested on",
        )  # fmt: skip
    return Check("provenance", True, f"nothing is later than {begins}, when the test begins")


def check_generalisation(held_back: float | None, tested: npt.NDArray[np.float64]) -> Check:
    """Refuse a model whose rows are far easier to get right than the same questions live.

    ``held_back`` is :func:`held_back_ndcg`; ``tested`` are ranks in the test.
    """
    if held_back is None or len(tested) < _LEAST_QUESTIONS:
        return Check(
            "generalisation", None,
            f"too few questions to compare past and test ({len(tested):,} in the test)",
        )  # fmt: skip
    test = float(ndcg(tested, 10).mean())
    sentence = (
        f"NDCG@10 is {held_back:.3f} on held-back rows of the past and {test:.3f} on the test"
    )
    if held_back - test > LARGEST_GAP:
        return Check(
            "generalisation", False,
            f"{sentence}, more than {LARGEST_GAP} apart: the rows hold something of the future "
            "that is not there when a feed is asked for",
        )  # fmt: skip
    return Check("generalisation", True, sentence)


def held_back_ndcg(rows: TrainingRows, recipe: RankerRecipe, *, seed: int) -> float | None:
    """Return NDCG@10 on the latest rows by trees fitted on those before; None for too few.

    On rows the trees have learned from, a small log looks as good as a leak. A row that was not
    chosen stands for ``weight`` candidates, so the rank of the chosen one is estimated as 1 + the
    weight of those above it and half of that of its equals.
    """
    n = len(rows.group_sizes)
    first = max(0, n - _LATEST)
    middle = n - int((n - first) * _HELD_BACK_SHARE)
    if middle - first < MIN_QUESTIONS or n - middle < _LEAST_QUESTIONS:
        return None
    trees = fit_trees(rows.questions(first, middle), recipe=recipe, seed=seed)
    late = rows.questions(middle, n)
    starts = np.cumsum(late.group_sizes) - late.group_sizes
    score = Forest.from_lightgbm(trees).score(late.features)
    chosen = np.repeat(score[starts], late.group_sizes)
    ahead = late.weight * ((score > chosen) + 0.5 * (score == chosen))
    rank = 1.0 + np.add.reduceat(ahead, starts) - 0.5 * late.weight[starts]
    return float(ndcg(rank, 10).mean())
