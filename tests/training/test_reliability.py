"""Probabilities are compared with what was chosen, question by question."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from recsys.evaluation.protocol import Ranks
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.interactions import Targets
from recsys.ranker.ranker import Ranker
from recsys.scoring import LiveScorer
from training.reliability import ScoreRecorder, calibrated

_SECOND = 1_000_000


def _recorder(probabilities: list[list[float]]) -> ScoreRecorder:
    """Ask one question per list; its candidates are 0, 1, 2 …, and the last is not shortlisted."""
    answers = iter(np.array(p) for p in probabilities)
    ranker = cast("Ranker", SimpleNamespace(probability=lambda _: next(answers)))
    lengths = iter([len(p) for p in probabilities])
    scorer = cast(
        "LiveScorer",
        SimpleNamespace(
            shortlist=lambda *_: SimpleNamespace(places=np.arange(next(lengths)), features=None)
        ),
    )
    recorder = ScoreRecorder(ranker, scorer)
    for at, question in enumerate(probabilities):
        candidates = np.arange(len(question) + 1, dtype=np.int32)
        assert not recorder.score(at, candidates, at).any()
    return recorder


def _ranks(chosen: list[int]) -> Ranks:
    n = len(chosen)
    employee = np.arange(n, dtype=np.int32)
    at = np.arange(n, dtype=np.int64) * _SECOND
    targets = Targets(employee, np.array(chosen, np.int32), at, np.zeros(n, np.int64))
    return Ranks(("recsys",), targets, np.ones((n, 1)), np.full(n, 3, np.int32), 0)


def _reads(chosen: list[int], dwell: list[float]) -> EventColumns:
    read = CODE_OF_TYPE["read"]
    return EventColumns.of_rows(
        [
            (i, read, i, content, -1, i * _SECOND, i * _SECOND, seconds, np.nan, 0, 0, 0, np.nan,
             -1, -1)
            for i, (content, seconds) in enumerate(zip(chosen, dwell, strict=True))
        ]
    )  # fmt: skip


def test_what_was_chosen_is_looked_up_in_its_own_question() -> None:
    chosen = [0, 2]
    found = calibrated(
        _recorder([[0.9, 0.05, 0.05], [0.05, 0.05, 0.9]]), _ranks(chosen),
        _reads(chosen, [60.0, 60.0]),
    )  # fmt: skip
    assert found is not None
    assert (found.n_questions, found.n_candidates) == (2, 6)
    assert found.predicted_share == pytest.approx(1 / 3)
    assert found.observed_share == pytest.approx(1 / 3)
    # 0.05 never, 0.9 always: off by 0.05 for four of six and by 0.1 for two.
    assert found.reliability.error == pytest.approx((4 * 0.05 + 2 * 0.1) / 6)


def test_a_bounce_and_a_choice_off_the_shortlist_are_no_read_of_a_candidate() -> None:
    chosen = [0, 3, 1]  # 3 is the candidate that was not shortlisted
    found = calibrated(
        _recorder([[0.2, 0.2, 0.2]] * 3), _ranks(chosen), _reads(chosen, [3.0, 60.0, 60.0])
    )
    assert found is not None
    assert found.observed_share == pytest.approx(1 / 9)
    assert found.n_missed == 1, "the bounce was on the shortlist"


def test_without_questions_there_is_nothing_to_say() -> None:
    assert calibrated(_recorder([]), _ranks([]), _reads([], [])) is None
