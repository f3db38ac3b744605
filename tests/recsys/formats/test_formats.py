import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.answers import FormatPreference
from recsys.catalogue.renditions import Rendition
from recsys.formats.beliefs import format_preference
from recsys.formats.choice import choose_rendition
from recsys.schema import FORMATS

_LIVE = ["video", "illustration", "article"]
_N = len(FORMATS)


def _counts(**counts: int) -> npt.NDArray[np.int64]:
    return np.array([counts.get(name, 0) for name in FORMATS])


def _preference(
    shown: dict[str, int], completed: dict[str, int], declared: str | None = None
) -> FormatPreference:
    company = np.full(_N, 1000), np.full(_N, 250)
    return format_preference((_counts(**shown), _counts(**completed)), company, _LIVE, declared)


def test_an_interval_is_that_of_the_posterior() -> None:
    """Prior strength 20 at the company's (250 + 1) / (1000 + 4), 8 of 10 completed."""
    belief = _preference({"video": 10}, {"video": 8}).formats["video"]
    rate = 251 / 1004
    posterior = stats.beta(20 * rate + 8, 20 * (1 - rate) + 2)
    assert belief.p_complete == pytest.approx(posterior.mean())
    assert belief.interval == pytest.approx(posterior.ppf([0.05, 0.95]))


def test_the_probability_to_be_best_agrees_with_drawing() -> None:
    preference = _preference({"video": 30, "article": 30}, {"video": 14, "article": 9})
    rng, rate = np.random.default_rng(0), 251 / 1004
    done = {"video": (30, 14), "illustration": (0, 0), "article": (30, 9)}
    draws = np.stack(
        [rng.beta(20 * rate + k, 20 * (1 - rate) + n - k, 200_000) for n, k in done.values()]
    )
    best = np.bincount(draws.argmax(axis=0), minlength=3) / 200_000
    found = [preference.formats[name].probability_best for name in done]
    np.testing.assert_allclose(found, best, atol=0.005)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=3, max_size=3))
def test_beliefs_are_probabilities(pairs: list[tuple[int, int]]) -> None:
    shown = {name: max(pair) for name, pair in zip(_LIVE, pairs, strict=True)}
    completed = {name: min(pair) for name, pair in zip(_LIVE, pairs, strict=True)}
    preference = _preference(shown, completed)
    beliefs = preference.formats.values()
    assert sum(b.share for b in beliefs) == pytest.approx(1)
    assert sum(b.probability_best for b in beliefs) == pytest.approx(1)
    for belief in beliefs:
        assert 0 <= belief.interval[0] <= belief.p_complete <= belief.interval[1] <= 1
    assert preference.best is None or preference.formats[preference.best].probability_best >= 0.6


def test_without_showings_there_is_no_best() -> None:
    preference = _preference({}, {})
    assert preference.best is None
    assert {b.source for b in preference.formats.values()} == {"prior"}


def test_what_was_declared_wins() -> None:
    assert _preference({"video": 99}, {"video": 99}, declared="article").best == "article"


@given(st.integers(1, 60), st.integers(0, 2**32))
def test_every_rendition_keeps_its_floor(n: int, seed: int) -> None:
    renditions = [Rendition(f"r{i}", FORMATS[i % _N]) for i in range(n)]
    choice = choose_rendition(renditions, _preference({}, {}), np.random.default_rng(seed))
    assert sum(choice.propensities.values()) == pytest.approx(1)
    assert min(choice.propensities.values()) >= min(0.03, 1 / n) - 1e-12
    assert choice.propensity == choice.propensities[choice.rendition_id]
