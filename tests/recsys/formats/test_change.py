"""A planted change of taste is followed; without one everything ever shown counts."""

import numpy as np
import numpy.typing as npt
import pytest

from recsys.formats.change import RUNS, suspicion, tastes_since

Float = npt.NDArray[np.float64]

_N = 3
_SPREAD = 1.0


def _shown(
    tastes: list[Float], lengths: list[int], seed: int
) -> tuple[npt.NDArray[np.int64], Float, Float]:
    """Return format, offset and outcome of showings under one taste after the other."""
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    form = rng.integers(0, _N, n)
    own = np.concatenate([np.tile(t, (k, 1)) for t, k in zip(tastes, lengths, strict=True)])
    offset = np.full(n, -0.5)
    p = 1 / (1 + np.exp(-offset - own[np.arange(n), form]))
    return form, offset, (rng.random(n) < p).astype(float)


def _restarted(form: npt.NDArray[np.int64], offset: Float, success: Float) -> Float:
    """Return the mode of the posterior of showings under one taste, format by format."""
    grid = np.linspace(-5, 5, 2001)
    found = np.zeros(_N)
    for a in range(_N):
        own = form == a
        p = 1 / (1 + np.exp(-(offset[own][:, None] + grid)))
        log = np.log(np.where(success[own][:, None] > 0, p, 1 - p)).sum(axis=0)
        found[a] = grid[np.argmax(log - grid**2 / (2 * _SPREAD))]
    return found


def _today(
    form: npt.NDArray[np.int64], offset: Float, success: Float
) -> tuple[Float, Float, float]:
    n = len(form)
    one = np.ones(n)
    kept = _restarted(form, offset, success)
    return tastes_since(
        form, one, offset, 0.0 * one, one, success, np.zeros(n, np.int64), np.zeros(_N),
        np.eye(_N) / _SPREAD, kept, np.eye(_N) * 0.05, RUNS,
    )  # fmt: skip


def test_after_a_reversal_only_what_was_shown_since_counts() -> None:
    taste = np.array([2.5, -2.0, 0.0])
    form, offset, success = _shown([taste, -taste], [200, 60], seed=1)
    mean, covariance, unchanged = _today(form, offset, success)
    assert unchanged < 0.01
    assert mean.argmax() == 1
    since = _restarted(form[-60:], offset[-60:], success[-60:])
    np.testing.assert_allclose(mean, since, atol=0.35)
    assert (np.diag(covariance) > 0).all()


def test_without_a_change_nothing_is_forgotten() -> None:
    taste = np.array([1.5, -1.0, 0.0])
    kept_share = [_today(*_shown([taste], [260], seed))[2] for seed in range(20)]
    assert np.median(kept_share) > 0.8


@pytest.mark.parametrize(("reversed_", "suspicious"), [(True, True), (False, False)])
def test_suspicion_tells_the_two_apart(reversed_: bool, suspicious: bool) -> None:
    taste = np.array([2.0, -2.0, 0.0])
    found = []
    for seed in range(30):
        tastes = [taste, -taste if reversed_ else taste]
        form, offset, success = _shown(tastes, [200, 60], seed)
        logit = offset + _restarted(form, offset, success)[form]
        one, stage = np.ones(len(form)), np.zeros(len(form), np.int64)
        found.append(suspicion(form, one, logit, 0 * one, one, success, stage, _N, RUNS))
    assert bool(np.median(found) > 2.5) is suspicious


def test_the_mixture_is_between_its_parts_and_wider() -> None:
    taste = np.array([0.8, -0.5, 0.0])
    form, offset, success = _shown([taste, -taste], [60, 30], seed=3)
    mean, covariance, unchanged = _today(form, offset, success)
    assert 0.0 < unchanged < 1.0
    assert np.linalg.eigvalsh(covariance)[0] > 0
    assert np.isfinite(mean).all()
