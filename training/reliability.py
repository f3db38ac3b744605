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
from training.gate_checks import Check

__all__ = [
    "FURTHEST_OFF", "Calibrated", "Outcomes", "ScoreRecorder", "calibrated", "check_calibration",
    "outcomes",
]  # fmt: skip

Outcomes = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]
"""Probabilities of all candidates of all questions, and which of them were read."""

FURTHEST_OFF = 0.5
"""Expected calibration error over the share that was read. Probabilities that are off by half of
what they foretell, on average, mix, cap and explain no better than ranks would."""

_N_BINS = 15


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
    found = outcomes(recorder, ranks, log)
    if found is None:
        return None
    probabilities, label = found
    is_listed = [
        content in contents
        for contents, content in zip(recorder.contents, ranks.targets.content, strict=True)
    ]
    return Calibrated(
        expected_calibration_error(probabilities, label, np.ones(len(label))),
        len(recorder.contents),
        len(label),
        float(probabilities.mean()),
        float(label.mean()),
        is_listed.count(False),
    )


def outcomes(recorder: ScoreRecorder, ranks: Ranks, log: EventColumns) -> Outcomes | None:
    """Return what was foretold and what happened on the questions of ``ranks``, if any."""
    if not sum(map(len, recorder.contents)):
        return None
    depth = describe_choices(ranks.targets, log).depth
    chosen = np.where(depth >= MEANINGFUL, ranks.targets.content, -1)
    label = [
        contents == content for contents, content in zip(recorder.contents, chosen, strict=True)
    ]
    return np.concatenate(recorder.probabilities), np.concatenate(label)


def check_calibration(own: Outcomes | None, champion: Outcomes | None) -> Check:
    """Refuse probabilities that are far off, unless the champion's are about as far off.

    Far: by more than :data:`FURTHEST_OFF` of the share that is read, beyond what sampling makes of
    perfect ones. With a champion, its error too must be exceeded by more than sampling.
    """
    if own is None or not own[1].any():
        return Check("calibration", None, "there are no probabilities to check")
    probabilities, label = own
    error = _error(own)
    share = float(label.mean())
    chance = float(np.sqrt(2 * _N_BINS * share * (1 - share) / (np.pi * len(label))))
    sentence = (
        f"the ranker's probabilities are off by {error / share:.0%} of the {share:.2%} that are "
        f"read, mean {probabilities.mean():.2%}"
    )
    is_far = error > FURTHEST_OFF * share + chance
    if champion is not None:
        other = _error(champion)
        sentence += f"; champion's by {other / share:.0%}"
        is_far = is_far and error > other + chance
    if is_far:
        return Check("calibration", False, f"{sentence}: more than {FURTHEST_OFF:.0%} is too far")
    return Check("calibration", True, sentence)


def _error(found: Outcomes) -> float:
    probabilities, label = found
    return expected_calibration_error(probabilities, label, np.ones(len(label)), _N_BINS).error
