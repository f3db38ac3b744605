"""The model asked again: its features, probabilities and completions, week by week, in one replay.

Features exist only at a moment, so the log is replayed once and the model is asked at a sample of
the choices and showings of every week, knowing what was known strictly before each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.audience.audience import Audiences
from recsys.candidates.eligible import EligibleContents
from recsys.engine import DEFAULT_LATENESS
from recsys.event_columns import EventColumns
from recsys.features.matrix import FEATURE_NAMES
from recsys.fitting import learnable
from recsys.formats.tastes import FormatTastes
from recsys.interactions import InteractionLog, Targets, find_targets
from recsys.model import Model
from recsys.ranker.choices import MEANINGFUL, describe_choices
from recsys.scoring import LiveScorer
from recsys.state.live import LiveState
from recsys.state.marks import marks_of
from recsys.state.showings import Showings, showings_of
from training.monitoring.watched import Watched

__all__ = ["Answers", "ask"]

_TOP = 10
"""The best ten are what an employee sees of a ranking without scrolling much."""
_MOST_QUESTIONS = 150
_MOST_SHOWINGS = 300
"""Of each week; a question costs some milliseconds, a showing one."""
_MOST_CANDIDATES = 40
"""Of each question, for the distribution of features."""

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the model said: n questions and m showings, each in the order of time."""

    employee: Int
    """(n,)"""
    at: Int
    features: npt.NDArray[np.float32]
    """(n, _MOST_CANDIDATES, n_features): candidates at even distances; NaN rows where fewer."""
    n_candidates: Int
    top: Float
    """(n, 10) probabilities of the best, NaN where there are fewer."""
    hit: npt.NDArray[np.bool_]
    """(n,) whether the choice was among the best ten, and no bounce."""
    showings: Showings
    """m showings."""
    p_completed: Float
    """(m,)"""


def ask(
    watched: Watched, model: Model, *, progress: Callable[[int, int], None] = lambda *_: None
) -> Answers:
    """Replay the log and ask the model; people who opted out are not asked about."""
    catalogue, log = watched.catalogue, watched.log
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    state.observe(log)
    told = learnable(log, catalogue)
    targets, showings = _choices(watched, told), _showings(watched, told)
    asker = _Asker(model, state, len(targets), len(showings))
    moments = np.concatenate([targets.occurred_at, showings.at])
    for done, place in enumerate(np.argsort(moments, kind="stable").tolist()):
        state.advance(int(moments[place]))
        if place < len(targets):
            asker.rank(place, targets)
        else:
            asker.complete(place - len(targets), showings)
        progress(done + 1, len(moments))
    is_read = describe_choices(targets, told).depth >= MEANINGFUL
    return Answers(
        targets.employee.astype(np.int64), targets.occurred_at, asker.features,
        asker.n_candidates, asker.top, asker.hit & is_read, showings, asker.p_completed,
    )  # fmt: skip


class _Asker:
    """Asks one model over one state, and keeps what it says."""

    def __init__(self, model: Model, state: LiveState, n: int, m: int) -> None:
        self._ranker, self._scorer = model.ranker, LiveScorer(model, state)
        self._tastes = FormatTastes(model.tastes, state)
        self._eligible = EligibleContents(state, Audiences(state.catalogue))
        shape = n, _MOST_CANDIDATES, len(FEATURE_NAMES)
        self.features = np.full(shape, np.nan, np.float32)
        self.n_candidates = np.zeros(n, np.int64)
        self.top = np.full((n, _TOP), np.nan)
        self.hit = np.zeros(n, np.bool_)
        self.p_completed = np.zeros(m)

    def rank(self, place: int, targets: Targets) -> None:
        """Note features and probabilities of a question."""
        employee, at = int(targets.employee[place]), int(targets.occurred_at[place])
        candidates = self._eligible.retrieve(employee, at)
        if self._ranker is None or not len(candidates):
            return
        listed = self._scorer.shortlist(employee, candidates, at)
        p = self._ranker.probability(listed.features)
        best = np.argsort(-p, kind="stable")[:_TOP]
        self.top[place, : len(best)] = p[best]
        self.hit[place] = targets.content[place] in candidates[listed.places[best]]
        n = min(len(p), _MOST_CANDIDATES)
        self.n_candidates[place] = n
        self.features[place, :n] = listed.features[np.arange(n) * len(p) // n]

    def complete(self, place: int, showings: Showings) -> None:
        """Note the probability that a showing ends in completion."""
        one = showings.take(slice(place, place + 1))
        person = self._tastes.person(int(one.employee[0]), int(one.at[0]))
        self.p_completed[place] = float(self._tastes.p_completed(person, one)[0])


def _choices(watched: Watched, told: EventColumns) -> Targets:
    """Return a sample of the choices of every week, in the order of time."""
    read = told.take(told.is_interaction)
    log = InteractionLog(read.employee, read.content, read.occurred_at)
    targets = find_targets(log, watched.weeks.reference[0], watched.weeks.until)
    return targets.take(_sampled(watched.weeks.of_times(targets.occurred_at), _MOST_QUESTIONS))


def _showings(watched: Watched, told: EventColumns) -> Showings:
    showings = showings_of(*marks_of(told, watched.catalogue))
    showings = showings.take(showings.is_impression)
    showings = showings.take(np.argsort(showings.at, kind="stable"))
    return showings.take(_sampled(watched.weeks.of_times(showings.at), _MOST_SHOWINGS))


def _sampled(week: Int, at_most: int) -> npt.NDArray[np.bool_]:
    """Return bool, shape (n,): of every week ``at_most`` rows at even distances."""
    kept = np.zeros(len(week), np.bool_)
    for number in np.unique(week[week >= 0]).tolist():
        rows = np.flatnonzero(week == number)
        n = min(len(rows), at_most)
        kept[rows[np.arange(n) * len(rows) // n]] = True
    return kept
