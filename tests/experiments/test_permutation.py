"""The randomisation test against going through all assignments row by row."""

from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.moments import Rows
from experiments.permutation import permute

Float = npt.NDArray[np.float64]


def _rows(
    seed: int, n_teams: int, n_treated: int, is_ratio: bool = False, n_strata: int = 1
) -> Rows:  # fmt: skip
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(n_teams), rng.integers(1, 12, n_teams))
    stratum = team % n_strata
    treated = np.concatenate([
        rng.permutation(np.arange(s, n_teams, n_strata))[:n_treated] for s in range(n_strata)
    ])  # fmt: skip
    is_treated = np.isin(team, treated)
    den: Float = np.ones(len(team))
    if is_ratio:
        den += rng.poisson(2, len(team))
    num = rng.normal(size=len(team)) + 0.5 * rng.normal(size=n_teams)[team] + 0.4 * is_treated
    return Rows(
        num, den, np.zeros(len(team)), is_treated, team, stratum if n_strata > 1 else None,
        ("", "") if n_strata > 1 else (),
    )  # fmt: skip


def _difference(rows: Rows, outcome: Float, treated: npt.NDArray[np.bool_]) -> float:
    """Return the effect, row by row."""
    stratum = np.zeros(len(outcome), int) if rows.stratum is None else rows.stratum
    found = 0.0
    for s in np.unique(stratum):
        inside = stratum == s
        arms = [outcome[inside & (treated == side)].sum() for side in (False, True)]
        sizes = [rows.denominator[inside & (treated == side)].sum() for side in (False, True)]
        found += inside.mean() * (arms[1] / sizes[1] - arms[0] / sizes[0])
    return found


def _assignments(rows: Rows) -> list[npt.NDArray[np.bool_]]:
    assert rows.cluster is not None
    stratum = np.zeros(len(rows.numerator), int) if rows.stratum is None else rows.stratum
    choices = []
    for s in np.unique(stratum):
        inside = stratum == s
        teams = np.unique(rows.cluster[inside])
        n_treated = len(np.unique(rows.cluster[inside & rows.is_treated]))
        choices.append(list(combinations(teams.tolist(), n_treated)))
    return [np.isin(rows.cluster, np.concatenate(pick)) for pick in product(*choices)]


def _p_value(rows: Rows, tau: float) -> float:
    """Return the share of assignments at least as far from ``tau`` as the observed one."""
    outcome = rows.numerator - tau * rows.is_treated * rows.denominator
    observed = abs(_difference(rows, outcome, rows.is_treated)) - 1e-10
    return float(
        np.mean([abs(_difference(rows, outcome, a)) >= observed for a in _assignments(rows)])
    )


@pytest.mark.parametrize("is_ratio", [False, True])
@pytest.mark.parametrize(("n_teams", "n_treated"), [(8, 4), (9, 4), (8, 5)])
def test_all_assignments(n_teams: int, n_treated: int, is_ratio: bool) -> None:
    rows = _rows(n_teams + n_treated, n_teams, n_treated, is_ratio)
    found = permute(rows.totals())
    assert found.p_value == pytest.approx(_p_value(rows, 0.0), abs=1e-12)
    # Inside the interval p is above 5 %, outside it is not.
    low, high = found.interval()
    for end, inwards in ((low, 1e-6), (high, -1e-6)):
        assert _p_value(rows, end + inwards) > 0.05
        assert _p_value(rows, end - inwards) <= 0.05


def test_drawn_within_strata() -> None:
    rows = _rows(3, 12, 3, n_strata=2)  # 400 assignments
    found = permute(rows.totals())
    assert found.p_value == pytest.approx(_p_value(rows, 0.0), abs=0.004)
    low, high = found.interval()
    assert _p_value(rows, low) == pytest.approx(0.05, abs=0.01)
    assert _p_value(rows, high) == pytest.approx(0.05, abs=0.01)
    assert permute(rows.totals()).p_value == found.p_value


def test_drawn_and_listed_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows(5, 14, 6)
    listed = permute(rows.totals())
    monkeypatch.setattr("experiments.permutation.MAX_ASSIGNMENTS", 10)
    drawn = permute(rows.totals())
    assert drawn.p_value == pytest.approx(listed.p_value, abs=0.005)
    assert drawn.interval() == pytest.approx(listed.interval(), rel=0.02)


def test_thousands_of_clusters_are_drawn_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows(6, 60, 30)
    whole = permute(rows.totals())
    monkeypatch.setattr("experiments.permutation._BLOCK", 60 * 300)
    blocks = permute(rows.totals())
    assert blocks.p_value == pytest.approx(whole.p_value, abs=0.04)
    assert blocks.interval() == pytest.approx(whole.interval(), rel=0.15)


def test_no_interval_where_no_assignment_could_reject() -> None:
    rows = _rows(1, 8, 4)
    assert permute(rows.totals()).interval(0.01) == (-np.inf, np.inf)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(-5, 5), st.floats(0.1, 10), st.booleans())
def test_shift_scale_and_effect(seed: int, shift: float, scale: float, is_ratio: bool) -> None:
    rows = _rows(seed, 9, 4, is_ratio)
    found = permute(rows.totals())
    outcome = scale * rows.numerator + shift * rows.denominator
    moved = permute(
        Rows(outcome, rows.denominator, rows.covariate, rows.is_treated, rows.cluster).totals()
    )
    assert moved.p_value == found.p_value
    assert moved.interval() == pytest.approx([scale * e for e in found.interval()], rel=1e-6)
    # p is at most 5 % exactly where the interval excludes no effect.
    low, high = found.interval()
    assert (found.p_value <= 0.05) == (not low <= 0 <= high)
    # An effect added to the treated moves the interval with it.
    added = rows.numerator + 2.5 * rows.is_treated * rows.denominator
    more = permute(
        Rows(added, rows.denominator, rows.covariate, rows.is_treated, rows.cluster).totals()
    )
    assert more.interval() == pytest.approx([low + 2.5, high + 2.5], rel=1e-6, abs=1e-6)


def test_an_arm_without_denominator_counts_as_extreme() -> None:
    """Four of nine teams have nothing to divide by; one assignment puts them all together."""
    team = np.arange(9)
    den = np.where(team < 4, 0.0, 2.0)
    num = np.where(team < 4, 0.0, 0.1 * team)
    treated = np.isin(team, [0, 1, 7, 8])
    found = permute(Rows(num, den, 0 * num, treated, team).totals())
    ratios = [
        abs(num[a].sum() / den[a].sum() - num[~a].sum() / den[~a].sum()) if den[a].any() else np.inf
        for a in (np.isin(team, pick) for pick in combinations(range(9), 4))
    ]
    observed = abs(1.5 / 4 - 1.5 / 6)
    assert found.p_value == pytest.approx(np.mean(np.array(ratios) >= observed - 1e-12))


def test_a_covariate_is_taken_off() -> None:
    rows = _rows(2, 9, 4)
    x = np.random.default_rng(1).normal(size=len(rows.numerator))
    with_x = Rows(rows.numerator, rows.denominator, x, rows.is_treated, rows.cluster)
    less_x = Rows(rows.numerator - 0.7 * x, rows.denominator, 0 * x, rows.is_treated, rows.cluster)
    assert permute(with_x.totals(), 0.7).p_value == permute(less_x.totals()).p_value
    assert permute(with_x.totals(), 0.7).interval() == pytest.approx(
        permute(less_x.totals()).interval()
    )
