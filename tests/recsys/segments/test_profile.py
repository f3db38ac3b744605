"""One person's profile against a general optimiser; what is unknown stays in the middle."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from recsys.schema import FORMAT_FAMILIES, FORMATS
from recsys.segments.axes import AXES, N_AXES, Float, Index
from recsys.segments.expectation import POSITION, fit_expectation
from recsys.segments.fitting import starts_of
from recsys.segments.profile import HALF_LIFE_US, Profiles, Yardstick, read_profiles
from recsys.state.showings import Showings

if TYPE_CHECKING:
    from tests.recsys.segments.conftest import Planted


@pytest.fixture(scope="module")
def yardstick(planted: "Planted") -> Yardstick:
    root = np.random.default_rng(1).normal(size=(N_AXES, N_AXES))
    expectation = fit_expectation(planted.showings, planted.seconds)
    return Yardstick(
        expectation, np.linspace(-0.2, 0.2, N_AXES), root @ root.T + 2 * np.eye(N_AXES)
    )


def read(
    planted: "Planted", shown: Showings, yardstick: Yardstick, at: int | None = None,
    starts: Index | None = None,
) -> Profiles:  # fmt: skip
    short = yardstick.expectation.shortness(planted.seconds[shown.content, shown.form])
    runs = starts_of(shown) if starts is None else starts
    return read_profiles(shown, runs, short, yardstick, planted.at if at is None else at)


def log_posterior(theta: Float, planted: "Planted", shown: Showings, yardstick: Yardstick) -> float:
    """Return it as it is written down, one yes or no after the other."""
    expectation, total = yardstick.expectation, 0.0
    families = {f: family for family, forms in FORMAT_FAMILIES.items() for f in forms}
    own = dict(zip(AXES, theta + yardstick.centre, strict=True))
    for i in range(len(shown)):
        form = int(shown.form[i])
        short = float(expectation.shortness(planted.seconds[shown.content[i], form][None])[0])
        bucket = int(np.searchsorted([1, 2, 3, 5, 9], shown.position[i]))
        usual = []
        for c in expectation.coefficients:
            usual.append(c[0] + c[1 + form] + c[1 + len(FORMATS)] * short)
            usual[-1] += c[POSITION + bucket - 1] if bucket else 0.0
        taste = own[families[FORMATS[form]]]
        weight = 2.0 ** (-(planted.at - shown.at[i]) / HALF_LIFE_US)
        told = [
            (usual[0] + own["interest"] + 0.5 * (own["time_cost"] * short + taste), shown.opened[i])
        ]
        if shown.opened[i]:
            ends = usual[1] + own["depth"] + own["time_cost"] * short + taste
            told += [
                (ends, shown.completed[i]),
                (expectation.deep_logit + own["depth"], shown.deep[i]),
            ]
        total -= weight * sum(np.logaddexp(0.0, -x if yes else x) for x, yes in told)
    return float(total - theta @ yardstick.precision @ theta / 2)


@pytest.mark.parametrize("person", [1, 3])
def test_the_profile_is_the_mode(planted: "Planted", yardstick: Yardstick, person: int) -> None:
    shown = planted.showings.take(planted.showings.employee == person).take(slice(0, 80))
    best = mode(planted, shown, yardstick)
    found = read(planted, shown, yardstick)
    np.testing.assert_allclose(found.mean[0], best.x, atol=2e-3)
    np.testing.assert_allclose(np.linalg.inv(found.precision[0]), best.hess_inv, atol=0.05)


@pytest.mark.parametrize("does", [True, False])
def test_so_it_is_for_whoever_does_everything_or_nothing(planted: "Planted", does: bool) -> None:
    """Where a full Newton step would go far beyond: hardly anybody else opens anything."""
    rare = replace(
        planted.showings, opened=planted.showings.opened & (planted.showings.at % 40 == 0)
    )
    plain = Yardstick(
        fit_expectation(rare, planted.seconds), np.zeros(N_AXES), 0.3 * np.eye(N_AXES)
    )
    always = np.full(80, does)
    shown = replace(
        planted.showings.take(slice(0, 80)), opened=always, completed=always, deep=always
    )
    best = mode(planted, shown, plain)
    np.testing.assert_allclose(read(planted, shown, plain).mean[0], best.x, atol=5e-3)


def mode(planted: "Planted", shown: Showings, yardstick: Yardstick) -> optimize.OptimizeResult:
    return optimize.minimize(
        lambda theta: -log_posterior(theta, planted, shown, yardstick), np.zeros(N_AXES)
    )


def test_who_was_shown_nothing_is_in_the_middle(planted: "Planted", yardstick: Yardstick) -> None:
    none = planted.showings.take(slice(0, 0))
    found = read(planted, none, yardstick, starts=np.array([0, 0]))
    assert found.mean[0] == pytest.approx(0)
    assert found.n_showings[0] == 0
    np.testing.assert_allclose(found.precision[0], yardstick.precision)
    later = read(planted, planted.showings, yardstick, at=0)
    assert later.mean == pytest.approx(0)


def test_few_showings_lie_nearer_the_middle(planted: "Planted") -> None:
    expectation = fit_expectation(planted.showings, planted.seconds)
    plain = Yardstick(expectation, np.zeros(N_AXES), 4 * np.eye(N_AXES))
    place = np.arange(len(planted.showings)) % 250  # among the showings of each person
    found = [
        (read(planted, planted.showings.take(place < n), plain).mean ** 2).sum(axis=1).mean()
        for n in (3, 15, 60, 250)
    ]
    assert found == sorted(found)
    assert found[0] < found[-1] / 5


def test_old_showings_count_half(planted: "Planted", yardstick: Yardstick) -> None:
    shown = planted.showings.take(slice(0, 250))
    moved = read(planted, replace(shown, at=shown.at - HALF_LIFE_US), yardstick)
    now = read(planted, shown, yardstick)
    assert moved.n_showings[0] == pytest.approx(now.n_showings[0] / 2)
    later = read(planted, shown, yardstick, at=planted.at + HALF_LIFE_US)
    np.testing.assert_allclose(later.mean, moved.mean)


def test_an_axis_nothing_was_said_about_follows_the_prior_only(planted: "Planted") -> None:
    """With independent axes, whoever opens nothing tells nothing of depth."""
    expectation = fit_expectation(planted.showings, planted.seconds)
    plain = Yardstick(expectation, np.zeros(N_AXES), np.eye(N_AXES))
    shown = planted.showings.take(slice(0, 250))
    never = np.zeros(250, np.bool_)
    found = read(planted, replace(shown, opened=never, completed=never, deep=never), plain)
    assert found.mean[0, AXES.index("depth")] == 0
    assert found.mean[0, AXES.index("interest")] < -0.5


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_people_do_not_touch_each_other(planted: "Planted", seed: int) -> None:
    expectation = fit_expectation(planted.showings.take(slice(0, 2_000)), planted.seconds)
    plain = Yardstick(expectation, np.zeros(N_AXES), 3 * np.eye(N_AXES))
    rng = np.random.default_rng(seed)
    some = np.sort(rng.choice(len(planted.showings), 60, replace=False))
    shown = planted.showings.take(some)
    together = read(planted, shown, plain)
    for row, person in enumerate(np.unique(shown.employee)):
        alone = read(planted, shown.take(shown.employee == person), plain)
        np.testing.assert_array_equal(alone.mean[0], together.mean[row])
