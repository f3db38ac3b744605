"""Marks become showings: hand-worked cases, and an independent slow pairing."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.state.marks import COMPLETED, DEEP, IMPRESSION, MARK, OPENED, Marks
from recsys.state.showings import Showings, showings_of

_MINUTE = 60 * 1_000_000
_SHOWN, _OPEN, _DONE = int(IMPRESSION), int(OPENED), int(OPENED | COMPLETED)


def _marks(*rows: tuple[int, int, int, int], position: int = 1) -> Marks:
    """Return marks of (minute, content, form, kind)."""
    marks = np.zeros(len(rows), MARK)
    for i, (minute, content, form, kind) in enumerate(rows):
        marks[i] = (minute * _MINUTE, content, 0.5, position, form, 0, kind)
    return marks


def _showings(marks: Marks) -> Showings:
    return showings_of(np.zeros(len(marks), np.int32), marks)


def test_an_outcome_belongs_to_the_last_impression_of_its_content_and_format() -> None:
    found = _showings(
        _marks((0, 7, 1, _SHOWN), (60, 7, 2, _SHOWN), (61, 7, 2, _OPEN), (62, 7, 2, _DONE))
    )
    assert found.form.tolist() == [1, 2]
    assert found.opened.tolist() == [False, True]
    assert found.completed.tolist() == [False, True]
    assert found.at.tolist() == [0, 60 * _MINUTE]
    assert found.rendition_propensity.tolist() == [0.5, 0.5]


def test_what_was_opened_without_an_impression_is_a_showing_of_its_own() -> None:
    found = _showings(_marks((5, 7, 1, _OPEN), (6, 7, 1, _OPEN | int(DEEP)), (90, 7, 1, _SHOWN)))
    assert found.is_impression.tolist() == [False, True]
    assert found.opened.tolist() == [True, False]
    assert found.deep.tolist() == [True, False]


def test_one_visit_is_one_showing_at_its_highest_position() -> None:
    low, high = _marks((0, 7, 1, _SHOWN), position=9), _marks((10, 7, 1, _SHOWN), position=2)
    next_day = _marks((1440, 7, 1, _SHOWN), position=4)
    found = _showings(np.concatenate([low, high, next_day]))
    assert found.position.tolist() == [2, 4]


def test_nobody_takes_a_content_in_twice() -> None:
    found = _showings(_marks((0, 7, 1, _SHOWN), (1, 7, 1, _DONE), (300, 7, 2, _SHOWN)))
    assert found.form.tolist() == [1]


def test_no_marks_are_no_showings() -> None:
    assert len(_showings(_marks())) == 0


def _slowly(rows: Sequence[tuple[int, int, int, int]]) -> list[list[int]]:
    """Return [at, content, form, shown, opened, completed] per showing by the stated rules."""
    showings: list[list[int]] = []
    for minute, content, form, kind in sorted(rows):
        own = [s for s in showings if s[1] == content]
        if any(s[5] for s in own):
            continue
        last = next((s for s in reversed(own) if s[2] == form), None)
        if kind == _SHOWN and last is not None:
            if not last[4] and minute - last[0] < 30:
                last[3] = 1 if last[3] else 0
                continue
            last = None
        if last is None:
            last = [minute, content, form, 0, 0, 0]
            showings.append(last)
        last[3] |= int(kind == _SHOWN)
        last[4] |= int(kind != _SHOWN)
        last[5] |= int(kind == _DONE)
    return showings


_ROWS = st.lists(
    st.tuples(
        st.integers(0, 200), st.integers(0, 2), st.integers(0, 1),
        st.sampled_from([_SHOWN, _SHOWN, _OPEN, _DONE]),
    ),
    max_size=40,
    unique=True,
)  # fmt: skip


@given(_ROWS, st.randoms(use_true_random=False))
def test_pairing_agrees_with_a_slow_one_in_any_order(
    rows: list[tuple[int, int, int, int]], random: Random
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    found = _showings(_marks(*shuffled))
    columns = (
        found.at // _MINUTE, found.content, found.form, found.is_impression, found.opened,
        found.completed,
    )  # fmt: skip
    assert [list(row) for row in zip(*(c.tolist() for c in columns), strict=True)] == _slowly(rows)


@pytest.mark.parametrize("n_people", [1, 3])
def test_people_do_not_mix(n_people: int) -> None:
    one = _marks((0, 7, 1, _SHOWN), (1, 7, 1, _DONE), (2, 8, 1, _SHOWN))
    employees = np.repeat(np.arange(n_people, dtype=np.int32), 3)
    found = showings_of(employees, np.concatenate([one] * n_people))
    assert found.employee.tolist() == np.repeat(np.arange(n_people), 2).tolist()
    assert found.completed.tolist() == [True, False] * n_people
