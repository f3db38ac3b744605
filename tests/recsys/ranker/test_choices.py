"""What a choice was worth, and where it was shown."""

import numpy as np
import numpy.typing as npt
import pytest

from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.interactions import Targets
from recsys.ranker.choices import BOUNCE, DEEP, MEANINGFUL, Choices, describe_choices
from recsys.times import DAY_US, SECOND_US

_AT = 20_000 * DAY_US
_NAN = float("nan")

Event = tuple[str, int, int, int, float, int]
"""Type, employee, content, microseconds after the choice, dwell in seconds, position."""


def _log(events: list[Event]) -> EventColumns:
    return EventColumns.of_rows(
        [
            (n + 1, CODE_OF_TYPE[name], e, c, -1, _AT + after, _AT + after, dwell, _NAN, -1, -1,
             position, _NAN, -1, -1)
            for n, (name, e, c, after, dwell, position) in enumerate(events)
        ]
    )  # fmt: skip


def _targets(pairs: list[tuple[int, int]]) -> Targets:
    employee, content = np.array(pairs, np.int32).reshape(-1, 2).T
    n = len(pairs)
    return Targets(employee, content, np.full(n, _AT), np.zeros(n, np.int64))


def _one(*events: Event) -> Choices:
    return describe_choices(_targets([(3, 5)]), _log(list(events)))


def _did(name: str, after: int = 0, dwell: float = _NAN) -> Event:
    return name, 3, 5, after, dwell, 0


_DAY_AND_A_BIT = DAY_US + 1


@pytest.mark.parametrize(
    ("depth", "events"),
    [
        (MEANINGFUL, [_did("open")]),  # most logs tell nothing more
        (BOUNCE, [_did("open", dwell=9.99)]),
        (MEANINGFUL, [_did("open", dwell=10.0)]),
        (BOUNCE, [_did("open", dwell=2.0), _did("read", 60 * SECOND_US, dwell=9.0)]),
        (MEANINGFUL, [_did("open", dwell=2.0), _did("read", 60 * SECOND_US, dwell=50.0)]),
        (MEANINGFUL, [_did("read", dwell=50.0), _did("open", 60 * SECOND_US, dwell=1.0)]),
        (BOUNCE, [_did("open", dwell=2.0), _did("open", 60 * SECOND_US)]),
        (BOUNCE, [_did("open", dwell=2.0), _did("read", _DAY_AND_A_BIT, dwell=50.0)]),
        (DEEP, [_did("open", dwell=2.0), _did("like", 5 * SECOND_US)]),
        (DEEP, [_did("complete")]),
        (DEEP, [_did("open"), _did("bookmark", DAY_US)]),
        (MEANINGFUL, [_did("open"), _did("bookmark", _DAY_AND_A_BIT)]),
        (MEANINGFUL, [_did("open"), _did("acknowledge", SECOND_US)]),
        (MEANINGFUL, [_did("open"), ("like", 3, 6, 0, _NAN, 0), ("like", 4, 5, 0, _NAN, 0)]),
    ],
)
def test_depth_is_what_was_done_within_a_day(depth: int, events: list[Event]) -> None:
    for order in (events, events[::-1]):
        choices = _one(*order)
        assert choices.depth.tolist() == [depth]
        assert choices.depth.dtype == np.int8


@pytest.mark.parametrize("name", ["complete", "like", "comment", "share", "bookmark", "rsvp"])
def test_every_kind_of_reaction_is_deep(name: str) -> None:
    assert _one(_did("open"), _did(name, SECOND_US)).depth.tolist() == [DEEP]


def _shown(after: int, position: int, employee: int = 3, content: int = 5) -> Event:
    return "impression", employee, content, after, _NAN, position


@pytest.mark.parametrize(
    ("position", "events"),
    [
        (0, []),
        (7, [_shown(-SECOND_US, 7)]),
        (2, [_shown(-2 * DAY_US, 9), _shown(-SECOND_US, 2)]),
        (2, [_shown(-SECOND_US, 2), _shown(-2 * DAY_US, 9)]),  # in whichever order they came in
        (4, [_shown(0, 4)]),  # clocks tick in seconds: shown and opened at once
        (9, [_shown(-SECOND_US, 9), _shown(1, 1)]),
        (9, [_shown(-2 * SECOND_US, 9), _shown(-SECOND_US, 0)]),  # the last known one
        (0, [_shown(-SECOND_US, 3, employee=4), _shown(-SECOND_US, 3, content=6)]),
        (0, [("open", 3, 5, 0, _NAN, 8)]),  # the place of an opening is no showing
    ],
)
def test_position_is_that_of_the_last_showing_before(position: int, events: list[Event]) -> None:
    choices = _one(*events)
    assert choices.position.tolist() == [position]
    assert choices.position.dtype == np.int16


def test_choices_are_described_side_by_side() -> None:
    pairs = [(3, 5), (0, 5), (3, 0), (1, 1)]
    events: list[Event] = [
        ("impression", 3, 0, -5, _NAN, 6),
        ("open", 3, 5, 0, 1.0, 0),
        ("like", 0, 5, 0, _NAN, 0),
        ("open", 3, 0, 0, 80.0, 0),
        ("search", 3, -1, 0, _NAN, 0),  # about no content
        ("open", -1, 5, 0, 1.0, 0),  # of nobody
    ]
    choices = describe_choices(_targets(pairs), _log(events))
    assert len(choices) == 4
    assert choices.depth.tolist() == [BOUNCE, DEEP, MEANINGFUL, MEANINGFUL]
    assert choices.position.tolist() == [0, 0, 6, 0]


@pytest.mark.parametrize("n", [0, 2])
def test_a_log_that_knows_nothing_of_the_targets(n: int) -> None:
    strange: list[Event] = [("like", 9, 9, 0, 3.0, 4), ("impression", 9, 9, -1, _NAN, 4)]
    for events in ([], strange):
        choices = describe_choices(_targets([(1, k) for k in range(n)]), _log(events))
        expected: npt.NDArray[np.int8] = np.full(n, MEANINGFUL, np.int8)
        np.testing.assert_array_equal(choices.depth, expected)
        assert choices.position.tolist() == [0] * n
