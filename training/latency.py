"""How long a ranking takes, measured on the trial's own walk."""

from statistics import median
from time import perf_counter_ns

import numpy as np
import numpy.typing as npt

from recsys.evaluation.protocol import Scorer
from training.gate_checks import Check

__all__ = ["QUICK_MS", "SLOWEST_RATIO", "Timed", "check_latency"]

SLOWEST_RATIO = 1.5
"""Challenger over champion. Ranking is the largest part of a feed, and half as much again eats the
head room that a page of the intranet leaves it. One and the same model asked in both roles came out
at 1.18, because the champion is asked second and finds warm caches."""

QUICK_MS = 3.0
"""A ranking this quick is never too slow: the first trees take several times as long as the plain
list they replace, and a feed may take 200 ms."""

_LEAST_QUESTIONS = 100
"""A median of fewer moves with the moods of the machine."""

_NS_PER_MS = 1e6


class Timed:
    """A scorer with a stop-watch; it ranks as the other one does."""

    def __init__(self, scorer: Scorer) -> None:
        self.name = scorer.name
        self.ms: list[float] = []
        """Wall-clock time of every ranking, in the order of asking."""
        self._scorer = scorer

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.floating]:
        """Return the other scorer's scores."""
        began = perf_counter_ns()
        scores = self._scorer.score(employee, candidates, at)
        self.ms.append((perf_counter_ns() - began) / _NS_PER_MS)
        return scores


def check_latency(own_ms: list[float], champion_ms: list[float] | None) -> Check:
    """Compare the medians: whatever else the machine did meanwhile hits single rankings."""
    if not own_ms:
        return Check("latency", None, "nothing was ranked")
    own = median(own_ms)
    if champion_ms is None:
        return Check("latency", None, f"{own:.2f} ms per ranking; no champion to compare with")
    champion = median(champion_ms)
    sentence = f"{own:.2f} ms per ranking, champion {champion:.2f} ms"
    if min(len(own_ms), len(champion_ms)) < _LEAST_QUESTIONS:
        return Check("latency", None, f"{sentence}: too few rankings to compare")
    if own > max(QUICK_MS, SLOWEST_RATIO * champion):
        slower = f"{own / champion:.1f} times as slow, {SLOWEST_RATIO} are allowed"
        return Check("latency", False, f"{sentence}: {slower}")
    return Check("latency", True, sentence)
