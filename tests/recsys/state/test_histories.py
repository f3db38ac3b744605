"""Histories keep the latest marks of each employee, whatever the order of arrival."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.state.histories import KEPT, Histories
from recsys.state.marks import MARK, ORDER, Marks
from recsys.times import DAY_US, HOUR_US

Employees = npt.NDArray[np.int32]


def _drawn(n: int, n_employees: int, seed: int) -> tuple[Employees, Marks]:
    rng = np.random.default_rng(seed)
    marks = np.zeros(n, MARK)
    marks["at"] = rng.integers(0, 10**6, n)
    marks["content"] = rng.integers(0, 20, n)
    marks["form"] = rng.integers(0, 4, n)
    marks["kind"] = rng.choice([1, 1, 2, 6], n)
    marks["position"], marks["device"] = rng.integers(0, 9, n), rng.integers(-1, 3, n)
    marks["propensity"] = rng.choice([0.0, 0.5, 0.9], n)
    return rng.integers(0, n_employees, n).astype(np.int32), marks


def _kept(employees: Employees, marks: Marks, parts: list[npt.NDArray[np.intp]]) -> Histories:
    histories = Histories()
    for part in parts:
        histories.keep(employees[part], marks[part])
    return histories


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_what_is_kept_depends_on_the_set_only(seed: int, n_parts: int) -> None:
    employees, marks = _drawn(1500, 4, seed % 5)
    order = np.random.default_rng(seed).permutation(1500)
    found = _kept(employees, marks, np.array_split(order, n_parts))
    for employee in range(4):
        own = np.sort(marks[employees == employee], order=list(ORDER))
        np.testing.assert_array_equal(found.marks(employee), own[-KEPT:])


def test_no_more_than_the_latest_are_kept() -> None:
    employees, marks = _drawn(3 * KEPT, 1, 0)
    found = _kept(employees, marks, [np.arange(len(marks))])
    assert len(found.marks(0)) == KEPT
    assert found.marks(0)["at"].min() >= np.sort(marks["at"])[-KEPT]


def test_a_snapshot_restores_and_goes_on() -> None:
    employees, marks = _drawn(4000, 9, 1)
    halves = np.array_split(np.arange(4000), 2)
    whole = _kept(employees, marks, halves)
    first = _kept(employees, marks, halves[:1])
    restored = Histories()
    restored.restore(first.arrays())
    restored.keep(employees[halves[1]], marks[halves[1]])
    for employee in range(9):
        np.testing.assert_array_equal(restored.marks(employee), whole.marks(employee))
    np.testing.assert_array_equal(restored.everybody().at, whole.everybody().at)


@pytest.mark.parametrize("employee", [-1, 3, 10_000])
def test_somebody_unknown_has_no_history(employee: int) -> None:
    employees, marks = _drawn(100, 3, 2)
    found = _kept(employees, marks, [np.arange(100)])
    assert len(found.marks(employee)) == 0
    assert len(found.of(employee)) == 0


def test_a_number_tells_that_somebody_was_heard_of() -> None:
    employees, marks = _drawn(100, 3, 3)
    found = _kept(employees, marks, [np.arange(100)])
    before = [found.n_added(e) for e in range(3)]
    found.keep(np.array([1], np.int32), marks[:1])
    assert [found.n_added(e) - b for e, b in enumerate(before)] == [0, 1, 0]


@given(st.integers(0, 2**32), st.integers(-12, 14))
def test_active_days_and_hours_are_those_of_the_marks(seed: int, zone: int) -> None:
    rng = np.random.default_rng(seed)
    marks = np.zeros(60, MARK)
    marks["at"] = rng.integers(10 * DAY_US, 16 * DAY_US, 60)
    employees = rng.integers(0, 3, 60).astype(np.int32)
    histories = Histories()
    histories.keep(employees, marks)
    since, until, shift = 11 * DAY_US, 15 * DAY_US, zone * HOUR_US
    who = np.array([2, 0, 7, -1], np.int32)
    days, hours = histories.active(who, np.full(4, since), until, np.full(4, shift))
    for employee, n, mask in zip(who.tolist(), days.tolist(), hours.tolist(), strict=True):
        own = [
            int(at) + shift
            for at in marks["at"][employees == employee]
            if since <= at < until
        ]  # fmt: skip
        assert n == len({at // DAY_US for at in own})
        assert mask == sum(1 << hour for hour in {at // HOUR_US % 24 for at in own})


def test_what_is_forgotten_is_known() -> None:
    employees, marks = _drawn(2 * KEPT, 1, 0)
    found = _kept(employees, marks, [np.arange(len(marks))])
    found.keep(np.array([1], np.int32), marks[:1])
    oldest = found.oldest(np.array([0, 1, 5, -1], np.int32))
    assert oldest.tolist() == [found.marks(0)["at"][0], 0, 0, 0]
