"""Rounded sizes: right on the average, equal for equal groups, no brink to probe."""

import numpy as np
import numpy.typing as npt
import pytest

from recsys.reports.rounding import rounded_size


def _members(n: int, total: int = 5_000, seed: int = 0) -> npt.NDArray[np.bool_]:
    mask = np.zeros(total, np.bool_)
    mask[np.random.default_rng(seed).permutation(total)[:n]] = True
    return mask


@pytest.mark.parametrize("n", [0, 10, 20, 4_990])
def test_whole_tens_stay(n: int) -> None:
    assert rounded_size(_members(n)) == n


@pytest.mark.parametrize("n", [13, 19, 96])
def test_others_go_up_or_down_so_that_the_mean_is_right(n: int) -> None:
    found = [rounded_size(_members(n, seed=seed)) for seed in range(2_000)]
    assert set(found) == {n // 10 * 10, n // 10 * 10 + 10}
    # The standard deviation of one is at most 5, of the mean 0.11.
    assert abs(np.mean(found) - n) < 0.45


def test_equal_groups_get_equal_answers_also_in_a_company_that_has_grown() -> None:
    members = _members(57)
    grown = np.append(members, np.zeros(300, np.bool_))
    assert rounded_size(members) == rounded_size(members.copy()) == rounded_size(grown)


def test_one_person_more_at_the_brink_tells_little() -> None:
    """Rounding to the nearest would tell 94 and 95 apart always; the nearest is 90 and 100."""
    n_up = 0
    for seed in range(2_000):
        larger = _members(95, seed=seed)
        smaller = larger.copy()
        smaller[np.random.default_rng(seed).choice(np.flatnonzero(larger))] = False
        n_up += rounded_size(larger) > rounded_size(smaller)
    # As for groups that have nothing in common: 0.6 for 90 and 0.5 for 100.
    assert n_up / 2_000 == pytest.approx(0.6 * 0.5, abs=0.05)
