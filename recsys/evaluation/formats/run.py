"""One evaluation of the formats: predictions, intervals and the value of the rendition policy."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys.evaluation.formats.baselines import PastRates
from recsys.evaluation.formats.coverage import Coverage, CoverageJudge
from recsys.evaluation.formats.predictions import Predictor
from recsys.evaluation.formats.scores import FormatScores, score_predictions
from recsys.evaluation.formats.walk import FormatTest, walk
from recsys.evaluation.policy_value import (
    PolicyJudge,
    PolicyValues,
    engine_policy,
    policies_of,
)
from recsys.formats.tastes import FormatTastes

__all__ = ["FormatEvaluation", "evaluate_formats", "value_policies"]


@dataclass(frozen=True, slots=True)
class FormatEvaluation:
    """What one window says of the format model."""

    scores: FormatScores
    coverage: Coverage
    policies: PolicyValues


def evaluate_formats(
    test: FormatTest, *, seed: int, progress: Callable[[int], None] | None = None
) -> FormatEvaluation:
    """Walk through the window once and judge everything; the test cannot be walked again."""
    rates = PastRates(test.state)
    predictor, intervals = Predictor(test, rates), CoverageJudge(test, seed)
    policies = PolicyJudge(test, policies_of(test, rates), rates)
    walk(test, [predictor, intervals, policies], progress=progress)
    rng = np.random.default_rng(seed)
    scores = score_predictions(predictor.predictions(), rng)
    return FormatEvaluation(scores, intervals.coverage(rng), policies.values())


def value_policies(
    test: FormatTest, *, challenger: FormatTastes | None = None, clip: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> PolicyValues:  # fmt: skip
    """Walk through the window once for the value of the rendition policies alone.

    ``challenger`` is another model in the test's state, valued beside the engine's own as the
    policy ``challenger``; ``clip`` bounds the weights.
    """
    rates = PastRates(test.state)
    policies = policies_of(test, rates)
    if challenger is not None:
        policies["challenger"] = engine_policy(test.state, challenger)
    judge = PolicyJudge(test, policies, rates, clip)
    walk(test, [judge], progress=progress)
    return judge.values()
