import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.features.coreading import CO_READING_HALF_LIVES, CoReading
from recsys.state.recent import Recent
from recsys.times import DAY_US, HOUR_US

_NOW = 100 * HOUR_US
Reads = dict[tuple[int, int], int]

reads = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 5)), st.integers(0, _NOW - 1), max_size=20
)


def _recents(reads: Reads) -> tuple[Recent, Recent]:
    contents, readers = Recent(8), Recent(8)
    for (employee, content), at in reads.items():
        e, c = np.array([employee], np.int32), np.array([content], np.int32)
        contents.touch(e, c, np.array([at]))
        readers.touch(c, e, np.array([at]))
    return contents, readers


def _slow(reads: Reads, me: int, n_contents: int, now: int) -> list[list[float]]:
    """The two formulas, pair by pair: weights of colleagues, then what those read lately."""
    weight: dict[int, float] = {}
    for (employee, content), at in reads.items():
        if employee != me:
            continue
        others = [e for e, c in reads if c == content]
        for other in others:
            if other != me:
                gain = 2 ** (-(now - at) / (7 * DAY_US)) / math.log(1 + max(len(others), 2))
                weight[other] = weight.get(other, 0.0) + gain
    total = sum(weight.values())
    scores = [[0.0] * len(CO_READING_HALF_LIVES) for _ in range(n_contents)]
    for (employee, content), at in reads.items():
        for h, half_life in enumerate(CO_READING_HALF_LIVES):
            if employee in weight:
                scores[content][h] += weight[employee] * 2 ** (-(now - at) / half_life) / total
    return scores


@given(reads)
def test_scores_are_those_of_the_formulas(reads: Reads) -> None:
    contents, readers = _recents(reads)
    co_reading, candidates = CoReading(), np.arange(7, dtype=np.int32)
    for me in range(5):
        scores = co_reading.scores(contents, readers, me, candidates, _NOW)
        np.testing.assert_allclose(scores, _slow(reads, me, 7, _NOW), rtol=1e-9, atol=1e-15)
        assert ((scores >= 0) & (scores <= 1 + 1e-12)).all()


def test_one_colleague_with_one_shared_read() -> None:
    """Both read 0; she read 1 two hours ago: all of the weight, half of it left."""
    reads = {(0, 0): _NOW - HOUR_US, (1, 0): _NOW - HOUR_US, (1, 1): _NOW - 2 * HOUR_US}
    scores = CoReading().scores(*_recents(reads), 0, np.array([1], np.int32), _NOW)
    assert scores[0, 0] == pytest.approx(0.5)


def test_nobody_has_no_neighbours() -> None:
    contents, readers = _recents({(0, 0): 1})
    assert not CoReading().scores(contents, readers, -1, np.array([0, 3], np.int32), _NOW).any()


def test_neighbours_of_a_century_ago_are_counted_once() -> None:
    """The weight of each shared read is far below the smallest float."""
    reads = {(e, c): 0 for e in range(4) for c in range(6)}
    contents, readers = _recents(reads)
    co_reading = CoReading()
    scores = co_reading.scores(contents, readers, 0, np.arange(6, dtype=np.int32), 36_500 * DAY_US)
    assert np.isfinite(scores).all()
    assert set(co_reading._who[:3].tolist()) == {1, 2, 3}
    assert not co_reading._weight.any()
    assert not co_reading._who[3:].any()
