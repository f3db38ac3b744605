from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.schema import INTERACTIONS
from recsys.state.readings import COMPLETED_FLAG, REPEAT_WEIGHT, Readings, flag_of

_TYPES = ("impression", "open", "read", "dismiss", "share", "acknowledge")
rows = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 3), st.sampled_from(_TYPES), st.integers(0, 5)
    ),
    max_size=25,
)  # fmt: skip
Row = tuple[int, int, str, int]


def _events(rows: list[Row]) -> EventColumns:
    n = len(rows)
    employee, content, types, at = zip(*rows, strict=True) if rows else ((), (), (), ())
    times = np.array(at, np.int64)
    nothing = np.full(n, np.nan, np.float32)
    unknown = np.full(n, -1, np.int8)
    return EventColumns(
        np.arange(n, dtype=np.uint64), np.array([CODE_OF_TYPE[t] for t in types], np.int8),
        np.array(employee, np.int32), np.array(content, np.int32), np.full(n, -1, np.int32),
        times, times, nothing, nothing, unknown, unknown, np.zeros(n, np.int16), nothing,
        unknown, np.full(n, -1, np.int32),
    )  # fmt: skip


@given(rows)
def test_seen_is_what_was_interacted_with_or_dismissed(rows: list[Row]) -> None:
    readings = Readings()
    events = _events(rows)
    readings.update(events)
    readings.count_impressions(events.take(events.event_type == CODE_OF_TYPE["impression"]))
    seen = {(e, c) for e, c, kind, _ in rows if kind in INTERACTIONS or kind == "dismiss"}
    contents = np.arange(6, dtype=np.int32)
    for employee in range(4):
        expected = [(employee, c) not in seen for c in range(6)]
        assert readings.unseen(employee, contents).tolist() == expected
        shown = [sum(r[:3] == (employee, c, "impression") for r in rows) for c in range(6)]
        assert readings.impressions(employee, contents).tolist() == shown
    assert readings.unseen(-1, contents).all()


@given(rows, st.integers(0, 25))
def test_the_first_contact_adds_one_whatever_the_order(rows: list[Row], cut: int) -> None:
    """Sums by pair and moment are those of the log in time order."""
    readings = Readings()
    sums: dict[tuple[int, int, int], float] = {}
    firsts: dict[tuple[int, int, int], float] = {}
    for part in (rows[:cut], rows[cut:]):
        added = readings.update(_events(part))
        for event, time, weight, first in zip(
            added.event.tolist(), added.time.tolist(), added.weight.tolist(),
            added.first.tolist(), strict=True,
        ):  # fmt: skip
            key = (*part[event][:2], time)
            sums[key] = sums.get(key, 0.0) + weight
            firsts[key] = firsts.get(key, 0.0) + first
    expected: dict[tuple[int, int, int], float] = {}
    met: set[tuple[int, int]] = set()
    for employee, content, kind, time in sorted(rows, key=lambda row: row[3]):
        if kind in INTERACTIONS:
            weight = REPEAT_WEIGHT if (employee, content) in met else 1.0
            met.add((employee, content))
            expected[employee, content, time] = (
                expected.get((employee, content, time), 0.0) + weight
            )
    assert sums == pytest.approx(expected)
    assert sum(firsts.values()) == len(met)
    employees, contents, times = readings.first_interactions()
    assert set(zip(employees.tolist(), contents.tolist(), strict=True)) == met
    for employee, content, time in zip(
        employees.tolist(), contents.tolist(), times.tolist(), strict=True
    ):
        assert time == min(
            t for e, c, kind, t in rows if (e, c) == (employee, content) and kind in INTERACTIONS
        )


def test_a_first_contact_that_arrives_late_takes_the_place_of_the_known_one() -> None:
    for order in permutations([(0, 0, "open", 3), (0, 0, "read", 1), (0, 0, "share", 2)]):
        readings = Readings()
        total = dict.fromkeys((1, 2, 3), 0.0)
        for row in order:
            added = readings.update(_events([row]))
            for time, weight in zip(added.time.tolist(), added.weight.tolist(), strict=True):
                total[time] += weight
        assert total == pytest.approx({1: 1.0, 2: 0.2, 3: 0.2})


def test_what_somebody_did_is_remembered_by_kind() -> None:
    readings = Readings()
    readings.update(_events([(1, 2, "acknowledge", 0), (1, 3, "open", 0)]))
    contents = np.array([3, 2], np.int32)
    assert readings.did(1, contents, "acknowledge").tolist() == [False, True]
    assert not readings.did(0, contents, "acknowledge").any()
    assert not readings.did(-1, contents, "acknowledge").any()


@given(rows, st.lists(st.booleans(), min_size=25, max_size=25))
def test_flags_of_many_are_those_of_each(rows: list[Row], done: list[bool]) -> None:
    readings = Readings()
    readings.update(_events(rows), np.array(done[: len(rows)], np.bool_))
    people = np.arange(4, dtype=np.int32)
    for content in range(5):
        flags = readings.flags(people, content)
        for employee, found in enumerate(flags.tolist()):
            mine = [i for i, row in enumerate(rows) if row[:2] == (employee, content)]
            kinds = {rows[i][2] for i in mine}
            for kind in _TYPES:
                assert bool(found & flag_of(kind)) == (kind in kinds)
            assert bool(found & COMPLETED_FLAG) == any(done[i] for i in mine)


def test_the_share_that_opened_counts_pairs_with_an_impression() -> None:
    readings = Readings()
    assert np.isnan(readings.opened_share())
    kinds = [(0, 0, "impression"), (0, 0, "open"), (1, 0, "impression"), (2, 0, "impression"),
             (2, 0, "dismiss"), (3, 0, "open"), (0, 1, "impression")]  # fmt: skip
    readings.update(_events([(e, c, kind, 0) for e, c, kind in kinds]))
    assert readings.opened_share() == 1 / 4
    assert flag_of() == 0
