"""Whether the engine's probabilities come true on the choices of the trial."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.protocol import Ranks
from recsys.event_columns import EventColumns
from recsys.ranker.calibration import Reliability, expected_calibration_error
from recsys.ranker.choices import MEANINGFUL, describe_choices
from recsys.ranker.ranker import Ranker
from recsys.scoring import LiveScorer

__all__ = ["Calibrated", "ScoreRecorder", "calibrated"]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """How probabilities of shortlisted candidates compare with what was chosen."""

    reliability: Reliability
    n_questions: int
    n_candidates: int
    """Of all questions together."""
    predicted_share: float
    """Mean probability."""
    observed_share: float
    """Candidates that became a meaningful read."""
    n_missed: int
    """Questions whose choice was not shortlisted."""


class ScoreRecorder:
    """A scorer that only listens: it keeps the probabilities of every question it is asked."""

    name = "probabilities"

    def __init__(self, ranker: Ranker, scorer: LiveScorer) -> None:
        self._ranker = ranker
        self._scorer = scorer
        self.contents: list[npt.NDArray[np.int32]] = []
        """Shortlisted candidates of each question, in the order of asking."""
        self.probabilities: list[npt.NDArray[np.float64]] = []

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return zeros; the ranks of this scorer mean nothing."""
        listed = self._scorer.shortlist(employee, candidates, at)
        self.contents.append(candidates[listed.places])
        self.probabilities.append(self._ranker.probability(listed.features))
        return np.zeros(len(candidates))


def calibrated(recorder: ScoreRecorder, ranks: Ranks, log: EventColumns) -> Calibrated | None:
    """Compare what was recorded on the questions of ``ranks`` with ``log``; None without any.

    As in fitting, a probability is that of a meaningful read, so a bounce counts as not chosen. A
    choice that was not shortlisted leaves a question without a chosen candidate.
    """
    if not recorder.contents:
        return None
    depth = describe_choices(ranks.targets, log).depth
    chosen = np.where(depth >= MEANINGFUL, ranks.targets.content, -1)
    labels = [
        contents == content for contents, content in zip(recorder.contents, chosen, strict=True)
    ]
    is_listed = [
        content in contents
        for contents, content in zip(recorder.contents, ranks.targets.content, strict=True)
    ]
    probabilities, label = np.concatenate(recorder.probabilities), np.concatenate(labels)
    if not len(label):
        return None
    return Calibrated(
        expected_calibration_error(probabilities, label, np.ones(len(label))),
        len(labels),
        len(label),
        float(probabilities.mean()),
        float(label.mean()),
        is_listed.count(False),
    )
