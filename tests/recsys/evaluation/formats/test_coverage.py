from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from recsys.evaluation.formats.coverage import (
    Coverage,
    CoverageJudge,
    central_share,
    count_distribution,
)
from recsys.evaluation.formats.walk import FormatTest, prepare_formats, walk
from recsys.formats.people import Person

if TYPE_CHECKING:
    from tests.recsys.evaluation.conftest import Randomised

Float = npt.NDArray[np.float64]


def test_equal_trials_are_binomial_and_draws_mix() -> None:
    p = np.array([[0.2] * 7, [0.6] * 7])
    binomial = [stats.binom.pmf(np.arange(8), 7, chance) for chance in (0.2, 0.6)]
    np.testing.assert_allclose(count_distribution(p[:1]), binomial[0])
    np.testing.assert_allclose(count_distribution(p), np.mean(binomial, axis=0))


def test_unequal_trials_by_hand() -> None:
    found = count_distribution(np.array([[0.5, 0.1]]))
    np.testing.assert_allclose(found, [0.5 * 0.9, 0.5 * 0.9 + 0.5 * 0.1, 0.5 * 0.1])


@given(hnp.arrays(np.float64, (3, 12), elements=st.floats(0.0, 1.0)))
def test_a_right_distribution_is_held_to_exactly_ninety_percent(p: Float) -> None:
    distribution = count_distribution(p)
    assert distribution.sum() == pytest.approx(1)
    assert distribution @ np.arange(13) == pytest.approx(p.sum(axis=1).mean())
    shares = [central_share(distribution, count) for count in range(13)]
    assert distribution @ shares == pytest.approx(0.9, abs=1e-6)
    assert all(0 <= share <= 1 for share in shares)


def test_shares_by_hand() -> None:
    """Stretches (0, 0.04), (0.04, 0.54), (0.54, 1): the ends at 0.05 and 0.95 cut two of them."""
    distribution = np.array([0.04, 0.5, 0.46])
    shares = [central_share(distribution, count) for count in range(3)]
    assert shares == pytest.approx([0.0, 0.49 / 0.5, 0.41 / 0.46])


def test_impossible_counts_are_out() -> None:
    assert central_share(np.array([1.0, 0.0]), 1) == 0.0


def _coverage(test: FormatTest) -> Coverage:
    judge = CoverageJudge(test, seed=1)
    walk(test, [judge])
    return judge.coverage(np.random.default_rng(0))


@pytest.mark.slow
def test_intervals_hold_and_those_believed_too_firmly_do_not(
    randomised: "Randomised", monkeypatch: pytest.MonkeyPatch
) -> None:
    """After six days nobody is known well; who ignores that is wrong about many."""
    since = randomised.split - timedelta(days=10)
    world = randomised.dataset()
    test = prepare_formats(world, train_until=since, until=randomised.end)
    found = _coverage(test)
    assert found.n_employees == 80
    assert found.n_counts == 160
    # Counts of one person go together: 0.08 is two and a half standard errors.
    assert found.held.value[0] == pytest.approx(0.9, abs=0.08)
    assert found.held.low[0] < found.held.value[0] < found.held.high[0]

    firm = prepare_formats(world, train_until=since, until=randomised.end)
    person = firm.tastes.person

    def certain(employee: int, at: int) -> Person:
        believed = person(employee, at)
        return replace(believed, covariance=np.zeros_like(believed.covariance))

    monkeypatch.setattr(firm.tastes, "person", certain)
    assert _coverage(firm).held.value[0] < found.held.value[0] - 0.1


def test_nothing_counted_is_unknown(randomised: "Randomised") -> None:
    test = prepare_formats(randomised.dataset(), train_until=randomised.split, until=randomised.end)
    found = CoverageJudge(test, seed=1).coverage(np.random.default_rng(0))
    assert found.n_counts == found.n_employees == 0
    assert np.isnan(found.held.value).all()
