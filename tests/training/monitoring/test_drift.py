"""Population stability against formulas, oracles and chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from training.monitoring.drift import Rows, drift_of, holm, psi, rows_of

COUNTS = st.lists(st.integers(0, 500), min_size=4, max_size=4)


def test_psi_worked_by_hand() -> None:
    # With half a count more, 11 : 30 against 20 : 21 of 41 each.
    p, q = np.array([11, 30]) / 41, np.array([20, 21]) / 41
    by_hand = (p[0] - q[0]) * np.log(p[0] / q[0]) + (p[1] - q[1]) * np.log(p[1] / q[1])
    assert psi(np.array([10.5, 29.5]), np.array([19.5, 20.5])) == pytest.approx(by_hand)


@given(COUNTS, COUNTS)
def test_psi_is_the_symmetric_divergence(now: list[int], before: list[int]) -> None:
    p, q = np.array(now) + 0.5, np.array(before) + 0.5
    p, q = p / p.sum(), q / q.sum()
    found = psi(np.array(now, float), np.array(before, float))
    assert found == pytest.approx(float((rel_entr(p, q) + rel_entr(q, p)).sum()), abs=1e-12)
    assert found >= 0
    assert found == pytest.approx(psi(np.array(before, float), np.array(now, float)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_step_by_step(p_values: list[float]) -> None:
    found, largest = holm(np.array(p_values)), 0.0
    for n_before, place in enumerate(np.argsort(p_values).tolist()):
        largest = max(largest, min(1.0, p_values[place] * (len(p_values) - n_before)))
        assert found[place] == pytest.approx(largest)


def test_rows_are_employees_and_days() -> None:
    employee, week, day = np.array([7, 7, 7, 8]), np.array([1, 1, 0, -1]), np.array([2, 2, 6, 0])
    rows = rows_of(employee, week, day, np.array([0, 1, 1, 1]), 2)
    assert rows.employee.tolist() == [7, 7]
    assert rows.week.tolist() == [0, 1]
    assert rows.day.tolist() == [6, 2]
    assert rows.counts.tolist() == [[0, 1], [1, 1]]


def company(rng: np.random.Generator, people: int, *, moved: float = 0.0) -> Rows:
    """Two categories; everybody has an own share of the first, and every day one for all."""
    own, n_weeks = rng.beta(4, 4, people), 7
    employee, week, day = (a.ravel() for a in np.indices((people, n_weeks, 7)))
    tilt = rng.normal(0, 0.3, (n_weeks, 7))[week, day] + moved * (week == 0)
    p = 1 / (1 + np.exp(-np.log(own / (1 - own))[employee] - tilt))
    n = rng.poisson(3.0, len(p))
    first = rng.binomial(n, p)
    return Rows(employee, week, day, np.stack([first, n - first], axis=1).astype(float))


@pytest.mark.parametrize(("people", "least_found"), [(12, 28), (60, 36)])
def test_healthy_weeks_stay_below_the_bound_and_moved_ones_do_not(
    people: int, least_found: int
) -> None:
    rng = np.random.default_rng(1)
    n_above, n_found = 0, 0
    for _ in range(40):
        healthy = drift_of(company(rng, people), 6, rng)
        moved = drift_of(company(rng, people, moved=1.5), 6, rng)
        assert healthy is not None
        assert moved is not None
        n_above += healthy.psi > healthy.high
        n_found += moved.psi > moved.high
    assert n_above == 0
    assert n_found >= least_found


def test_a_trend_that_goes_on_is_no_drift() -> None:
    rng = np.random.default_rng(2)
    employee, week, day = (a.ravel() for a in np.indices((80, 7, 7)))
    p = 1 / (1 + np.exp(-0.25 * (6.0 - week)))
    first = rng.binomial(20, p)
    rows = Rows(employee, week, day, np.stack([first, 20 - first], axis=1).astype(float))
    found = drift_of(rows, 6, rng)
    assert found is not None
    assert found.psi > 0.1
    assert found.psi < found.high


def test_nothing_to_compare_is_no_drift() -> None:
    none = np.zeros(0, np.int64)
    empty = Rows(none, none, none, np.zeros((0, 2)))
    assert drift_of(empty, 6, np.random.default_rng(0)) is None
